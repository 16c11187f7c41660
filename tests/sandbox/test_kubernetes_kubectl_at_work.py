"""What operators do with kubectl on a cluster that reacts: empty a node, look at a change, see usage."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.server import serving_in_thread
from tests.kube.binaries import required
from tests.sandbox.practising import SNAPSHOTS

Kubectl = Callable[..., str]

pytestmark = pytest.mark.live


@pytest.fixture
def kubectl(tmp_path: Path) -> Iterator[Kubectl]:
    """kubectl in the shop, where a minute passes in a second; what it prints, errors included."""
    [binary] = required("kubectl")
    with serving_in_thread(SNAPSHOTS / "shop", speed=60) as addresses:
        home = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}

        def run(*arguments: str, told: str = "") -> str:
            done = subprocess.run(
                [binary, "-n", "shop", *arguments],
                env={**home, "KUBECONFIG": str(addresses.kubeconfig)},
                input=told,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            return done.stdout + done.stderr

        yield run


def test_a_node_is_emptied_once_the_budget_allows_it(kubectl: Kubectl) -> None:
    node = kubectl(
        "get",
        "pods",
        "-l",
        "app.kubernetes.io/name=cart",
        "-o",
        "jsonpath={.items[0].spec.nodeName}",
    )
    replicas = kubectl("get", "deploy", "cart", "-o", "jsonpath={.spec.replicas}")
    kubectl("delete", "pdb", "--all")
    kubectl(
        "create",
        "pdb",
        "cart",
        "--selector=app.kubernetes.io/name=cart",
        f"--min-available={replicas}",
    )
    flags = ("--force", "--ignore-daemonsets", "--delete-emptydir-data")
    refused = kubectl(
        "drain", node, *flags, "--timeout=8s", "--pod-selector=app.kubernetes.io/name=cart"
    )
    assert "Cannot evict pod as it would violate the pod's disruption budget" in refused
    kubectl("delete", "pdb", "cart")
    emptied = kubectl(
        "drain", node, *flags, "--timeout=90s", "--pod-selector=app.kubernetes.io/name=cart"
    )
    assert f"node/{node} drained" in emptied
    assert "successfully rolled out" in kubectl("rollout", "status", "deploy/cart", "--timeout=60s")
    nodes = kubectl(
        "get",
        "pods",
        "-l",
        "app.kubernetes.io/name=cart",
        "-o",
        "jsonpath={.items[*].spec.nodeName}",
    )
    assert node not in nodes.split()


def test_a_change_is_shown_before_it_is_made(kubectl: Kubectl) -> None:
    before = kubectl("get", "deploy", "cart", "-o", "yaml")
    wanted = before.replace("terminationGracePeriodSeconds: 30", "terminationGracePeriodSeconds: 7")
    printed = kubectl("diff", "-f", "-", told=wanted)
    assert "-      terminationGracePeriodSeconds: 30" in printed
    assert "+      terminationGracePeriodSeconds: 7" in printed
    assert "terminationGracePeriodSeconds: 7" not in kubectl("get", "deploy", "cart", "-o", "yaml")


def test_usage_is_told_for_pods_and_nodes(kubectl: Kubectl) -> None:
    header, *pods = kubectl("top", "pods").splitlines()
    assert header.split() == ["NAME", "CPU(cores)", "MEMORY(bytes)"]
    assert any(line.startswith("cart-") for line in pods)
    assert "MEMORY(%)" in kubectl("top", "nodes")


def test_a_watch_tells_each_step_of_a_scaling(kubectl: Kubectl) -> None:
    scaled = kubectl("get", "deploy", "cart", "-o", "yaml").replace("replicas: 2", "replicas: 4", 1)
    assert "configured" in kubectl("apply", "-f", "-", told=scaled)
    ready = ("--for=jsonpath={.status.readyReplicas}=4", "--timeout=60s")
    assert "condition met" in kubectl("wait", "deploy/cart", *ready)
    kubectl("scale", "deploy/cart", "--replicas=1")
    watched = kubectl("get", "deploy", "cart", "-w", "--request-timeout=8s", "--no-headers")
    assert watched.splitlines()[-1].split()[:2] == ["cart", "1/1"]
