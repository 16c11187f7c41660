"""What to ask for instead: never below what was used, never more than a step at once."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.engines.rightsizing import LEAST_MEMORY, MIB, Seen, sized
from mcp_servers.facts.kubernetes import Ref

CART = Seen(
    Ref("Deployment", "shop", "cart"), "cart", pods=2, hours=336, cpu_p95=0.3,
    memory_peak=400 * MIB, cpu_asked=0.5, memory_asked=700 * MIB, memory_limit=800 * MIB,
)  # fmt: skip
cores, sizes = st.floats(0, 64), st.floats(0, 2**38)


@given(cores, sizes, cores, sizes, sizes, st.booleans(), st.floats(0, 400))
def test_advice_is_never_below_use_nor_more_than_a_step_down(
    cpu: float, peak: float, cpu_asked: float, asked: float, limit: float, oom: bool, hours: float
) -> None:
    seen = replace(
        CART, cpu_p95=cpu, memory_peak=peak, cpu_asked=cpu_asked, memory_asked=asked,
        memory_limit=limit, oom_killed=oom, hours=hours,
    )  # fmt: skip
    told = sized(seen)
    if told.cpu is not None:
        assert told.cpu >= cpu
        assert told.cpu >= cpu_asked / 2
    if told.memory is not None:
        assert told.memory >= max(peak, LEAST_MEMORY, asked / 2) - 1e-6
        assert not oom or told.memory >= max(asked, limit)
    assert hours >= 3 or told.cpu is None
    assert hours >= 3 or oom or told.memory is None


def test_the_peak_has_room_and_the_percentile_has_none() -> None:
    told = sized(CART)
    assert (told.cpu, told.confidence, told.why) == (0.3, "high", ())
    assert told.memory == pytest.approx(460 * MIB)
    assert told.cpu_freed == pytest.approx(0.4)


def test_half_is_the_most_that_is_cut_at_once() -> None:
    told = sized(replace(CART, cpu_p95=0.01))
    assert (told.cpu, told.why) == (0.25, ("step",))


def test_what_was_killed_for_memory_gets_more() -> None:
    told = sized(replace(CART, oom_killed=True))
    assert (told.memory, told.why) == (1000 * MIB, ("oom",))


def test_what_an_autoscaler_counts_by_is_left_alone() -> None:
    told = sized(replace(CART, scaled_by=frozenset({"cpu"})))
    assert (told.cpu, told.why) == (None, ("hpa",))
    assert told.memory is not None


def test_a_heap_is_not_cut_into() -> None:
    told = sized(replace(CART, heap=512 * MIB, memory_asked=1024 * MIB))
    assert (told.memory, told.why) == (640 * MIB, ("heap",))


@pytest.mark.parametrize(("hours", "confidence"), [(4, "low"), (200, "medium"), (330, "high")])
def test_confidence_is_the_length_of_the_history(hours: float, confidence: str) -> None:
    assert sized(replace(CART, hours=hours)).confidence == confidence


def test_small_differences_are_not_worth_a_rollout() -> None:
    told = sized(replace(CART, cpu_p95=0.48, memory_peak=600 * MIB))
    assert (told.cpu, told.memory) == (None, None)
