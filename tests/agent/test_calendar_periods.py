"""Weeks, months, quarters and years of the calendar are told apart from lengths of time."""

from datetime import UTC, datetime

import pytest

from agent.calendar_periods import period_told

NOW = datetime(2026, 12, 15, 10, 30, tzinfo=UTC)  # a Tuesday


@pytest.mark.parametrize(
    ("question", "since", "until"),
    [
        ("how much did shop cost this month?", "2026-12-01", ""),
        ("what did shop cost last month?", "2026-11-01", "2026-12-01"),
        ("shop 本月花了多少钱？", "2026-12-01", ""),
        ("这个月怎么比上个月贵了三成", "2026-12-01", ""),
        ("shop 上个月花了多少钱？", "2026-11-01", "2026-12-01"),
        ("this week's bill", "2026-12-14", ""),
        ("上周花了多少", "2026-12-07", "2026-12-14"),
        ("what did we spend last quarter", "2026-07-01", "2026-10-01"),
        ("本季度花了多少", "2026-10-01", ""),
        ("今年的费用", "2026-01-01", ""),
        ("去年花了多少", "2025-01-01", "2026-01-01"),
        ("what did it cost in november?", "2026-11-01", "2026-12-01"),
        ("the bill of march 2025", "2025-03-01", "2025-04-01"),
        ("11月花了多少", "2026-11-01", "2026-12-01"),
        ("2025年3月的账单", "2025-03-01", "2025-04-01"),
        ("12月的账单", "2026-12-01", ""),
    ],
)
def test_a_period_that_is_named_is_that_of_the_calendar(
    question: str, since: str, until: str
) -> None:
    span = period_told(question, NOW)
    assert span is not None
    assert span.since == datetime.fromisoformat(f"{since}T00:00:00+00:00")
    assert span.until == (datetime.fromisoformat(f"{until}T00:00:00+00:00") if until else NOW)


@pytest.mark.parametrize(
    "question",
    [
        "what did shop cost over the last month",
        "过去一个月花了多少",
        "最近 3 个月的费用",
        "上周三花了多少",
        "11 月 3 日花了多少",
        "why is it more than last month",
        "may shop cost more?",
        "on march 3",
        "月底",
    ],
)
def test_lengths_days_and_what_is_compared_with_are_no_period(question: str) -> None:
    assert period_told(question, NOW) is None


def test_a_month_ends_where_the_next_begins_in_every_month() -> None:
    for month in range(1, 13):
        now = datetime(2028, month, 28, 5, tzinfo=UTC)
        last = period_told("last month", now)
        this = period_told("this month", now)
        assert last is not None
        assert this is not None
        assert last.until == this.since
        assert last.since.day == this.since.day == 1
