"""A budget's period, what drives it, and which crossings are to be told."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from mcp_servers.facts.budgets import Budget, Driver, Kind, Period, PeriodEnd, Told

DAY = timedelta(days=1)
MONTHS: Mapping[Period, int] = {"month": 1, "quarter": 3, "year": 12}
WEEKS = 4


@dataclass(frozen=True, slots=True)
class Due:
    """`tell` goes out, one for each kind; `record` are all that are crossed and were not told."""

    tell: tuple[Told, ...]
    record: tuple[Told, ...]


def bounds(budget: Budget, on: date) -> tuple[date, date]:
    """The budget's period that a day is in; a custom one has but one."""
    if budget.starts_on and budget.ends_on:
        return budget.starts_on, budget.ends_on
    return period_of(budget.period, on)


def period_of(period: Period, on: date) -> tuple[date, date]:
    """The first day of the period that a day is in, and the first day after it."""
    months = MONTHS[period]
    first = (on.month - 1) // months * months
    return _month(on.year, first), _month(on.year, first + months)


def _month(year: int, months: int) -> date:
    return date(year + months // 12, months % 12 + 1, 1)


def drivers(shares: Mapping[str, Mapping[date, float]], today: date, most: int = 3) -> list[Driver]:
    """The workloads whose days cost otherwise than before, the largest difference first.

    The last seven whole days against the up to three weeks before them. `shares` are the days of
    each workload; a day on which it did not run cost nothing.
    """
    week, before = today - DAY * 7, today - DAY * 7 * WEEKS
    days = {day for costs in shares.values() for day in costs if before <= day < today}
    late, early = [d for d in days if d >= week], [d for d in days if d < week]
    if not late or not early:
        return []
    found = [
        Driver(
            name,
            sum(costs.get(day, 0.0) for day in late) / len(late),
            sum(costs.get(day, 0.0) for day in early) / len(early),
        )
        for name, costs in shares.items()
    ]
    found.sort(key=lambda one: (-abs(one.difference), one.workload))
    return [one for one in found[:most] if one.difference]


def share_of(budget: Budget, cost: float | Decimal) -> float:
    """In percent of the amount; of a budget of nothing, any cost is infinitely much."""
    if budget.amount > 0:
        return 100 * float(cost) / float(budget.amount)
    return math.inf if cost > 0 else 0.0


def crossed(
    budget: Budget, period_start: date, *, actual: float, forecast: Sequence[PeriodEnd]
) -> list[Told]:
    """Every threshold that is reached. `forecast` are the ends foretold, the last check's last.

    A forecast counts when its mean is over in two checks in a row, or its lower bound in one:
    a single odd check is no news.
    """
    found = [
        _told(budget, period_start, one, "actual")
        for one in budget.thresholds.actual
        if share_of(budget, actual) >= one
    ]
    return found + [
        _told(budget, period_start, one, "forecast")
        for one in budget.thresholds.forecast
        if _foreseen(budget, one, forecast)
    ]


def _foreseen(budget: Budget, threshold: int, forecast: Sequence[PeriodEnd]) -> bool:
    if not forecast:
        return False
    lower = forecast[-1].lower
    if lower is not None and share_of(budget, lower) >= threshold:
        return True
    last = forecast[-2:]
    return len(last) == 2 and all(share_of(budget, one.mean) >= threshold for one in last)


def _told(budget: Budget, period_start: date, threshold: int, kind: Kind) -> Told:
    return Told(budget.id, budget.version, period_start, threshold, kind)


def due(found: Collection[Told], known: Collection[Told]) -> Due:
    """What is new among the crossings: of each kind only the highest is told, all are recorded.

    `known` are the rows there are, sent or pending: whoever writes a row first tells it. When a
    higher threshold was told before, a lower one is recorded and not told.
    """
    fresh = [one for one in found if one not in set(known)]
    tell: list[Told] = []
    for kind in ("actual", "forecast"):
        new = [one for one in fresh if one.kind == kind]
        highest = max(new, key=lambda one: one.threshold, default=None)
        before = [one.threshold for one in known if highest and _like(one, highest)]
        if highest and highest.threshold > max(before, default=-1):
            tell.append(highest)
    return Due(tuple(tell), tuple(fresh))


def _like(one: Told, other: Told) -> bool:
    """Of one budget, version, period and kind."""
    return (one.budget_id, one.version, one.period_start, one.kind) == (
        other.budget_id,
        other.version,
        other.period_start,
        other.kind,
    )
