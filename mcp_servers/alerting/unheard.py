"""Alerts that no channel takes: why nobody is told of them, and what to do about it."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Literal

from core.sentences import Said, Sentences
from core.storage.alert_records import ChannelRow, EpisodeRow, StepRow, channels_of

if TYPE_CHECKING:
    from core.storage.kept_alerts import AlertTables

WORDS = Sentences("mcp_servers.alerting", "unheard")
Why = Literal["no_channels", "channels_off", "route_names_none"]
# Steps that tell somebody, or would.
TELLING = frozenset({"route", "tell", "escalate"})
NOBODY = "nobody"
# Of so many that fire and were not told it is looked up why.
LOOKED_UP = 200


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


async def of_alerts(tables: "AlertTables", rows: Sequence[EpisodeRow]) -> tuple[int, Said]:
    """How many of these fire without anybody having been told, and what to say of it.

    Where there is no channel that is said whether anything fires or not.
    """
    channels = await tables.channels.all()
    quiet = [one for one in rows if one.status == "firing" and not one.told_status]
    untold = len(await lost(tables, quiet[:LOOKED_UP]))
    why = why_nobody(channels)
    if why == "route_names_none" and not untold:
        return 0, Said()
    return untold, WORDS.said(f"alerts_{why}", count=untold)
