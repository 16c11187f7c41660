"""Thresholds from history: the last one never fired, and the suggested one seldom enough."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.engines.threshold_trials import suggested, thresholds
from mcp_servers.facts.metrics import Series
from mcp_servers.facts.slo import Threshold

START, STEP = datetime(2026, 11, 1, tzinfo=UTC), timedelta(minutes=1)
VALUES = st.lists(st.floats(-1e9, 1e9).filter(lambda one: abs(one) > 1e-6), min_size=1, max_size=60)


def line(values: list[float]) -> Series:
    points = tuple((START + n * STEP, value) for n, value in enumerate(values))
    return Series("x", (), points)


def found(values: list[float], *, above: bool = True, held: int = 0) -> list[Threshold]:
    until = START + (len(values) - 1) * STEP
    return thresholds(
        [line(values)], above=above, held=timedelta(minutes=held), step=STEP, until=until
    )


@given(VALUES, st.booleans())
def test_the_last_candidate_would_never_have_fired(values: list[float], above: bool) -> None:
    assert found(values, above=above)[-1].fired == 0


@given(VALUES, st.booleans(), st.integers(0, 3))
def test_the_suggestion_fired_seldom_enough_and_no_more_sensitive_candidate_did(
    values: list[float], above: bool, at_most: int
) -> None:
    candidates = found(values, above=above)
    one = suggested(candidates, at_most=at_most)
    assert one is not None
    assert one.fired <= at_most
    before = candidates[: candidates.index(one)]
    assert all(other.fired > at_most for other in before)


@given(VALUES)
def test_what_is_too_low_is_judged_as_its_mirror_that_is_too_high(values: list[float]) -> None:
    below = [(-one.value, one.fired) for one in found(values, above=False)]
    assert below == [(one.value, one.fired) for one in found([-one for one in values])]


def test_a_spike_that_is_over_soon_is_no_reason_to_fire() -> None:
    calm = [10.0 + n % 3 for n in range(200)]
    spiked = [*calm[:100], 90.0, *calm[101:]]
    one = suggested(found(spiked, held=5), at_most=0)
    assert one is not None
    assert one.value < 90


def test_without_values_there_are_no_candidates() -> None:
    assert thresholds([], above=True, held=STEP, step=STEP, until=START) == []
    assert suggested([], at_most=2) is None
