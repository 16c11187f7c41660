"""Listed objects share equal parts and are otherwise what they were."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.backends.kinds import BUILT_IN, by_spelling
from mcp_servers.backends.kubernetes_parsing import resources_of
from mcp_servers.backends.sharing import Sharing

WORDS = by_spelling(BUILT_IN)

values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text("xy", max_size=2), inner),
    max_leaves=6,
)
objects = st.dictionaries(st.sampled_from(["metadata", "spec", "status", "data"]), values)


@given(st.lists(objects, max_size=8))
def test_no_object_changes_by_sharing(items: list[dict[str, Any]]) -> None:
    before = copy.deepcopy(items)
    sharing = Sharing()
    shared = [sharing.of(item) for item in items]
    assert repr(shared) == repr(before)


def test_pods_of_one_workload_have_one_specification() -> None:
    def pod(node: str) -> dict[str, Any]:
        containers = [{"name": "app", "image": f"shop/{'app'}:1"}]
        return {"metadata": {"name": node}, "spec": {"containers": containers, "nodeName": node}}

    sharing = Sharing()
    first, second = sharing.of(pod("a")), sharing.of(pod("b"))
    assert first["spec"]["containers"] is second["spec"]["containers"]
    assert (first["spec"]["nodeName"], second["spec"]["nodeName"]) == ("a", "b")


WRITER = {"manager": "kubelet", "time": "2026-11-20T10:00:00Z", "fieldsV1": {"f:status": {}}}


@pytest.mark.parametrize(("kind", "kept"), [("pod", False), ("event", False), ("service", True)])
def test_who_wrote_an_object_is_kept_where_somebody_asks_for_it(kind: str, kept: bool) -> None:
    metadata = {"name": "web", "labels": {"app": "web"}, "managedFields": [WRITER]}
    [listed] = resources_of({"items": [{"metadata": metadata}]}, WORDS[kind], Sharing())
    assert ("managedFields" in listed.metadata) is kept
    assert (listed.name, listed.labels) == ("web", {"app": "web"})


def test_one_object_asked_for_alone_is_told_in_full() -> None:
    [got] = resources_of({"items": [{"metadata": {"managedFields": [WRITER]}}]}, WORDS["pod"])
    assert got.metadata["managedFields"] == [WRITER]
