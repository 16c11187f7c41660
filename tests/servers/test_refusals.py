"""An account that may see little: nothing is claimed that it cannot know, and rules are named."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from core.errors import Forbidden
from mcp_servers.client import Connections, Tools, in_process
from sandbox.server import serving
from tests.servers.test_rca import ANN, SHOP

NOBODY = "system:serviceaccount:shop:checkout"


@asynccontextmanager
async def hardly_anything() -> AsyncGenerator[Tools]:
    """The tools, acting as an account without any right to read."""
    async with serving(SHOP) as addresses:
        connections = Connections(kubeconfig=addresses.kubeconfig, impersonate=NOBODY)
        async with in_process(connections) as sessions:
            yield Tools(sessions, ANN)


async def test_nothing_seen_is_not_called_healthy() -> None:
    async with hardly_anything() as tools:
        listed = await tools.call("rca_list_findings", namespace="shop")
        asked = await tools.call("rca_investigate", namespace="shop")
    assert listed.data["verdict"] == asked.data["verdict"] == "insufficient_data"
    assert {one["rule"] for one in listed.data["findings"]} == {"access.forbidden_self"}


async def test_the_rules_that_would_allow_it_are_named_per_role() -> None:
    async with hardly_anything() as tools:
        rules: str = (await tools.call("rca_list_findings", namespace="shop")).data["rbac"]
    whole, inside = rules.split("Add to Midwatch's Role in namespace shop:")
    assert whole.startswith("Add to Midwatch's ClusterRole:")
    assert '"namespaces", "nodes"' in whole
    assert 'apiGroups: ["apps"]\n  resources: ["daemonsets", "deployments"' in inside


async def test_what_cannot_be_seen_is_not_said_to_be_missing() -> None:
    async with hardly_anything() as tools:
        with pytest.raises(Forbidden) as caught:
            await tools.call("rca_investigate", namespace="shop", name="checkout")
    assert str(caught.value).startswith(
        "Whether there is a 'checkout' in namespace shop cannot be seen. "
        "Midwatch may not list Deployment, StatefulSet, DaemonSet or Pod in namespace shop."
    )
    assert 'resources: ["pods"]' in str(caught.value)
