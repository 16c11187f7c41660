"""Which days a month is compared by with the one before it."""

from datetime import date, timedelta

import pytest

from mcp_servers.engines.spend_months import Wanted, compared_months, first_needed

TODAY = date(2026, 3, 12)
KNOWN = [date(2026, 1, 1) + timedelta(days=i) for i in range(90)]


@pytest.mark.parametrize(
    ("wanted", "today", "month", "days", "days_before"),
    [
        ("this", TODAY, date(2026, 3, 1), 11, 28),
        ("last", TODAY, date(2026, 2, 1), 28, 31),
        ("this", date(2026, 3, 3), date(2026, 2, 1), 28, 31),  # two whole days tell nothing
        ("this", date(2026, 3, 4), date(2026, 3, 1), 3, 28),
    ],
)
def test_a_month_is_set_against_the_one_before(
    wanted: Wanted, today: date, month: date, days: int, days_before: int
) -> None:
    found = compared_months(KNOWN, today, wanted)
    assert (found.month, len(found.days), len(found.days_before)) == (month, days, days_before)
    assert found.enough
    assert found.before >= first_needed(today)


def test_today_is_no_whole_day_and_unknown_months_are_not_compared() -> None:
    found = compared_months(KNOWN[59:], TODAY, "this")
    assert (found.days[-1], found.days_before, found.enough) == (date(2026, 3, 11), [], False)


def test_over_the_turn_of_a_year_the_month_before_january_is_december() -> None:
    found = compared_months([], date(2026, 1, 20), "last")
    assert (found.month, found.before) == (date(2025, 12, 1), date(2025, 11, 1))
