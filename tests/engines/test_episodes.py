"""A change that goes on is one, however often it is looked at."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.engines.episodes import SEVERITIES, Noticed, at_least, going_on

HOUR = timedelta(hours=1)
T0 = datetime(2026, 3, 1, tzinfo=UTC)


def noticed(start: int, hours: int, *, kept_as: str = "", **more: str) -> Noticed:
    begin = T0 + HOUR * start
    told = Noticed(
        "namespace/shop", "hour", "up", begin, begin + HOUR * hours, 2.0, "high", kept_as
    )
    return replace(told, **more) if more else told


def test_what_grows_keeps_its_id_and_its_beginning() -> None:
    [one] = going_on([noticed(0, 3, kept_as="a")], [noticed(0, 9)])
    assert (one.id, one.start, one.end) == ("a", T0, T0 + HOUR * 9)


def test_a_pause_of_a_few_hours_is_none_and_a_longer_one_is() -> None:
    [near] = going_on([noticed(0, 3, kept_as="a")], [noticed(8, 2)])
    [far] = going_on([noticed(0, 3, kept_as="a")], [noticed(12, 2)])
    assert (near.id, far.id) == ("a", "")


@pytest.mark.parametrize(
    "other", [{"scope": "namespace/data"}, {"direction": "down"}, {"step": "day"}]
)
def test_what_is_of_another_kind_is_another_change(other: dict[str, str]) -> None:
    [one] = going_on([noticed(0, 3, kept_as="a")], [noticed(1, 3, **other)])
    assert one.id == ""


def test_two_beside_one_that_was_kept_are_one_with_the_worse_severity() -> None:
    found = [noticed(4, 2), noticed(0, 3, severity="critical")]
    [one] = going_on([noticed(0, 3, kept_as="a")], found)
    assert (one.id, one.impact, one.severity) == ("a", 4.0, "critical")
    assert one.end == T0 + HOUR * 6


Spans = st.lists(st.tuples(st.integers(0, 300), st.integers(1, 30)), max_size=12)


@given(Spans)
def test_looking_again_at_the_same_makes_nothing_new(spans: list[tuple[int, int]]) -> None:
    found = [noticed(start, hours) for start, hours in spans]
    kept = [replace(one, id=str(i)) for i, one in enumerate(going_on([], found))]
    again = going_on(kept, found)
    assert {one.id for one in again} <= {one.id for one in kept}
    assert len({one.id for one in again}) == len(again)


@given(Spans, Spans)
def test_every_kept_change_is_gone_on_with_once(
    before: list[tuple[int, int]], now: list[tuple[int, int]]
) -> None:
    kept = [noticed(*span, kept_as=str(i)) for i, span in enumerate(before)]
    ids = [one.id for one in going_on(kept, [noticed(*span) for span in now]) if one.id]
    assert len(ids) == len(set(ids))


def test_severities_are_in_order() -> None:
    assert [at_least(one, "high") for one in SEVERITIES] == [False, False, True, True]
