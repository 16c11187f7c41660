"""budgets_anomalies: days whose spend the weeks before do not explain, and the workloads behind."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Annotated, Literal

import anyio.to_thread
from pydantic import Field

from core.clock import utc_now
from core.errors import OpsError
from core.principal import Principal
from core.storage.budget_records import SpendNoteRow
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.budgets.change_shapes import CauseLine, ChangeLine, MonthChange, SpendChanges
from mcp_servers.budgets.gathering import Purse
from mcp_servers.budgets.spend import Namespace, exchanged
from mcp_servers.budgets.spend_days import (
    DAY,
    IDLE,
    LONGEST_DAYS,
    WHOLE_HOURS,
    rates_to,
    sources_of,
    write_days,
)
from mcp_servers.budgets.spend_scopes import Scope, everything, scopes_of
from mcp_servers.budgets.table_anomalies import Spreads
from mcp_servers.budgets.texts import Language, Note
from mcp_servers.engines.cost_causes import Cause, causes
from mcp_servers.engines.fields import text
from mcp_servers.engines.spend_months import Months, compared_months, first_needed
from mcp_servers.facts.kubernetes import Ref

# So long a question may take to read days that nobody wrote down yet.
READING_S = 20.0
# A change is like one that was expected when it is not larger than this times that one.
LIKE = 1.5
WEEK = 7
# Up to this many whole days nothing is known of what is usual (`cost_anomalies`).
FEWEST = 14
By = Annotated[
    str,
    Field(
        max_length=320,
        pattern=r"^(namespace|label:[A-Za-z0-9._/-]+)$",
        description="namespace | label:KEY, as label:team.",
    ),
]

Month = Annotated[
    Literal["", "this", "last"],
    Field(description="This month, or the last one, against the month before it."),
]


async def budgets_anomalies(
    namespace: Namespace = "",
    by: By = "namespace",
    language: Language = "en",
    cursor: str = "",
    spreads: Spreads = 0,
    month: Month = "",
    *,
    purse: Purse,
    desk: Desk,
    caller: Principal,
) -> SpendChanges:
    """Days that cost far more or less than the weeks before explain, and the workloads behind.

    Also what the last week cost otherwise than the fortnight before, or a month than the one before.
    """
    found = await studied(purse, desk, caller, namespace, by, spreads, month)
    return SpendChanges.of(
        found.lines,
        cursor=cursor,
        verdict="ok" if len(found.whole) > FEWEST else "insufficient_data",
        currency=found.currency,
        days_known=len(found.whole),
        daily=found.daily,
        daily_before=found.daily_before,
        week=found.week,
        month=found.month,
        notes=_notes(found, language),
    )


@dataclass(frozen=True)
class Study:
    """`whole` are the days that are judged, of those that are `kept`; `missing` ones are not read yet.

    `months` are those that were to be compared, `month` what came of it.
    """

    currency: str
    whole: Sequence[date]
    kept: int
    missing: int
    lines: Sequence[ChangeLine]
    week: list[CauseLine]
    daily: float | None
    daily_before: float | None
    months: Months | None
    month: MonthChange | None
    sources: Sequence[str]


async def studied(
    purse: Purse,
    desk: Desk,
    caller: Principal,
    namespace: str,
    by: str,
    spreads: float = 0.0,
    month: Month = "",
) -> Study:
    """A day in a currency for which no rate held then is not known: it is neither judged nor summed."""
    now = utc_now()
    today, currency = now.date(), exchanged(purse.billing, "", on=now)[0]
    missing = await write_days(purse, desk, today, most=LONGEST_DAYS, within_s=READING_S)
    recent = today - DAY * LONGEST_DAYS
    since = min(recent, first_needed(today)) if month else recent
    async with desk.session() as tables:
        days = await tables.days.known(since, today)
        shares = await tables.days.shares(since, today, namespace)
    rate = rates_to(purse.billing, currency, today)
    rates = {one.day: rate(one.currency, one.day) for one in days}
    factors = {day: float(told) for day, told in rates.items() if told is not None}
    seen = [one for one in shares if one.day in factors and caller.sees(one.namespace)]
    known = [one.day for one in days if one.hours_seen >= WHOLE_HOURS and one.day in factors]
    whole = [one for one in known if one >= recent]
    days = [one for one in days if one.day >= recent]
    scopes = scopes_of(seen, by, factors)
    found = await anyio.to_thread.run_sync(_changes, scopes, whole, spreads)
    async with desk.session() as tables:
        notes = await tables.days.notes({scope for scope, _ in found})
    bill = everything(seen, factors)
    workloads = everything([one for one in seen if one.namespace], factors)
    week = [one for one in whole if one >= today - DAY * WEEK]
    fortnight = [one for one in whole if 0 < (today - one).days - WEEK <= 2 * WEEK]
    moved = _moved_more(workloads, bill, week, fortnight)
    behind = causes(whole, moved.parts, today - DAY * WEEK, today - DAY)
    months = compared_months(known, today, month) if month else None
    monthly = _month_causes(months, workloads, bill) if months else []
    told = [*behind, *monthly, *(cause for _, one in found for cause in one.causes)]
    revisions = await _rollouts(purse, {one.workload for one in told})
    return Study(
        currency,
        whole,
        len(days),
        missing,
        [_line(scope, change, notes, revisions) for scope, change in found],
        [_cause_line(one, revisions, today - DAY * WEEK, today) for one in behind],
        _a_day(workloads, week),
        _a_day(workloads, fortnight),
        months,
        _month(months, workloads, monthly, revisions) if months and months.enough else None,
        sources_of(days),
    )


def _month_causes(months: Months, workloads: Scope, bill: Scope) -> list[Cause]:
    days, usual_days = [*months.days_before, *months.days], (months.month - months.before).days
    moved = _moved_more(workloads, bill, months.days, months.days_before)
    return causes(days, moved.parts, months.month, date.max, usual_days=usual_days)


def _month(
    months: Months,
    workloads: Scope,
    behind: Sequence[Cause],
    revisions: dict[str, list[tuple[datetime, str]]],
) -> MonthChange:
    start, end = months.month, months.days[-1]
    return MonthChange(
        start=start,
        end=end,
        before=months.before,
        days=len(months.days),
        days_before=len(months.days_before),
        daily=_a_day(workloads, months.days) or 0.0,
        daily_before=_a_day(workloads, months.days_before) or 0.0,
        causes=[_cause_line(one, revisions, start, end) for one in behind],
    )


def _moved_more(
    workloads: Scope, bill: Scope, days: Sequence[date], before: Sequence[date]
) -> Scope:
    """Nodes cost the same whoever uses them: what workloads take more of, nobody has less of, and the bill
    stands still. Where it moves more than they do, its nodes changed."""

    def moved(scope: Scope) -> float:
        return abs((_a_day(scope, days) or 0.0) - (_a_day(scope, before) or 0.0))

    return max(workloads, bill, key=moved)


def _a_day(scope: Scope, days: Sequence[date]) -> float | None:
    """On average; what nobody used is no part of it."""
    costs = [scope.cost(day) for day in days]
    return round(sum(costs) / len(costs), 6) if costs else None


@dataclass(frozen=True)
class _Change:
    start: date
    end: date
    impact: float
    severity: str
    causes: Sequence[Cause]

    @property
    def direction(self) -> str:
        return "up" if self.impact > 0 else "down"


def _changes(
    scopes: dict[str, Scope], whole: Sequence[date], spreads: float
) -> list[tuple[str, _Change]]:
    """The latest first."""
    from mcp_servers.engines.cost_anomalies import cost_anomalies  # numpy waits for the first call

    times = [datetime.combine(day, time(), UTC).timestamp() for day in whole]
    found: list[tuple[str, _Change]] = []
    for scope in scopes.values():
        judged = cost_anomalies(times, [scope.cost(day) for day in whole], spreads=spreads)
        for one in judged.episodes:
            start, end = _day(one.start), _day(one.end)
            behind = causes(whole, scope.parts, start, end)
            found.append((scope.name, _Change(start, end, one.impact, one.severity, behind)))
    return sorted(found, key=lambda one: (one[1].end, abs(one[1].impact)), reverse=True)


def _day(at: float) -> date:
    return datetime.fromtimestamp(at, UTC).date()


def _line(
    scope: str,
    change: _Change,
    notes: Sequence[SpendNoteRow],
    revisions: dict[str, list[tuple[datetime, str]]],
) -> ChangeLine:
    size = abs(change.impact) / ((change.end - change.start).days + 1)
    said = expected_by(scope, change.direction, size, notes)
    return ChangeLine(
        scope=scope,
        start=change.start,
        end=change.end,
        direction=change.direction,
        impact=round(change.impact, 4),
        severity="expected" if said else change.severity,
        expected_by=said,
        causes=[_cause_line(one, revisions, change.start, change.end) for one in change.causes],
    )


def expected_by(scope: str, direction: str, size: float, notes: Sequence[SpendNoteRow]) -> str:
    """Who said that such a change is expected, and why; "" for news. `size` is a day's or an hour's."""
    like = [
        one
        for one in notes
        if (one.scope, one.direction) == (scope, direction) and size <= LIKE * one.size
    ]
    return f"{like[0].created_by}: {like[0].note}" if like else ""


def _cause_line(
    one: Cause, revisions: dict[str, list[tuple[datetime, str]]], start: date, end: date
) -> CauseLine:
    return CauseLine(
        workload=one.workload,
        kind="idle" if one.workload == IDLE else one.kind,
        daily=round(one.daily, 4),
        daily_before=round(one.daily_before, 4),
        rollouts=[
            f"{name} {at:%Y-%m-%d %H:%M}Z"
            for at, name in revisions.get(one.workload, [])
            if start - DAY <= at.date() <= end
        ],
    )


async def _rollouts(purse: Purse, workloads: set[str]) -> dict[str, list[tuple[datetime, str]]]:
    """When the revisions of these workloads began, by what is left of them in the cluster."""
    found: dict[str, list[tuple[datetime, str]]] = {}
    if not workloads:
        return found
    try:
        sets = await purse.kubernetes.list("ReplicaSet")
    except OpsError:
        return found  # who may not list them is told the causes without their rollouts
    for one in sets:
        owner = one.controller()
        name = str(Ref(text(owner, "kind"), one.namespace, text(owner, "name"))) if owner else ""
        if name in workloads and one.created_at:
            found.setdefault(name, []).append((one.created_at, f"ReplicaSet {one.name}"))
    return found


def _notes(found: Study, language: str) -> list[Note]:
    known = len(found.whole)
    facts = {
        "known": known,
        "days": found.kept,
        "missing": found.missing,
        "fewest": FEWEST + 1,
        "sources": ", ".join(found.sources),
    }
    if found.months:
        facts |= {
            "month": f"{found.months.month:%Y-%m}",
            "month_known": len(found.months.days),
            "before": f"{found.months.before:%Y-%m}",
            "before_known": len(found.months.days_before),
        }
    due = [
        ("months", found.months is not None and found.month is None),
        ("few_days", known <= FEWEST),
        ("unread", found.missing > 0),
        ("holes", found.kept > known),
        ("mixed_prices", len(found.sources) > 1),
    ]
    return [Note.of(f"anomaly.{code}", language, **facts) for code, is_due in due if is_due]
