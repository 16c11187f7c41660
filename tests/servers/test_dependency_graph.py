"""rca_dependency_graph over the wire: the practice shop and what it needs."""

from typing import Any

import pytest

from core.errors import Forbidden, Invalid, NotFound
from mcp_servers.client import Connections, Sessions, Tools, in_process
from sandbox.server import Addresses
from tests.servers.conftest import ANN, BOB

Edge = tuple[str, str, str]


def edges(answer: dict[str, Any]) -> set[Edge]:
    return {
        (_name(one["dependent"]), one["kind"], _name(one["dependency"])) for one in answer["rows"]
    }


def _name(ref: dict[str, str]) -> str:
    return f"{ref['kind']} {ref['namespace']}/{ref['name']}"


async def test_a_service_has_its_callers_its_needs_and_what_crosses_namespaces(
    tools: Tools,
) -> None:
    answer = (await tools.call("rca_dependency_graph", namespace="shop", name="checkout")).data
    assert edges(answer) >= {
        ("Deployment shop/storefront", "call", "Service shop/checkout"),
        ("Deployment shop/checkout", "call", "Service payments/ledger"),
        ("Service shop/checkout", "selector", "Deployment shop/checkout"),
        ("Deployment shop/checkout", "reference", "Secret shop/checkout-orders"),
        ("Deployment shop/checkout", "node", "Node /harbour-w-1"),
    }
    [crossing] = [one for one in answer["rows"] if one["cross_namespace"] and one["kind"] == "call"]
    assert crossing["dependency"]["namespace"] == "payments"


async def test_every_edge_has_evidence_and_calls_are_measured_too(tools: Tools) -> None:
    answer = (await tools.call("rca_dependency_graph", namespace="shop", name="checkout")).data
    assert all(one["evidence"] for one in answer["rows"])
    assert all(item["ref"] and item["text"] for one in answer["rows"] for item in one["evidence"])
    sources = {item["source"] for one in answer["rows"] for item in one["evidence"]}
    assert {"object", "metric", "log"} <= sources


async def test_the_resources_are_the_ends_of_the_edges_shown(tools: Tools) -> None:
    answer = (await tools.call("rca_dependency_graph", namespace="payments")).data
    ends = {_name(row[end]) for row in answer["rows"] for end in ("dependent", "dependency")}
    assert {_name(one) for one in answer["resources"]} == ends
    assert "NetworkPolicy payments/ledger-callers" in ends


async def test_the_whole_cluster_comes_in_pages_without_a_gap(tools: Tools) -> None:
    seen: list[Edge] = []
    cursor = ""
    while True:
        answer = (await tools.call("rca_dependency_graph", cursor=cursor)).data
        seen += sorted(edges(answer))
        cursor = answer["cursor"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == answer["total"] > 60


async def test_more_hops_reach_further(tools: Tools) -> None:
    near, far = [
        (await tools.call("rca_dependency_graph", namespace="shop", name="cart", hops=hops)).data
        for hops in (1, 3)
    ]
    assert edges(near) < edges(far)


async def test_who_sees_one_namespace_is_told_of_no_object_elsewhere(shopkeeper: Tools) -> None:
    answer = (await shopkeeper.call("rca_dependency_graph", namespace="shop")).data
    assert "payments" not in {one["namespace"] for one in answer["resources"]}
    assert answer["rows"]


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"name": "chekout"}, NotFound, "Did you mean"),
        ({"namespace": "shpo"}, NotFound, "no namespace 'shpo'"),
        ({"hops": 9}, Invalid, "hops"),
        ({"cursor": "x"}, Invalid, "not a cursor"),
    ],
)
async def test_a_wrong_argument_is_answered_in_words(
    tools: Tools, arguments: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        await tools.call("rca_dependency_graph", **arguments)


async def test_it_needs_the_right_to_read_incidents(sessions: Sessions) -> None:
    with pytest.raises(Forbidden, match="incidents:read"):
        await Tools(sessions, BOB).call("rca_dependency_graph")


async def test_without_metrics_the_objects_still_tell(shop: Addresses) -> None:
    alone = Connections(kubeconfig=shop.kubeconfig, prometheus_url="http://127.0.0.1:9")
    async with in_process(alone) as sessions:
        mine = Tools(sessions, ANN)
        answer = (await mine.call("rca_dependency_graph", namespace="shop", name="checkout")).data
    assert ("Deployment shop/checkout", "call", "Service payments/ledger") in edges(answer)
    assert [one["what"] for one in answer["skipped"]] == ["metrics"]
