"""Nodes that a client creates."""

import os

from tests.kube.manifests import thing
from tests.kube.server import Kube

NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


def test_a_new_node_gets_no_pods_before_it_is_ready(kube: Kube) -> None:
    name = f"new-{os.getpid()}"
    own = {"key": "dedicated", "value": "a", "effect": "NoSchedule"}
    answer = kube.http.post(
        "/api/v1/nodes", json={**thing("Node", name), "spec": {"taints": [own]}}
    )
    kube.http.delete(f"/api/v1/nodes/{name}").raise_for_status()
    assert answer.json()["spec"]["taints"] == [own, NOT_READY]
