"""When something was: days and clocks in a question become a time to look at, in both languages."""

from datetime import UTC, datetime, timedelta

import pytest

from agent.answers.within import changes_within, lines_within
from agent.asked import Asked
from agent.intents import as_typed
from agent.moments import Span, length_to, since_rollout, span_told

# A Wednesday.
NOW = datetime(2026, 12, 2, 9, 30, tzinfo=UTC)

TOLD = {
    "why is checkout slow since Tuesday?": ("12-01 00:00", ""),
    "从周二开始 checkout 很慢": ("12-01 00:00", ""),
    "what changed on Monday": ("11-30 00:00", "12-01 00:00"),
    "周一改了什么": ("11-30 00:00", "12-01 00:00"),
    "上周五发生了什么变更": ("11-27 00:00", "11-28 00:00"),
    "since Wed": ("11-25 00:00", ""),
    "what changed between 2 and 3 this morning": ("12-02 02:00", "12-02 03:00"),
    "凌晨两点到三点之间改了什么": ("12-02 02:00", "12-02 03:00"),
    "from 2 to 4 pm yesterday": ("12-01 14:00", "12-01 16:00"),
    "昨天下午三点到四点": ("12-01 15:00", "12-01 16:00"),
    "14:00-15:00 有什么变更": ("12-01 14:00", "12-01 15:00"),
    "last night between 11pm and 1am": ("12-01 23:00", "12-02 01:00"),
    "since the 14:10 deploy": ("12-01 14:10", ""),
    "从八点半开始": ("12-02 08:30", ""),
    "since midnight": ("12-02 00:00", ""),
    "events at 3am": ("12-02 02:30", "12-02 03:30"),
    "since Nov 28": ("11-28 00:00", ""),
    "11月28号以来": ("11-28 00:00", ""),
    "what did we spend yesterday": ("12-01 00:00", "12-02 00:00"),
    "昨天改了什么": ("12-01 00:00", "12-02 00:00"),
    "slow since yesterday": ("12-01 00:00", ""),
    "昨天到现在": ("12-01 00:00", ""),
    "前天的费用": ("11-30 00:00", "12-01 00:00"),
}
NO_MOMENT = (
    *("next monday", "silence it until friday", "every monday", "between 2 and 3 replicas"),
    *(
        "in the last hour",
        "last night",
        "昨晚",
        "下周二",
        "一周一次",
        "最近两小时",
        "the sun is up",
    ),
    "2026-11-30T22:41:03Z connection refused",
)


@pytest.mark.parametrize("question", TOLD)
def test_a_day_or_a_clock_says_which_time_is_meant(question: str) -> None:
    span = span_told(as_typed(question).lower(), NOW)
    assert span
    ends = f"{span.until:%m-%d %H:%M}" if span.until else ""
    assert (f"{span.since:%m-%d %H:%M}", ends) == TOLD[question]


@pytest.mark.parametrize("question", NO_MOMENT)
def test_lengths_numbers_and_what_is_to_come_are_no_moments(question: str) -> None:
    assert span_told(as_typed(question).lower(), NOW) is None


@pytest.mark.parametrize("hour", range(24))
def test_what_was_is_never_ahead_whatever_the_hour(hour: int) -> None:
    now = NOW.replace(hour=hour, minute=0)
    for question in ("since 10:15", "between 23:00 and 01:00", "on wednesday", "at midnight"):
        span = span_told(question, now)
        assert span
        assert timedelta(0) <= now - span.since < timedelta(days=8)


@pytest.mark.parametrize("question", ["what changed on feb 29", "2 月 29 日改了什么"])
def test_a_day_that_the_last_year_did_not_have_is_no_moment(question: str) -> None:
    assert span_told(question, datetime(2028, 2, 10, 12, tzinfo=UTC)) is None
    leap = span_told(question, datetime(2028, 3, 10, 12, tzinfo=UTC))
    assert leap is not None
    assert leap.since == datetime(2028, 2, 29, tzinfo=UTC)


def test_a_length_for_tools_is_of_one_unit_and_reaches_back_far_enough() -> None:
    for back, length in ((45, "PT45M"), (34 * 60 + 1, "PT35H"), (70 * 60, "PT70H")):
        assert length_to(Span(NOW - timedelta(minutes=back)), NOW) == length
    assert length_to(Span(NOW - timedelta(days=4, hours=1)), NOW) == "P5D"


@pytest.mark.parametrize(
    "question",
    [
        "what changed since the deploy",
        "after the last release",
        "发布之后改了什么",
        "从上次发版以来",
    ],
)
def test_a_rollout_without_a_time_is_where_to_look_back_to(question: str) -> None:
    assert since_rollout(question)
    assert not since_rollout(f"{question} yesterday")


def test_one_turn_looks_back_equally_far_at_each_of_its_steps() -> None:
    asked = Asked("what changed since midnight", "changes", "en")
    again = Asked.of(asked.message())
    assert (again.window, again.span) == (asked.window, asked.span)
    assert asked.window


def test_changes_of_other_times_are_left_out_and_the_time_is_said() -> None:
    rows = [{"at": f"2026-12-02T0{hour}:30:00Z", "kind": "config"} for hour in (4, 2, 1)]
    asked = Asked("between 2 and 3 this morning", "changes", "en", asked_at=NOW.isoformat())
    kept, when = changes_within(asked, rows)
    assert [one["at"] for one in kept] == ["2026-12-02T02:30:00Z"]
    assert "2026-12-02 02:00 to 2026-12-02 03:00 UTC" in when


def test_changes_since_the_rollout_begin_with_the_last_one() -> None:
    rows = [
        {"at": "2026-12-02T08:00:00Z", "kind": "scale"},
        {"at": "2026-12-02T07:00:00Z", "kind": "deploy"},
        {"at": "2026-12-01T07:00:00Z", "kind": "deploy"},
    ]
    asked = Asked("发布之后改了什么", "changes", "zh", asked_at=NOW.isoformat())
    kept, when = changes_within(asked, rows)
    assert kept == rows[:2]
    assert "UTC" in when


def test_a_log_without_a_line_of_that_time_says_so_before_its_newest() -> None:
    lines = [{"at": "2026-12-02T09:29:00Z", "text": "ready"}]
    asked = Asked("logs of web at 3am", "logs", "en", asked_at=NOW.isoformat())
    kept, when = lines_within(asked, lines)
    assert kept == lines
    assert when.startswith("_No line of that time")
