"""Listed objects share equal parts and are otherwise what they were."""

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.backends.sharing import Sharing

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
