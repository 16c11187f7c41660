"""A role may be bounded to clusters: the servers of this one refuse whoever does not reach it."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from core.errors import Forbidden
from mcp_servers.client import Connections, Sessions, Tools, in_process
from sandbox.server import Addresses
from tests.servers.conftest import ANN

ABROAD = replace(ANN, clusters=frozenset({"us-1"}))
AT_HOME = replace(ANN, clusters=frozenset({"eu-1", "us-1"}))
ASKED = {
    "kubernetes_list_pods": {"namespace": "shop"},
    "prometheus_alerts": {},
    "rca_investigate": {"namespace": "shop"},
    "forecast_disks": {},
    "budgets_list": {},
    "autofix_status": {},
}


@pytest.fixture
async def sessions(shop: Addresses) -> AsyncGenerator[Sessions]:
    reach = Connections(
        kubeconfig=shop.kubeconfig,
        cluster="eu-1",
        prometheus_url=shop.prometheus,
        alertmanager_url=shop.alertmanager,
    )
    async with in_process(reach) as opened:
        yield opened


@pytest.mark.parametrize("tool", ASKED)
async def test_no_tool_of_this_cluster_answers_who_does_not_reach_it(
    sessions: Sessions, tool: str
) -> None:
    with pytest.raises(Forbidden, match="You may not reach cluster eu-1") as refused:
        await Tools(sessions, ABROAD).call(tool, **ASKED[tool])
    assert refused.value.hint == "You may reach: us-1."
    assert "您无权访问集群 eu-1" in refused.value.told("zh")


async def test_who_reaches_it_is_answered_with_its_name(sessions: Sessions) -> None:
    answer = await Tools(sessions, AT_HOME).call("kubernetes_list_namespaces")
    assert answer.data["cluster"] == "eu-1"


async def test_its_alertmanager_belongs_to_it(sessions: Sessions) -> None:
    lists = "alerting_list_alertmanagers"
    assert (await Tools(sessions, AT_HOME).call(lists)).data["rows"]
    assert not (await Tools(sessions, ABROAD).call(lists)).data["rows"]
