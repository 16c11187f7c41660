"""Kubernetes tools before an API server that a test makes up."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from core.errors import UpstreamUnavailable
from mcp_servers.client import Connections, Tools, in_process
from tests.backends.loopback import Asked, answering, kubeconfig_for
from tests.factories import container, node, pod
from tests.servers.conftest import ANN

MISSING = {"kind": "Status", "message": "the server could not find the requested resource"}


@asynccontextmanager
async def facing(folder: Path, answers: dict[str, Any]) -> AsyncGenerator[Tools]:
    """A cluster that gives these bodies for the paths that end so, and 404 for all others."""

    def answer(asked: Asked) -> tuple[int, Any]:
        for ending, body in answers.items():
            if asked.path.endswith(ending):
                return 200, body
        return 404, MISSING

    with answering(answer) as server:
        config = kubeconfig_for(folder, server.url)
        async with in_process(Connections(kubeconfig=config)) as sessions:
            yield Tools(sessions, ANN)


async def test_usage_comes_from_the_metrics_api_first(tmp_path: Path) -> None:
    two = pod(spec={"containers": [container("web"), container("side")]}, name="web-1")
    usage = [
        {"name": "web", "usage": {"cpu": "250m", "memory": "192Mi"}},
        {"name": "side", "usage": {"cpu": "500000n", "memory": "64Mi"}},
    ]
    measured = {"metadata": {"name": "web-1", "namespace": "shop"}, "containers": usage}
    answers = {
        "metrics.k8s.io/v1beta1/namespaces/shop/pods": {"items": [measured]},
        "/namespaces/shop/pods": {"items": [two]},
    }
    async with facing(tmp_path, answers) as tools:
        answer = await tools.call("kubernetes_top", namespace="shop")
    [row] = answer.data["rows"]
    assert answer.data["source"] == "metrics.k8s.io"
    assert (row["memory_bytes"], row["memory_limit_bytes"]) == (256 * 2**20, 512 * 2**20)
    assert (row["cpu_cores"], row["cpu_limit_cores"], row["memory_percent"]) == (0.2505, None, 50)


async def test_usage_of_nodes_is_beside_what_they_can_give(tmp_path: Path) -> None:
    measured = {"metadata": {"name": "node-1"}, "usage": {"cpu": "1", "memory": "2Gi"}}
    answers = {
        "metrics.k8s.io/v1beta1/nodes": {"items": [measured]},
        "/nodes": {"items": [node()]},
    }
    async with facing(tmp_path, answers) as tools:
        answer = await tools.call("kubernetes_top", of="nodes")
    assert "node-1 cpu=1/4(25%) memory=2Gi/8Gi(25%)" in answer.text


async def test_without_any_source_of_usage_both_are_named(tmp_path: Path) -> None:
    async with facing(tmp_path, {"/api/v1/pods": {"items": [pod()]}}) as tools:
        with pytest.raises(UpstreamUnavailable, match=r"metrics\.k8s\.io.*Prometheus is not conf"):
            await tools.call("kubernetes_top")


async def test_a_huge_object_is_cut_until_it_fits(tmp_path: Path) -> None:
    data = {f"file-{n}.txt": "x" * 20_000 for n in range(50)}
    big = {"metadata": {"name": "big", "namespace": "shop"}, "data": data}
    async with facing(tmp_path, {"/configmaps/big": big}) as tools:
        answer = await tools.call("kubernetes_get_object", kind="cm", name="big", namespace="shop")
    assert answer.data["shortened"]
    assert len(answer.text) <= 16_100
    assert "more characters" in answer.text


async def test_managers_and_applied_copies_are_left_out(tmp_path: Path) -> None:
    notes = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "team": "a"}
    metadata = {"name": "x", "namespace": "shop", "managedFields": [{}], "annotations": notes}
    async with facing(tmp_path, {"/services/x": {"metadata": metadata}}) as tools:
        answer = await tools.call("kubernetes_get_object", kind="svc", name="x", namespace="shop")
    assert answer.data["object"]["metadata"] == {
        "name": "x",
        "namespace": "shop",
        "annotations": {"team": "a"},
    }


async def test_many_pods_come_in_pages(tmp_path: Path) -> None:
    every = [pod(name=f"web-{n:03d}") for n in range(120)]
    async with facing(tmp_path, {"/pods": {"items": every}}) as tools:
        first = await tools.call("kubernetes_list_pods")
        second = await tools.call("kubernetes_list_pods", cursor=first.data["cursor"])
    assert first.data["shown"] == "50 shown of 120"
    assert first.text.endswith(f"more: cursor={first.data['cursor']}")
    assert second.data["rows"][0]["name"] == "web-050"


async def test_long_log_lines_do_not_flood_the_reader(tmp_path: Path) -> None:
    lines = "\n".join(f"2026-03-10T12:00:{n % 60:02d}Z {'y' * 3_000}" for n in range(100))
    answers = {"/pods": {"items": [pod(name="web-1")]}, "/pods/web-1/log": lines.encode()}
    async with facing(tmp_path, answers) as tools:
        answer = await tools.call("kubernetes_get_logs", namespace="shop", name="web-1", tail=100)
    assert len(answer.text) < 17_000
    assert answer.data["truncated"]
    assert answer.data["lines"][-1]["text"].endswith("…")


async def test_secrets_in_logs_are_taken_out(tmp_path: Path) -> None:
    log = b"2026-03-10T12:00:00Z login password=correcthorse99 ok"
    answers = {"/pods": {"items": [pod(name="web-1")]}, "/pods/web-1/log": log}
    async with facing(tmp_path, answers) as tools:
        answer = await tools.call("kubernetes_get_logs", namespace="shop", name="web-1")
    assert "correcthorse99" not in answer.text + str(answer.data)
    assert "[redacted:password]" in answer.text
