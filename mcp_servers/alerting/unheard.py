"""Alerts that no channel takes: why nobody is told of them, and what to do about it."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal

from core.sentences import Said, Sentences
from core.storage.alert_records import ChannelRow, EpisodeRow, StepRow, channels_of

if TYPE_CHECKING:
    from core.storage.kept_alerts import AlertTables

WORDS = Sentences("mcp_servers.alerting", "unheard")
Why = Literal["no_channels", "channels_off", "route_names_none"]
# Steps that tell somebody, or would.
TELLING = frozenset({"route", "tell", "escalate"})
NOBODY = "nobody"


def outcome_of(
    wanted: Iterable[str], channels: Sequence[ChannelRow]
) -> tuple[list[str], str, dict[str, str]]:
    """The names of the channels that are told, the outcome of the step, and why where it is nobody."""
    names = [one.name for one in channels_of(wanted, channels)]
    return (names, "queued", {}) if names else ([], NOBODY, {"why": why_nobody(channels)})


def why_nobody(channels: Sequence[ChannelRow]) -> Why:
    if not channels:
        return "no_channels"
    return "route_names_none" if any(one.enabled for one in channels) else "channels_off"


def of_alert(row: EpisodeRow, steps: Sequence[StepRow]) -> Said:
    """Nothing where somebody was told, or something else kept it quiet last."""
    if row.told_status:
        return Said()
    telling = [one for one in steps if one.step in TELLING]
    if not telling or telling[-1].outcome != NOBODY:
        return Said()
    why = str(telling[-1].detail.get("why") or "no_channels")
    return WORDS.said(f"alert_{why}", route=str(telling[-1].detail.get("route", "")))


async def lost(tables: "AlertTables", rows: Sequence[EpisodeRow]) -> dict[str, StepRow]:
    """Of those that fire untold, by id, the step in which nobody was found to be told."""
    quiet = [one.id for one in rows if one.status == "firing" and not one.told_status]
    last: dict[str, StepRow] = {}
    for step in await tables.alerts.steps_of(quiet) if quiet else ():
        if step.step in TELLING:
            last[step.alert_id] = step
    return {key: step for key, step in last.items() if step.outcome == NOBODY}


async def lost_in_sight(
    tables: "AlertTables", in_sight: Callable[[dict[str, Any]], bool]
) -> list[str]:
    """Every alert that fires without anybody having been told, of those whose labels may be seen."""
    found = await tables.alerts.lost(steps=TELLING, outcome=NOBODY)
    return [key for key, labels in found.items() if in_sight(labels)]


async def of_alerts(tables: "AlertTables", untold: int) -> Said:
    """What to say of so many that fire without anybody having been told.

    Where there is no channel that is said whether anything fires or not.
    """
    why = why_nobody(await tables.channels.all())
    if why == "route_names_none" and not untold:
        return Said()
    return WORDS.said(f"alerts_{why}", count=untold)
