"""When a rule would have fired, from the points at which its expression held."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.engines.rule_history import firings
from mcp_servers.facts.metrics import Series

START = datetime(2026, 11, 1, tzinfo=UTC)
STEP = timedelta(minutes=1)


def held_at(*minutes: int, pod: str = "a") -> Series:
    points = tuple((START + STEP * one, 1.0) for one in minutes)
    return Series("x > 1", (("pod", pod),), points)


def at(minute: int) -> datetime:
    return START + STEP * minute


def test_what_holds_at_once_and_ends_fired_once_for_as_long_as_it_held() -> None:
    [one] = firings([held_at(3, 4, 5)], held=timedelta(0), step=STEP, until=at(60))
    assert (one.began, one.ended, one.lasted_s) == (at(3), at(6), 180)


def test_a_rule_that_waits_fires_only_after_its_for_and_not_for_what_was_shorter() -> None:
    series = [held_at(1, 2, *range(10, 21))]
    [one] = firings(series, held=timedelta(minutes=5), step=STEP, until=at(60))
    assert (one.began, one.ended) == (at(15), at(21))


def test_a_gap_ends_one_alert_and_begins_another() -> None:
    found = firings([held_at(1, 2, 4, 5)], held=timedelta(0), step=STEP, until=at(60))
    assert [one.began for one in found] == [at(1), at(4)]


def test_what_reaches_to_the_end_fires_still() -> None:
    [one] = firings([held_at(58, 59, 60)], held=timedelta(0), step=STEP, until=at(60))
    assert one.ended is None
    assert one.lasted_s == 120


def test_label_sets_fire_apart_and_are_told_in_the_order_of_their_beginnings() -> None:
    series = [held_at(9, pod="b"), held_at(2, pod="a")]
    found = firings(series, held=timedelta(0), step=STEP, until=at(60))
    assert [dict(one.labels)["pod"] for one in found] == ["a", "b"]


@given(st.sets(st.integers(0, 200)), st.integers(0, 20))
def test_a_longer_for_never_fires_more_often_nor_longer(minutes: set[int], held: int) -> None:
    series = [held_at(*sorted(minutes))]
    at_once = firings(series, held=timedelta(0), step=STEP, until=at(200))
    later = firings(series, held=STEP * held, step=STEP, until=at(200))
    assert len(later) <= len(at_once)
    assert sum(one.lasted_s for one in later) <= sum(one.lasted_s for one in at_once)
