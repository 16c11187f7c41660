"""A whole real cluster, with every controller and kwok as its kubelets: captured, and served again."""

import json
import re
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.kube.deadline import eventually
from tests.kube.manifests import thing
from tests.kube.real_cluster import control_plane, fake_nodes
from tests.kube.server import Kube, Server

Json = dict[str, Any]

APPS = ("cart", "checkout", "payment", "search")
REPLICAS = 3
ENDED = {"startedAt": "2026-11-20T10:00:00Z", "finishedAt": "2026-11-20T10:01:00Z"}
KILLED = {
    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}},
    "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", **ENDED}},
    "restartCount": 7,
}
NOT_PULLED = {
    "state": {"waiting": {"reason": "ImagePullBackOff", "message": "manifest unknown"}},
    "restartCount": 0,
}

pytestmark = pytest.mark.live


def test_a_captured_real_cluster_served_again_is_diagnosed_alike(tmp_path: Path) -> None:
    with shop(tmp_path) as server:
        there = diagnosed("--kubeconfig", server.kubeconfig)
        midwatch("capture", "--kubeconfig", server.kubeconfig, "-o", tmp_path / "capture")
    here = diagnosed("--snapshot", tmp_path / "capture")
    found = {(one["rule"], one["resource"]["name"]) for one in there["findings"]}
    assert found >= {("pod.oom_killed", "checkout"), ("pod.image_pull.not_found", "search")}
    assert without_times(here["findings"]) == without_times(there["findings"])
    assert here["verdict"] == there["verdict"]


@contextmanager
def shop(folder: Path) -> Generator[Server]:
    """Four Deployments that kwok runs; pods of two of them are told to be in trouble."""
    with control_plane(folder, controllers=("*",)) as server, fake_nodes(folder, server):
        with server.client() as http:
            kube = Kube(server, http, "shop")
            made(http, "/api/v1/namespaces", thing("Namespace", "shop"))
            for number in range(2):
                made(http, "/api/v1/nodes", thing("Node", f"node-{number}"))
            for number, app in enumerate(APPS):
                kube.made("services", thing("Service", app, spec=service(app)))
                kube.made("deployments.apps", deployment(app, f"node-{number % 2}"))
            eventually(lambda: len(running(kube)) == len(APPS) * REPLICAS)
            fail(kube, "checkout", KILLED)
            fail(kube, "search", NOT_PULLED)
        yield server


def deployment(app: str, node: str) -> Json:
    """Its pods name their node: no scheduler runs here."""
    spec: Json = {"nodeName": node, "containers": [{"name": "app", "image": f"shop/{app}:1"}]}
    template = {"metadata": {"labels": {"app": app}}, "spec": spec}
    wanted = {"replicas": REPLICAS, "selector": {"matchLabels": {"app": app}}, "template": template}
    return thing("Deployment", app, api="apps/v1", spec=wanted)


def service(app: str) -> Json:
    return {"selector": {"app": app}, "ports": [{"port": 80}]}


def made(http: httpx2.Client, path: str, told: Json) -> None:
    http.post(path, json=told).raise_for_status()


def running(kube: Kube) -> list[Json]:
    pods: list[Json] = kube.get("pods").json()["items"]
    return [one for one in pods if one["status"]["phase"] == "Running"]


def fail(kube: Kube, app: str, fate: Json) -> None:
    """What a kubelet would write of such a container; kwok leaves it at that."""
    container = {"name": "app", "image": f"shop/{app}:1", "imageID": "", "ready": False, **fate}
    for name in kube.names("pods", labelSelector=f"app={app}"):
        told = {"status": {"containerStatuses": [container]}}
        answer = kube.http.patch(
            kube.path("pods", name, "status"),
            json=told,
            headers={"content-type": "application/merge-patch+json"},
        )
        answer.raise_for_status()


def diagnosed(*target: str | Path) -> Json:
    return json.loads(midwatch("diagnose", "-A", "--output", "json", *target))


def midwatch(*arguments: str | Path) -> str:
    command = [sys.executable, "-m", "api.cli", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def without_times(value: object) -> str:
    """A served picture is moved to the present, so times differ by its age."""
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", json.dumps(value, indent=1))
