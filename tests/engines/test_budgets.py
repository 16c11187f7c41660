"""Periods, what they will have cost, and crossings told exactly once."""

import math
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.engines.budgets import crossed, due, period_of, share_of
from mcp_servers.engines.period_ends import exhausted_on, period_end, with_today
from mcp_servers.facts.budgets import Budget, Period, PeriodEnd, Thresholds, Told

DAY = timedelta(days=1)
BUDGET = Budget("b1", Decimal(1000), thresholds=Thresholds((50, 80, 100), (100,)))
MARCH = date(2026, 3, 1)


def end(mean: float, lower: float | None = None) -> PeriodEnd:
    return PeriodEnd(0, mean, lower, None if lower is None else 2 * mean - lower, 20, 10)


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.sampled_from(["month", "quarter", "year"]))
def test_every_day_is_in_one_period_and_the_next_begins_where_it_ends(
    on: date, period: Period
) -> None:
    start, after = period_of(period, on)
    assert start <= on < after
    assert period_of(period, after)[0] == after
    assert period_of(period, after - DAY) == (start, after)
    assert start.day == after.day == 1


def test_february_has_its_own_length() -> None:
    start, after = period_of("month", date(2028, 2, 29))
    assert (after - start).days == 29


@pytest.mark.parametrize(("year", "days"), [(2026, 28), (2028, 29)])
def test_february_is_foretold_by_as_many_days_as_it_has(year: int, days: int) -> None:
    first, today = date(year, 2, 1), date(year, 2, 11)
    start, after = period_of("month", today)
    even = {first - DAY * i: 100.0 for i in range(1, 29)} | {
        first + DAY * i: 100.0 for i in range(10)
    }
    told = period_end(even, start, after, today)
    assert told is not None
    assert (start, (after - start).days, told.days_left) == (first, days, days - 10)
    assert (told.spent, told.mean) == (1000, 100 * days)
    # The whole amount is for the days there are: it is used up on the last of them, and not before.
    assert exhausted_on(100 * days, even, start, after, today) == after - DAY
    assert exhausted_on(100 * days + 1, even, start, after, today) is None
    quarter = period_of("quarter", today)
    assert (quarter[1] - quarter[0]).days == 62 + days


@pytest.mark.parametrize("changed", [date(2026, 3, 29), date(2026, 10, 25)])
def test_a_day_on_which_clocks_are_changed_is_a_day_like_any(changed: date) -> None:
    start, after = period_of("month", changed)
    even = {changed - DAY * i: 24.0 for i in range(-1, 40)}
    told = period_end(even, start, after, changed + DAY * 2)
    assert told is not None
    assert told.mean == 24 * (after - start).days


def history(first: date, days: int, weekend: float = 60) -> dict[date, float]:
    every = (first + DAY * i for i in range(days))
    return {day: weekend if day.weekday() >= 5 else 100.0 for day in every}


def test_the_end_of_a_month_knows_its_weekends() -> None:
    told = period_end(history(date(2026, 2, 1), 38), MARCH, date(2026, 4, 1), date(2026, 3, 11))
    assert told is not None
    assert told.mean == pytest.approx(22 * 100 + 9 * 60)
    assert (told.spent, told.days_left) == (sum(history(MARCH, 10).values()), 21)
    assert told.lower == told.upper == told.mean


def test_a_doubled_week_moves_the_rest_of_the_month() -> None:
    costs = history(date(2026, 2, 1), 38)
    calm = period_end(costs, MARCH, date(2026, 4, 1), date(2026, 3, 11))
    for i in range(7):
        costs[date(2026, 3, 10) - DAY * i] *= 2
    busy = period_end(costs, MARCH, date(2026, 4, 1), date(2026, 3, 11))
    assert calm is not None
    assert busy is not None
    assert busy.mean - busy.spent > 1.2 * (calm.mean - calm.spent)
    assert busy.lower is not None
    assert busy.upper is not None
    assert busy.spent <= busy.lower < busy.mean < busy.upper


def test_a_day_that_is_dearer_than_expected_is_reckoned_with_and_so_is_what_is_left_of_it() -> None:
    costs = history(date(2026, 2, 1), 58)  # to 30 March, a Monday
    last = date(2026, 3, 31)
    told = period_end(costs, MARCH, date(2026, 4, 1), last)
    assert told is not None
    assert told.days_left == 1
    # At 18:00 today has cost 300 where 100 were expected of all of it.
    late = with_today(told, costs, last, told.spent + 300, left=0.25)
    assert late.mean == pytest.approx(told.spent + 300 + 25)
    assert late.lower is not None
    assert late.upper is not None
    assert late.spent <= late.lower <= late.mean <= late.upper
    # And where it cost little so far, the day is expected to be what such days are.
    calm = with_today(told, costs, last, told.spent + 10, left=0.25)
    assert calm.mean == told.mean


def test_too_few_days_have_no_interval_and_none_no_end() -> None:
    few = period_end(history(MARCH, 3), MARCH, date(2026, 4, 1), date(2026, 3, 4))
    assert few is not None
    assert (few.lower, few.upper, few.days_known) == (None, None, 3)
    assert period_end({}, MARCH, date(2026, 4, 1), MARCH) is None
    assert period_end({MARCH: 5.0}, MARCH, date(2026, 4, 1), MARCH) is None


def test_a_missing_day_is_foretold_and_not_free() -> None:
    costs = history(date(2026, 2, 1), 38)
    whole = period_end(costs, MARCH, date(2026, 4, 1), date(2026, 3, 11))
    del costs[date(2026, 3, 4)]
    holed = period_end(costs, MARCH, date(2026, 4, 1), date(2026, 3, 11))
    assert whole is not None
    assert holed is not None
    assert holed.mean == pytest.approx(whole.mean)
    assert holed.days_left == whole.days_left + 1


def test_a_budget_of_nothing_is_crossed_by_any_cost_and_not_by_none() -> None:
    nothing = Budget("b0", Decimal(0))
    assert (share_of(nothing, 0), share_of(nothing, 0.01)) == (0.0, math.inf)
    assert crossed(nothing, MARCH, actual=0, forecast=[]) == []


def test_of_two_crossed_at_once_the_higher_is_told_and_both_are_recorded() -> None:
    found = crossed(BUDGET, MARCH, actual=850, forecast=[])
    told = due(found, [])
    assert [one.threshold for one in told.tell] == [80]
    assert [one.threshold for one in told.record] == [50, 80]


def test_a_forecast_over_once_is_no_news_but_twice_or_surely_is() -> None:
    def kinds(forecast: list[PeriodEnd]) -> list[str]:
        return [one.kind for one in crossed(BUDGET, MARCH, actual=0, forecast=forecast)]

    assert kinds([end(900), end(1200, 800)]) == []
    assert kinds([end(1100), end(1200, 800)]) == ["forecast"]
    assert kinds([end(1200, 1001)]) == ["forecast"]


checks = st.lists(st.tuples(st.floats(0, 3000), st.floats(0, 3000)), max_size=20)


@given(checks)
def test_whatever_the_checks_see_each_crossing_is_told_at_most_once(
    seen: list[tuple[float, float]],
) -> None:
    rows: list[Told] = []
    sent: list[Told] = []
    ends: list[PeriodEnd] = []
    for actual, mean in seen:
        ends.append(end(mean))
        found = crossed(BUDGET, MARCH, actual=actual, forecast=ends)
        told = due(found, rows)
        assert set(told.tell) <= set(told.record)
        rows += told.record
        sent += told.tell
        assert set(found) <= set(rows)
    assert len(sent) == len(set(sent))
    assert len(rows) == len(set(rows))
    highest = max((one.threshold for one in rows if one.kind == "actual"), default=None)
    told_highest = max((one.threshold for one in sent if one.kind == "actual"), default=None)
    assert highest == told_highest


def test_a_new_period_or_a_changed_amount_is_told_anew() -> None:
    found = crossed(BUDGET, MARCH, actual=900, forecast=[])
    assert due(found, found).tell == ()
    april = crossed(BUDGET, date(2026, 4, 1), actual=900, forecast=[])
    assert [one.threshold for one in due(april, found).tell] == [80]
    changed = Budget("b1", Decimal(950), thresholds=BUDGET.thresholds, version=2)
    again = crossed(changed, MARCH, actual=900, forecast=[])
    assert [one.threshold for one in due(again, found).tell] == [80]
