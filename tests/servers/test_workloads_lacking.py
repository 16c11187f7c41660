"""Which workloads do not set a limit, a request or a probe in their template."""

import pytest

from mcp_servers.client import Tools
from mcp_servers.engines.lacking import SETS, lacking
from mcp_servers.facts.kubernetes import Resource

LIMITED = {"limits": {"cpu": "1", "memory": "1Gi"}}


def deployment(*containers: dict[str, object], kind: str = "Deployment") -> Resource:
    template = {"spec": {"containers": list(containers)}}
    return Resource({"kind": kind, "metadata": {"name": "web"}, "spec": {"template": template}})


@pytest.mark.parametrize("what", list(SETS))
def test_a_bare_container_lacks_everything(what: str) -> None:
    assert lacking(deployment({"name": "app"}), what) == ["app"]  # pyright: ignore[reportArgumentType]


def test_only_the_containers_that_lack_it_are_named() -> None:
    web = deployment({"name": "app", "resources": LIMITED}, {"name": "proxy"})
    assert lacking(web, "memory_limit") == ["proxy"]


def test_a_limit_is_a_request_too() -> None:
    assert lacking(deployment({"name": "app", "resources": LIMITED}), "requests") == []


def test_what_ends_by_itself_lacks_no_probe() -> None:
    job = deployment({"name": "app"}, kind="Job")
    assert lacking(job, "readiness_probe") == []
    assert lacking(job, "limits") == ["app"]


async def test_workloads_are_listed_that_set_no_memory_limit(tools: Tools) -> None:
    answer = await tools.call("kubernetes_list_workloads", lacking="memory_limit")
    rows = {row["name"]: row["lacking"] for row in answer.data["rows"]}
    assert rows["kube-proxy"] == ["kube-proxy"]
    assert "checkout" not in rows
    assert "without memory limit" in answer.text
