"""Faults are injected while the cluster runs, and removed."""

import os
from typing import Any

import httpx2
import orjson
import pytest
from typer.testing import CliRunner

from api.cli import whole
from core.errors import Invalid, NotFound
from sandbox.controllers import Faults
from sandbox.controllers.faults import Fault
from sandbox.server import Addresses
from tests.sandbox.small_cluster import named
from tests.sandbox.stepped import Stepped, deployment, is_ready, node, state, template

Json = dict[str, Any]
WEB = "deployment/web"
CONTAINER: Json = {
    "ports": [{"containerPort": 8080}],
    "readinessProbe": {"tcpSocket": {"port": 8080}},
    "resources": {"limits": {"memory": "256Mi"}},
    "env": [{"name": "M", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "m"}}}],
}


def healthy() -> tuple[Stepped, Faults]:
    cluster = Stepped(node("a"), named("ConfigMap", "settings", data={"m": "1"}))
    cluster.put(deployment(2, told=template(**CONTAINER)))
    cluster.pass_s(30)
    return cluster, Faults(cluster.controllers.world)


def reasons(cluster: Stepped) -> set[str]:
    return {state(pod).get("waiting", {}).get("reason", "") for pod in cluster.pods()} - {""}


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("oom", "CrashLoopBackOff"),
        ("crash", "CrashLoopBackOff"),
        ("bad-image", "ImagePullBackOff"),
        ("missing-config", "CreateContainerConfigError"),
    ],
)
def test_a_fault_shows_as_on_a_real_cluster_until_it_is_removed(kind: str, reason: str) -> None:
    cluster, faults = healthy()
    fault = Fault(kind, WEB, "shop")
    faults.inject(fault)
    seen: set[str] = set()
    for _ in range(30):
        cluster.pass_s(3)
        seen |= reasons(cluster)
    assert reason in seen
    faults.remove(fault)
    cluster.pass_s(120)
    assert reasons(cluster) == set()
    assert sum(map(is_ready, cluster.pods())) == 2


def test_pods_that_are_not_ready_keep_running() -> None:
    cluster, faults = healthy()
    faults.inject(Fault("not-ready", WEB, "shop"))
    cluster.pass_s(60)
    assert not any(map(is_ready, cluster.pods()))
    assert {pod["status"]["phase"] for pod in cluster.pods()} == {"Running"}
    faults.remove(Fault("not-ready", WEB, "shop"))
    cluster.pass_s(60)
    assert all(map(is_ready, cluster.pods()))


def test_more_memory_cures_an_injected_oom() -> None:
    cluster, faults = healthy()
    faults.inject(Fault("oom", WEB, "shop"))
    cluster.pass_s(60)
    more = {**CONTAINER, "resources": {"limits": {"memory": "512Mi"}}}
    cluster.edit("Deployment", "web", template=template(**more))
    cluster.pass_s(120)
    assert sum(map(is_ready, cluster.pods())) == 2


def test_a_node_may_be_lost_and_come_back() -> None:
    cluster, faults = healthy()
    faults.inject(Fault("node-not-ready", "node/a"))
    cluster.pass_s(10)
    assert not any(map(is_ready, cluster.pods()))
    faults.remove(Fault("node-not-ready", "node/a"))
    cluster.pass_s(10)
    assert all(map(is_ready, cluster.pods()))


def test_what_cannot_be_injected_is_refused_in_words() -> None:
    _, faults = healthy()
    with pytest.raises(Invalid, match=r"no fault 'flood'.*Known: oom"):
        faults.inject(Fault("flood", WEB, "shop"))
    with pytest.raises(NotFound, match="no deployment wbe in namespace shop"):
        faults.inject(Fault("oom", "deployment/wbe", "shop"))
    with pytest.raises(NotFound, match=r"no fault oom on deployment/web.*Injected: none"):
        faults.remove(Fault("oom", WEB, "shop"))


def test_faults_are_only_for_the_holder_of_the_token(http: httpx2.Client) -> None:
    told = {"fault": "crash", "target": WEB, "namespace": "shop"}
    assert http.post("/sandbox/faults", json=told).status_code == 401
    wrong = {"authorization": "Bearer guess"}
    assert http.get("/sandbox/faults", headers=wrong).status_code == 401


def run(small: Addresses, *arguments: str) -> Any:
    command = ["sandbox", "inject", *arguments, "--kubeconfig", str(small.kubeconfig), "-o", "json"]
    return CliRunner().invoke(whole(), command, env={**os.environ})


def test_the_command_injects_lists_and_removes(small: Addresses) -> None:
    about = ("oom", "--target", WEB, "-n", "shop")
    told = [{"fault": "oom", "target": WEB, "namespace": "shop"}]
    assert orjson.loads(run(small, *about).stdout)["faults"] == told
    assert orjson.loads(run(small, "--list").stdout)["faults"] == told
    assert orjson.loads(run(small, *about, "--remove").stdout)["faults"] == []


def test_the_command_refuses_what_the_cluster_refuses(small: Addresses) -> None:
    answer = run(small, "oom", "--target", "deployment/wbe", "-n", "shop")
    assert answer.exit_code == 2
    assert "There is no deployment wbe in namespace shop." in answer.output
