"""How many instances a load takes, from each thing that may say what one carries."""

import pytest

from mcp_servers.engines.scaling import Instance, carries, cost_of_one, first_above, needed

NAN = float("nan")
LOADS = [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]
ONES = [1.0] * 6


def test_requests_are_divided_by_the_cores_that_one_takes() -> None:
    found = carries("qps", Instance(cpu_request=0.5), 0.7, LOADS, ONES, [one / 50 for one in LOADS])
    assert found is not None
    assert (found.basis, found.cost) == ("cpu_per_request", pytest.approx(0.02))
    assert found.amount == pytest.approx(17.5)
    assert needed(60, found.amount) == 4


def test_cpu_is_divided_by_the_request_and_else_by_the_limit() -> None:
    asked = carries("cpu", Instance(cpu_request=0.5, cpu_limit=2), 0.6, LOADS, ONES, LOADS)
    bound = carries("memory", Instance(memory_limit=100), 0.8, LOADS, ONES, LOADS)
    assert (asked and asked.amount, asked and asked.basis) == (pytest.approx(0.3), "request")
    assert (bound and bound.amount, bound and bound.basis) == (pytest.approx(80), "limit")


def test_without_either_it_is_what_one_has_carried_at_its_busiest() -> None:
    found = carries("qps", Instance(), 0.7, LOADS, [2.0] * 6, [NAN] * 6)
    assert found is not None
    assert found.basis == "carried"
    assert found.amount == pytest.approx(29.75)


def test_with_nothing_known_no_number_is_made_up() -> None:
    assert carries("qps", Instance(cpu_request=1), 0.7, LOADS, [NAN] * 6, [NAN] * 6) is None
    assert cost_of_one([0.0] * 9, [1.0] * 9) == 0


def test_a_whole_number_is_not_rounded_up() -> None:
    assert (needed(2.1, 0.7), needed(0, 5), needed(2.11, 0.7)) == (3, 1, 4)
    assert (first_above([1, 3, 2], 2), first_above([1], 2)) == (1, None)
