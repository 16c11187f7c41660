"""A budget's period, what it will have cost in the end, and which crossings are to be told.

The end of a period is what was spent and, for each day left, the mean of its weekday in the last
four weeks, moved half of the way (in logarithms) to what the last week was against these means.
"""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from statistics import fmean, pstdev

from mcp_servers.facts.budgets import Budget, Driver, Kind, Period, PeriodEnd, Told

DAY = timedelta(days=1)
MONTHS: Mapping[Period, int] = {"month": 1, "quarter": 3, "year": 12}
WEEKS = 4
# How far the last week moves what is expected.
LEAST_MOVED, MOST_MOVED = 0.5, 2.0
# Fewer days show no spread.
FEWEST_DAYS = 7
# Two sides of an interval that holds 80 % of a normal distribution.
SPREADS_OF_80 = 1.2816
# Days in a row that are off together make a sum less sure than their number says.
TOGETHER = 1.5


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


def period_end(
    costs: Mapping[date, float], start: date, end: date, today: date
) -> PeriodEnd | None:
    """What the days from `start` to before `end` will cost. None when no whole day is known.

    `costs` holds whole days; those before `start` tell what weekdays cost. `today` is not whole: it is
    foretold like the days after it. A day that is missing is unknown, and foretold too.
    """
    known = {day: cost for day, cost in costs.items() if day < today and math.isfinite(cost)}
    if not known:
        return None
    recent = {day: cost for day, cost in known.items() if day >= today - DAY * 7 * WEEKS}
    usual, expected = _weekdays(recent or known), _expected(known, today)
    spent = sum(cost for day, cost in known.items() if start <= day < end)
    left = [day for day in _days(start, end) if day not in known]
    mean = spent + sum(expected[day.weekday()] for day in left)
    spread = _spread(recent, usual)
    if spread is None:
        return PeriodEnd(spent, mean, None, None, len(known), len(left))
    wide = SPREADS_OF_80 * spread * math.sqrt(len(left)) * TOGETHER
    return PeriodEnd(spent, mean, max(mean - wide, spent), mean + wide, len(known), len(left))


def exhausted_on(
    amount: float, costs: Mapping[date, float], start: date, end: date, today: date
) -> date | None:
    """The day on which the amount is spent, foretold from `today` on; None: not in this period."""
    known = {day: cost for day, cost in costs.items() if day < today and math.isfinite(cost)}
    if not known:
        return None
    expected, total = _expected(known, today), 0.0
    for day in _days(start, end):
        total += known.get(day, expected[day.weekday()])
        if total >= amount and total > 0:
            return day
    return None


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


def _expected(known: Mapping[date, float], today: date) -> list[float]:
    """What a day will cost, by weekday."""
    recent = {day: cost for day, cost in known.items() if day >= today - DAY * 7 * WEEKS}
    usual = _weekdays(recent or known)
    moved = _moved(recent, usual, today)
    return [one * moved for one in usual]


def _days(start: date, end: date) -> Iterator[date]:
    for i in range((end - start).days):
        yield start + DAY * i


def _weekdays(known: Mapping[date, float]) -> list[float]:
    """By weekday; one that was not seen costs what all do in the mean."""
    every = fmean(known.values())
    told = [[cost for day, cost in known.items() if day.weekday() == i] for i in range(7)]
    return [fmean(one) if one else every for one in told]


def _moved(known: Mapping[date, float], usual: Sequence[float], today: date) -> float:
    week = {day: cost for day, cost in known.items() if day >= today - DAY * 7}
    expected = sum(usual[day.weekday()] for day in week)
    if expected <= 0:
        return 1.0
    return math.sqrt(min(max(sum(week.values()) / expected, LEAST_MOVED), MOST_MOVED))


def _spread(known: Mapping[date, float], usual: Sequence[float]) -> float | None:
    if len(known) < FEWEST_DAYS:
        return None
    return pstdev([cost - usual[day.weekday()] for day, cost in known.items()])


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
