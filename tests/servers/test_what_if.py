"""Other replicas, supposed: what they would take, whether they fit, and what the bill does."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid, NotFound
from mcp_servers.client import Tools
from mcp_servers.engines.spare_room import fit
from mcp_servers.facts.money import Amounts

SIZES = st.builds(Amounts, st.floats(0, 64), st.floats(0, 256))


@given(st.lists(SIZES, max_size=8), SIZES, st.integers(0, 200))
def test_all_that_come_fit_or_have_nodes(free: list[Amounts], pod: Amounts, coming: int) -> None:
    whole = [Amounts(64, 256)]
    found = fit(free, whole, pod, coming)
    assert 0 <= found.fitting <= coming
    assert found.nodes is not None
    on_one = min((room // wants for room, wants in ((64, pod.cpu), (256, pod.memory)) if wants),
                 default=math.inf)  # fmt: skip
    assert found.nodes * on_one >= coming - found.fitting - 1e-6 or found.fitting == coming


def test_a_pod_that_is_larger_than_any_node_needs_none_that_there_is() -> None:
    assert fit([Amounts(4, 16)], [Amounts(8, 32)], Amounts(9, 1), 2).nodes is None


def test_nodes_that_are_over_taken_have_no_room() -> None:
    found = fit([Amounts(-1, 5)], [Amounts(4, 16)], Amounts(1, 1), 8)
    assert (found.fitting, found.nodes) == (0, 2)


async def test_twice_the_replicas_take_twice_as_much_and_the_bill_stays(tools: Tools) -> None:
    asked = {"name": "storefront", "namespace": "shop", "times": 2}
    data = (await tools.call("budgets_what_if", **asked)).data
    assert (data["replicas"], data["replicas_then"]) == (2, 4)
    assert data["monthly"] > 0
    assert data["monthly_then"] == pytest.approx(2 * data["monthly"], rel=1e-4)
    assert (data["fitting"], data["nodes_needed"], data["bill_difference"]) == (2, 0, 0)
    assert "what_if.fits" in {one["code"] for one in data["notes"]}


async def test_so_many_more_are_added_to_those_that_run(tools: Tools) -> None:
    asked = {"name": "storefront", "namespace": "shop", "more": 3}
    data = (await tools.call("budgets_what_if", **asked)).data
    assert (data["replicas"], data["replicas_then"], data["fitting"]) == (2, 5, 3)


async def test_what_has_no_room_takes_nodes_and_these_cost(tools: Tools) -> None:
    asked = {"name": "storefront", "namespace": "shop", "replicas": 400, "language": "zh"}
    data = (await tools.call("budgets_what_if", **asked)).data
    assert 0 < data["fitting"] < 398
    assert data["nodes_needed"] > 1
    assert data["bill_difference"] > 0
    assert any("个节点" in one["text"] for one in data["notes"])


@pytest.mark.parametrize(
    ("wrong", "error", "sentence"),
    [
        ({"name": "storefrnt", "times": 2}, NotFound, "Did you mean storefront"),
        ({"name": "storefront"}, Invalid, "Give either replicas or times"),
        ({"name": "storefront", "times": 2, "replicas": 3}, Invalid, "either replicas or times"),
        ({"name": "storefront", "times": 2, "more": 3}, Invalid, "or how many more"),
        ({"name": "storefront", "times": -1}, Invalid, "times"),
    ],
    ids=["name", "nothing", "both", "both_more", "below"],
)
async def test_what_cannot_be_supposed_is_one_sentence(
    tools: Tools, wrong: dict[str, object], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        await tools.call("budgets_what_if", **wrong)
