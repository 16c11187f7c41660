"""Logs that cannot be had: which are asked for again, and what is said of them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from mcp_servers.client import Connections, Tools, in_process
from sandbox.server import serving
from tests import proxy as faults
from tests.factories import pod, running, workload
from tests.proxy import Proxy, proxying
from tests.servers.test_rca_gathering import ANN, cluster_of, write

LOGS_OF_A = r"/pods/a-\d/log"
DEAD = faults.status(500, "Get https://10.0.0.7:10250/containerLogs: connect: no route to host")
TRIES = 4
AT_ONCE = 2


def unready(node: str, count: int) -> list[dict[str, Any]]:
    """Pods on a node, of which each is worth reading."""
    return [
        pod(name=f"{node}-{n}", status=[running(ready=False)], spec={"nodeName": node})
        for n in range(count)
    ]


def write_log(folder: Path, pod_name: str, text: str) -> None:
    log = folder / "logs" / "shop" / pod_name / "web.log"
    log.parent.mkdir(parents=True)
    log.write_text(text)


@asynccontextmanager
async def through_proxy(
    folder: Path, *objects: dict[str, Any]
) -> AsyncGenerator[tuple[Tools, Proxy]]:
    write(folder, *objects)
    for one in (*workload(), *objects):
        if one["kind"] != "Pod":
            continue
        write_log(folder, one["metadata"]["name"], "2026-03-10T11:59:00Z ready to serve\n")
    async with serving(folder) as addresses:
        with proxying(addresses.kubernetes) as proxy:
            file = faults.kubeconfig_through(proxy, addresses.kubeconfig, folder)
            async with in_process(Connections(kubeconfig=file)) as sessions:
                yield Tools(sessions, ANN), proxy


def of_logs(answer: dict[str, Any], field: str = "not_checked") -> list[str]:
    return [one["why"] for one in answer[field] if one["what"] == "logs"]


async def test_a_node_that_gives_no_logs_is_given_up_and_named_once(tmp_path: Path) -> None:
    async with through_proxy(tmp_path, *unready("a", 9), *unready("b", 3)) as (mine, proxy):
        proxy.fail(LOGS_OF_A, DEAD, times=999)
        answer = (await mine.call("rca_investigate")).data
        assert proxy.requests(LOGS_OF_A) == AT_ONCE * TRIES
        assert proxy.requests(r"/pods/b-\d/log") == 3
    [why] = of_logs(answer)
    assert why.startswith("upstream_unavailable: No logs come from node a; 9 were left out.")


async def test_it_is_told_in_chinese_too(tmp_path: Path) -> None:
    async with through_proxy(tmp_path, *unready("a", 3)) as (mine, proxy):
        proxy.fail(LOGS_OF_A, DEAD, times=999)
        answer = (await mine.call("rca_list_findings", language="zh")).data
    [why] = of_logs(answer, "skipped")
    assert why.startswith("以下节点不返回日志：a；有 3 份未读取。")


async def test_a_node_that_gives_some_logs_is_asked_for_all(tmp_path: Path) -> None:
    async with through_proxy(tmp_path, *unready("a", 5)) as (mine, proxy):
        proxy.fail("/pods/a-1/log", DEAD, times=999)
        answer = (await mine.call("rca_investigate")).data
        assert proxy.requests(r"/pods/a-[02-4]/log") == 4
    [why] = of_logs(answer)
    assert "node a" not in why


async def test_a_failure_that_passes_costs_no_log(tmp_path: Path) -> None:
    async with through_proxy(tmp_path, *unready("a", 3)) as (mine, proxy):
        proxy.fail(LOGS_OF_A, DEAD, times=2)
        answer = (await mine.call("rca_investigate")).data
        assert proxy.requests(LOGS_OF_A) == 3 + 2
    assert of_logs(answer) == []


async def test_many_nodes_are_one_sentence(tmp_path: Path) -> None:
    pods = [one for number in range(7) for one in unready(f"n{number}", 1)]
    async with through_proxy(tmp_path, *pods) as (mine, proxy):
        proxy.fail(r"/pods/n\d-0/log", DEAD, times=999)
        answer = (await mine.call("rca_investigate")).data
    [why] = of_logs(answer)
    assert "node n0, n1, n2, n3, n4 and 2 more; 7 were left out." in why


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "No log was kept of shop/a-0 web, shop/a-1 web, shop/web-"),
        ("zh", "没有这些容器的日志：shop/a-0 web, shop/a-1 web, shop/web-"),
    ],
)
async def test_a_snapshot_without_logs_says_that_they_were_not_seen(
    tmp_path: Path, language: str, told: str
) -> None:
    async with cluster_of(tmp_path, *unready("a", 2)) as mine:
        answer = (await mine.call("rca_investigate", namespace="shop", language=language)).data
        skipped = (await mine.call("rca_list_findings", namespace="shop", language=language)).data
    [why] = of_logs(answer)
    assert why.startswith(told)
    assert of_logs(skipped, "skipped") == [why]


async def test_a_log_that_is_kept_and_empty_was_seen(tmp_path: Path) -> None:
    write_log(tmp_path, "a-0", "")
    async with cluster_of(tmp_path, *unready("a", 1)) as mine:
        assert of_logs((await mine.call("rca_investigate")).data) == []


async def test_only_broken_containers_are_missed_where_other_logs_were_read(tmp_path: Path) -> None:
    write_log(tmp_path, "a-0", "2026-03-10T11:59:00Z ready to serve\n")
    async with cluster_of(tmp_path, *unready("a", 2)) as mine:
        [why] = of_logs((await mine.call("rca_investigate")).data)
    assert why.startswith("No log was kept of shop/a-1 web. ")
