"""budgets_check: days written down, thresholds noticed, and each told once, until a channel took it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.storage.alert_records import ChannelRow, DeliveryRow, channels_of
from core.storage.budget_records import MarkRow
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.budgets.budget_state import (
    IN_SHADOW,
    Standing,
    Told,
    flag_of,
    scope_of,
    sent_state,
    standing,
    today_of,
    told_of,
)
from mcp_servers.budgets.episodes import tell_changes
from mcp_servers.budgets.gathering import Purse
from mcp_servers.budgets.spend import money
from mcp_servers.budgets.spend_days import write_days
from mcp_servers.budgets.texts import sentence
from mcp_servers.engines.budgets import crossed, due, share_of
from mcp_servers.facts.budgets import PeriodEnd
from mcp_servers.facts.budgets import Told as Crossing
from mcp_servers.facts.notices import Telling, ToldAlert

if TYPE_CHECKING:
    from core.storage.kept_alerts import AlertTables

# Each day is a query for 24 hours of all containers; a server of metrics has other guests.
DAYS_AT_ONCE = 3
# What no channel took is tried again with fresh messages, not at every check.
AGAIN_AFTER = timedelta(hours=1)


class Checked(BaseModel):
    budgets: int
    told: int = Field(description="Messages that were put into the outbox.")
    days_missing: int = Field(description="Check again now: so many can still be written down.")

    def as_text(self) -> str:
        return f"{self.budgets} budgets checked, {self.told} messages, {self.days_missing} days missing"


async def budgets_check(*, purse: Purse, desk: Desk) -> Checked:
    """Measure all budgets and tell what is crossed. Run by the jobs; safe in several processes."""
    async with desk.session() as tables:
        rows = await tables.budgets.all()
    if not rows:
        return Checked(budgets=0, told=0, days_missing=0)
    missing = await write_days(purse, desk, utc_now().date(), most=DAYS_AT_ONCE)
    today, messages = await today_of(purse), 0
    # While earlier days are being written down, what is known grows by itself: that is no news.
    measured = [await standing(row, today, purse, desk) for row in (() if missing else rows)]
    for one in measured:
        told = await told_of(one, desk)
        messages += await _tell(one, told, desk, today.now)
        messages += await _tell_again(one, told, desk, today.now)
    messages += await tell_changes(measured, purse, desk)
    return Checked(budgets=len(rows), told=messages, days_missing=missing)


async def _tell(one: Standing, told: Told, desk: Desk, now: datetime) -> int:
    """Whoever writes a threshold's row first puts its messages, in the same transaction."""
    if not one.start <= one.today < one.end:
        return 0
    ends, foresight = _ends(one), await flag_of(desk, "budget_forecasts", one.row)
    found = crossed(
        one.budget,
        one.start,
        actual=one.days.spent,
        forecast=() if foresight == "off" else ends,
    )
    news = due(found, [_crossing(mark) for mark in told.marks])
    messages = 0
    async with desk.session() as tables:
        for crossing in news.record:
            channels = channels_of(map(str, one.row.channels), told.channels)
            rows = _messages(one, crossing, channels, desk.public_url, now)
            is_told = crossing in news.tell
            tries = int(is_told)
            if is_told and crossing.kind == "forecast" and foresight != "on":
                is_told, tries = False, IN_SHADOW
            mark = _mark(one, crossing, now, rows if is_told else [], tries=tries)
            if await tables.budgets.mark(mark) and is_told:
                await tables.outbox.put(rows)
                messages += len(rows)
        await tables.budgets.foretold(one.row.name, one.row.version, _remembered(one))
    return messages


async def _tell_again(one: Standing, told: Told, desk: Desk, now: datetime) -> int:
    """What reached nobody: no channel then, or each that was tried gave it back."""
    channels = channels_of(map(str, one.row.channels), told.channels)
    messages = 0
    for mark in told.marks:
        if sent_state(mark, told) not in ("nobody", "failed") or not channels:
            continue
        tried = [told.deliveries[one].created_at for one in mark.deliveries]
        if tried and now - max(tried) < AGAIN_AFTER:
            continue
        rows = _messages(one, _crossing(mark), channels, desk.public_url, now, mark.tries + 1)
        async with desk.session() as tables:
            messages += await _put_again(tables, mark, rows)
    return messages


async def _put_again(tables: "AlertTables", mark: MarkRow, rows: Sequence[DeliveryRow]) -> int:
    if not await tables.budgets.tell_again(mark, [one.id for one in rows]):
        return 0
    await tables.outbox.put(rows)
    return len(rows)


def _ends(one: Standing) -> list[PeriodEnd]:
    """What the day before foretold, if it did, and what is foretold now."""
    kept = one.row.end_foretold
    before = kept.get("before") if kept.get("day") == str(one.today) else kept
    ends = [one.foretold] if one.foretold else []
    if not before or before.get("start") != str(one.start):
        return ends
    return [PeriodEnd(0.0, before["mean"], before["lower"], before["upper"], 0, 0), *ends]


def _remembered(one: Standing) -> dict[str, object]:
    """Today's, and the one of the last day that had another."""
    kept = one.row.end_foretold
    before = kept.get("before") if kept.get("day") == str(one.today) else kept
    if one.foretold is None:
        return kept
    end = one.foretold
    now = {"day": str(one.today), "start": str(one.start), "mean": end.mean}
    return {
        **now,
        "lower": end.lower,
        "upper": end.upper,
        "before": {k: v for k, v in (before or {}).items() if k != "before"} or None,
    }


def _crossing(mark: MarkRow) -> Crossing:
    kind = "actual" if mark.kind == "actual" else "forecast"
    return Crossing(mark.budget, mark.version, mark.period_start, mark.threshold, kind)


def _mark(
    one: Standing, crossing: Crossing, now: datetime, rows: Sequence[DeliveryRow], *, tries: int
) -> MarkRow:
    return MarkRow(
        budget=crossing.budget_id,
        version=crossing.version,
        period_start=crossing.period_start,
        threshold=crossing.threshold,
        kind=crossing.kind,
        at=now,
        spent=f"{one.days.spent:.6f}",
        foretold=f"{one.foretold.mean:.6f}" if one.foretold else "",
        tries=tries,
        deliveries=[row.id for row in rows],
    )


def _messages(
    one: Standing,
    crossing: Crossing,
    channels: Sequence[ChannelRow],
    public_url: str,
    now: datetime,
    attempt: int = 1,
) -> list[DeliveryRow]:
    """One for each channel, in its language."""
    mark = f"budget\0{crossing}\0{attempt}"
    return [
        DeliveryRow.of(
            _telling(one, crossing, channel.language, public_url, now).as_data(),
            channel.name,
            mark,
            now,
        )
        for channel in channels
    ]


def _telling(
    one: Standing, crossing: Crossing, language: str, public_url: str, now: datetime
) -> Telling:
    row, end = one.row, one.foretold
    share = share_of(one.budget, one.days.spent) if one.budget.amount else None
    facts = {
        "name": row.name,
        "scope": scope_of(row),
        "threshold": crossing.threshold,
        "amount": money(float(row.amount)),
        "currency": row.currency,
        "start": one.start,
        "end": one.end,
        "spent": money(one.days.spent),
        "share": "-" if share is None else f"{share:.0f}",
        "mean": money(end.mean) if end else "-",
    }
    told = [sentence(f"budget.text_{crossing.kind}", language, **facts)]
    if end and end.lower is not None and end.upper is not None:
        between = {"lower": money(end.lower), "upper": money(end.upper)}
        told.append(sentence("budget.text_interval", language, **facts, **between))
    alert = ToldAlert(
        id="",
        name=sentence("budget.heading", language, **facts),
        status="firing",
        severity="error" if crossing.threshold >= 100 else "warning",
        labels={"budget": row.name, **({"namespace": row.namespace} if row.namespace else {})},
        summary=" ".join(told),
        starts_at=now.isoformat(),
        generator_url=f"{public_url}/api/v1/budgets/{row.name}" if public_url else "",
    )
    key = f"budget-{row.name}-{one.start}-{crossing.kind}"
    title = sentence(f"budget.title_{crossing.kind}", language, **facts)
    return replace(Telling(key=key, reason="new", alerts=(alert,)), title=title, text=alert.summary)
