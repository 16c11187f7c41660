"""Lists of kinds that have no tool of their own, in the columns in which kubectl prints them."""

import pytest

from core.errors import Forbidden, Invalid, NotFound
from core.principal import Permission, Principal
from mcp_servers.client import Connections, Tools, in_process
from sandbox.server import Addresses

SHOP_ONLY = Principal(
    "shop", permissions=frozenset({Permission.CLUSTER_READ}), namespaces=frozenset({"shop"})
)


@pytest.mark.parametrize("kind", ["Service", "svc", "services"])
async def test_objects_of_a_kind_are_told_in_the_columns_of_kubectl(
    kind: str, tools: Tools
) -> None:
    answer = await tools.call("kubernetes_list_objects", kind=kind, namespace="shop")
    rows = {row["name"]: row for row in answer.data["rows"]}
    assert len(rows) == 6
    assert rows["checkout"]["cells"]["Type"] == "ClusterIP"
    assert rows["checkout"]["cells"]["Port(s)"] == "8080/TCP"
    assert rows["checkout"]["resource_version"]
    assert answer.text.startswith("Service objects in namespace shop: 6 shown of 6")


async def test_a_list_is_read_on_from_its_cursor_and_filtered_by_labels(tools: Tools) -> None:
    whole = await tools.call("kubernetes_list_objects", kind="clusterroles")
    assert whole.data["total"] == len(whole.data["rows"])
    one = await tools.call(
        "kubernetes_list_objects", kind="svc", selector="app.kubernetes.io/name=cart"
    )
    assert [row["name"] for row in one.data["rows"]] == ["cart"]
    with pytest.raises(Invalid):
        await tools.call("kubernetes_list_objects", kind="svc", cursor="nonsense")


async def test_a_list_of_secrets_has_no_value_in_it(tools: Tools) -> None:
    answer = await tools.call("kubernetes_list_objects", kind="secrets", namespace="shop")
    [row] = [row for row in answer.data["rows"] if row["name"] == "checkout-orders"]
    assert set(row["cells"]) == {"Type", "Data"}


async def test_an_unknown_kind_or_namespace_is_told_with_the_nearest(tools: Tools) -> None:
    with pytest.raises(NotFound, match="Did you mean Ingress"):
        await tools.call("kubernetes_list_objects", kind="ingres")
    with pytest.raises(NotFound, match="Did you mean shop"):
        await tools.call("kubernetes_list_objects", kind="svc", namespace="shpo")


async def test_who_may_see_one_namespace_sees_nothing_else(shop: Addresses) -> None:
    async with in_process(Connections(kubeconfig=shop.kubeconfig)) as sessions:
        seen = Tools(sessions, SHOP_ONLY)
        every = await seen.call("kubernetes_list_objects", kind="svc")
        assert {row["namespace"] for row in every.data["rows"]} == {"shop"}
        for hidden in ({"kind": "svc", "namespace": "payments"}, {"kind": "clusterroles"}):
            with pytest.raises(Forbidden):
                await seen.call("kubernetes_list_objects", **hidden)
