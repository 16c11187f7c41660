"""What a period will have cost in the end.

That is what was spent and, for each day left, the median of its weekday in the last four weeks,
moved half of the way (in logarithms) to what the last week was against these medians. How sure that
is, the last days say: what was foretold of them in the same way, some days before.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from statistics import fmean, median, pstdev, quantiles

from mcp_servers.facts.budgets import PeriodEnd

DAY = timedelta(days=1)
WEEKS = 4
# How far the last week moves what is expected.
LEAST_MOVED, MOST_MOVED = 0.5, 2.0
# Fewer days show no spread; to foretell from an earlier day, so many must be before it.
FEWEST_DAYS, FEWEST_BEFORE = 7, 14
# So many days are foretold from earlier ones. Their errors grow by this power of their number, and a
# month to come holds more that is new than the days behind: chosen on tuning seeds (decision 26).
FORETOLD_DAYS = range(4, 15)
GROWS, MORE_IS_NEW = 0.75, 1.5
# Two sides of an interval that holds 80 % of a normal distribution; days are off together.
SPREADS_OF_80, TOGETHER = 1.2816, 2.0

Costs = Mapping[date, float]


def period_end(costs: Costs, start: date, end: date, today: date) -> PeriodEnd | None:
    """What the days from `start` to before `end` will cost. None when no whole day is known.

    `costs` holds whole days; those before `start` tell what weekdays cost. `today` is not whole: it is
    foretold like the days after it. A day that is missing is unknown, and foretold too.
    """
    known = _known(costs, today)
    if not known:
        return None
    expected = _expected(known, today)
    spent = sum(cost for day, cost in known.items() if start <= day < end)
    left = [day for day in _days(start, end) if day not in known]
    mean = spent + sum(expected[day.weekday()] for day in left)
    wide = _wide(known, today, len(left))
    if wide is None:
        return PeriodEnd(spent, mean, None, None, len(known), len(left))
    return PeriodEnd(spent, mean, max(mean - wide, spent), mean + wide, len(known), len(left))


def with_today(end: PeriodEnd, costs: Costs, today: date, spent: float, left: float) -> PeriodEnd:
    """The same end when `spent` holds what today cost so far, and the share `left` of today is to come.

    A period costs no less than what was spent, and what is left of today costs its share of what was
    expected of the whole day: where that comes to more, the mean goes there, as sure as it was of the
    days that are left.
    """
    expected = _expected(_known(costs, today), today)[today.weekday()]
    mean = max(end.mean, spent + left * expected)
    if end.lower is None or end.upper is None:
        return PeriodEnd(spent, mean, None, None, end.days_known, end.days_left)
    if mean == end.mean:
        lower = max(end.lower, spent)
        return PeriodEnd(spent, mean, lower, end.upper, end.days_known, end.days_left)
    still_open = max(end.days_left - 1 + left, 0.0) / max(end.days_left, 1)
    wide = (end.upper - end.mean) * still_open
    lower = max(mean - wide, spent)
    return PeriodEnd(spent, mean, lower, mean + wide, end.days_known, end.days_left)


def exhausted_on(amount: float, costs: Costs, start: date, end: date, today: date) -> date | None:
    """The day on which the amount is spent, foretold from `today` on; None: not in this period."""
    known = _known(costs, today)
    if not known:
        return None
    expected, total = _expected(known, today), 0.0
    for day in _days(start, end):
        total += known.get(day, expected[day.weekday()])
        if total >= amount and total > 0:
            return day
    return None


def _known(costs: Costs, today: date) -> Costs:
    return {day: cost for day, cost in costs.items() if day < today and math.isfinite(cost)}


def _recent(known: Costs, today: date) -> Costs:
    return {d: cost for d, cost in known.items() if d >= today - DAY * 7 * WEEKS} or known


def _days(start: date, end: date) -> Iterator[date]:
    for i in range((end - start).days):
        yield start + DAY * i


def _expected(known: Costs, today: date) -> list[float]:
    """What a day will cost, by weekday."""
    recent = _recent(known, today)
    usual = _weekdays(recent)
    moved = _moved(recent, usual, today)
    return [one * moved for one in usual]


def _weekdays(known: Costs) -> list[float]:
    """By weekday; one that was not seen costs what all do. What mostly costs nothing has a mean."""
    every = _middle(list(known.values()))
    told = [[cost for day, cost in known.items() if day.weekday() == i] for i in range(7)]
    return [_middle(one) if one else every for one in told]


def _middle(costs: Sequence[float]) -> float:
    return median(costs) or fmean(costs)


def _moved(known: Costs, usual: Sequence[float], today: date) -> float:
    week = [
        cost / usual[day.weekday()]
        for day, cost in known.items()
        if day >= today - DAY * 7 and usual[day.weekday()] > 0
    ]
    return math.sqrt(min(max(median(week), LEAST_MOVED), MOST_MOVED)) if week else 1.0


def _wide(known: Costs, today: date, left: int) -> float | None:
    """Half of an interval that holds four of five; None when too few days are known."""
    recent = _recent(known, today)
    if len(recent) < FEWEST_DAYS:
        return None
    errors = [
        one for back in FORETOLD_DAYS for one in _missed(known, today - DAY * back, min(back, left))
    ]
    if len(errors) < 2:
        usual = _weekdays(recent)
        spread = pstdev([cost - usual[day.weekday()] for day, cost in recent.items()])
        return SPREADS_OF_80 * spread * math.sqrt(left) * TOGETHER
    return MORE_IS_NEW * quantiles(errors, n=5, method="inclusive")[-1] * left**GROWS


def _missed(known: Costs, origin: date, count: int) -> Iterator[float]:
    """How far the days from `origin` on were from what was to be expected before, as of one day."""
    before = {day: cost for day, cost in known.items() if day < origin}
    if len(before) < FEWEST_BEFORE:
        return
    expected = _expected(before, origin)
    days = [day for day in _days(origin, origin + DAY * count) if day in known]
    if days:
        off = sum(known[day] - expected[day.weekday()] for day in days)
        yield abs(off) / len(days) ** GROWS
