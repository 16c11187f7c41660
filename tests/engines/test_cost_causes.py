"""Which workloads made days cost otherwise, and what of them changed."""

from datetime import date, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mcp_servers.engines.cost_causes import Part, causes

DAY = timedelta(days=1)
START = date(2026, 3, 15)
DAYS = [START + DAY * i for i in range(-14, 3)]
END = START + DAY * 2


def course(before: Part | None, after: Part | None) -> dict[date, Part]:
    told = {day: before if day < START else after for day in DAYS}
    return {day: part for day, part in told.items() if part}


STEADY = Part(10, 6, 3, 24, 48)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (None, Part(10, 6, 3, 24, 48), "new"),
        (Part(10, 6, 3, 24, 48), None, "gone"),
        (STEADY, Part(16, 12, 3, 48, 48), "cpu"),
        (STEADY, Part(13, 6, 6, 24, 96), "memory"),
        (STEADY, Part(19, 12, 6, 24, 48), "price"),
        (STEADY, Part(30, 6, 3, 24, 48), "other"),
        (STEADY, Part(7, 3, 3, 12, 48), "cpu"),
    ],
)
def test_what_changed_of_a_workload_is_named(
    before: Part | None, after: Part | None, kind: str
) -> None:
    told = causes(DAYS, {"steady": course(STEADY, STEADY), "it": course(before, after)}, START, END)
    assert [(one.workload, one.kind) for one in told] == [("it", kind)]


def test_who_went_the_other_way_is_no_cause() -> None:
    parts = {
        "grew": course(STEADY, Part(40, 36, 3, 144, 48)),
        "shrank": course(STEADY, Part(5, 1, 3, 4, 48)),
    }
    assert [one.workload for one in causes(DAYS, parts, START, END)] == ["grew"]


def test_without_days_before_nothing_is_said() -> None:
    parts = {"it": course(STEADY, Part(40, 36, 3, 144, 48))}
    assert causes(DAYS[12:], parts, START, END) == []
    assert causes(DAYS[:14], parts, START, END) == []


amounts = st.floats(0.1, 1e6)


@given(st.lists(st.tuples(amounts, amounts), min_size=1, max_size=12))
def test_causes_are_the_largest_first_and_all_in_the_direction_of_the_whole(
    costs: list[tuple[float, float]],
) -> None:
    parts = {f"w{i}": course(Part(before), Part(after)) for i, (before, after) in enumerate(costs)}
    told = causes(DAYS, parts, START, END, most=12)
    whole = sum(after - before for before, after in costs)
    assume(abs(whole) > 1e-6 * sum(before + after for before, after in costs))
    sizes = [abs(one.difference) for one in told]
    assert sizes == sorted(sizes, reverse=True)
    assert all(one.difference * whole > 0 for one in told)
