"""The same large cluster on a real kube-apiserver, with kwok as its kubelets.

    .venv/bin/python -m tools.measure.large_real [NODES] [PODS]

Needs what tools/build_servers.sh builds. Loading 20,000 pods takes some minutes.
"""

import asyncio
import ssl
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx2

from tests.kube.real_cluster import control_plane, fake_nodes
from tests.kube.server import Server
from tools.measure.large import measured, memory_mib
from tools.measure.large_cluster import large_cluster

Json = dict[str, Any]

AT_ONCE = 24
RESOURCES = {
    "Namespace": ("api/v1", "namespaces"),
    "Node": ("api/v1", "nodes"),
    "Deployment": ("apis/apps/v1", "deployments"),
    "ReplicaSet": ("apis/apps/v1", "replicasets"),
    "Service": ("api/v1", "services"),
    "ConfigMap": ("api/v1", "configmaps"),
    "Pod": ("api/v1", "pods"),
    "EndpointSlice": ("apis/discovery.k8s.io/v1", "endpointslices"),
    "Event": ("api/v1", "events"),
}
MERGE = {"content-type": "application/merge-patch+json"}


class Loading:
    """Objects put into a server, many at once, owners before what they own."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http
        self._uids: dict[tuple[str, str, str], str] = {}

    async def all(self, objects: Iterable[Json]) -> None:
        for _, same in groupby(sorted(objects, key=_turn), key=_turn):
            await _together(self._create, list(same))

    async def statuses(self, objects: Iterable[Json]) -> None:
        """What controllers would tell, and of crashing pods what a kubelet would."""
        await _together(self._tell, [one for one in objects if _is_told(one)])

    async def _create(self, one: Json) -> None:
        metadata = one["metadata"]
        namespace = metadata.get("namespace", "")
        owners = [
            {**owner, "uid": self._uids[owner["kind"], namespace, owner["name"]]}
            for owner in metadata.get("ownerReferences", ())
        ]
        told = {**one, "metadata": {**metadata, "ownerReferences": owners}}
        answer = await self._http.post(_path(one), json=told)
        if answer.is_error:
            raise SystemExit(f"{one['kind']} {metadata['name']}: {answer.text}")
        self._uids[one["kind"], namespace, metadata["name"]] = answer.json()["metadata"]["uid"]

    async def _tell(self, one: Json) -> None:
        path = f"{_path(one)}/{one['metadata']['name']}/status"
        answer = await self._http.patch(path, json={"status": one["status"]}, headers=MERGE)
        answer.raise_for_status()


async def _together(work: Callable[[Json], Awaitable[None]], objects: list[Json]) -> None:
    free = asyncio.Semaphore(AT_ONCE)

    async def one_of(one: Json) -> None:
        async with free:
            await work(one)

    await asyncio.gather(*map(one_of, objects))


def _turn(one: Json) -> int:
    return list(RESOURCES).index(one["kind"])


def _path(one: Json) -> str:
    root, plural = RESOURCES[one["kind"]]
    namespace = one["metadata"].get("namespace")
    return f"/{root}/namespaces/{namespace}/{plural}" if namespace else f"/{root}/{plural}"


def _is_told(one: Json) -> bool:
    if one["kind"] == "Pod":
        return any(not status["ready"] for status in one["status"]["containerStatuses"])
    return "status" in one and one["kind"] in {"Deployment", "ReplicaSet"}


async def load(server: Server, nodes: int, pods: int) -> None:
    trusted = ssl.create_default_context(cafile=str(server.ca))
    headers = {"authorization": f"Bearer {server.token}"}
    limits = httpx2.Limits(max_connections=AT_ONCE)
    async with httpx2.AsyncClient(
        base_url=server.url, headers=headers, verify=trusted, timeout=120, limits=limits
    ) as http:
        loading, objects = Loading(http), list(large_cluster(nodes, pods))
        await loading.all(objects)
        while await _waiting(http) > 0:  # noqa: ASYNC110 - kwok tells nobody when it is done
            await asyncio.sleep(2)
        await loading.statuses(objects)


async def _waiting(http: httpx2.AsyncClient) -> int:
    asked = {"fieldSelector": "status.phase=Pending", "limit": "1"}
    told = (await http.get("/api/v1/pods", params=asked)).json()
    return len(told["items"])


def main(nodes: int = 1000, pods: int = 20_000) -> None:
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        with control_plane(folder, controllers=()) as server, fake_nodes(folder, server):
            started = time.monotonic()
            asyncio.run(load(server, nodes, pods))
            load_s = time.monotonic() - started
            command = [sys.executable, "-m", "api.cli", "diagnose", "-A", "--output", "json"]
            took_s, peak_mib, printed = measured([*command, "--kubeconfig", str(server.kubeconfig)])
            mib = memory_mib("kube-apiserver", folder) + memory_mib("etcd", folder)
    print(f"{nodes} nodes, {pods} pods")
    print(f"kube-apiserver and etcd: loaded in {load_s:.0f} s, {mib:.0f} MiB")
    print(f"midwatch diagnose -A: {took_s:.1f} s, {peak_mib:.0f} MiB, {printed} bytes printed")


if __name__ == "__main__":
    main(*(int(one) for one in sys.argv[1:3]))
