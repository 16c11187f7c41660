"""What controllers and kubelets write is recorded under the names that real ones have."""

from typing import Any

import httpx2

from tests.kube.deadline import eventually
from tests.sandbox.small_cluster import named

Json = dict[str, Any]

APPS = "/apis/apps/v1/namespaces/lab"
PODS = "/api/v1/namespaces/lab/pods"


def managers(one: Json) -> dict[tuple[str, str], Json]:
    """Fields by manager and subresource; all of these wrote without applying."""
    told = one["metadata"]["managedFields"]
    assert {entry["operation"] for entry in told} == {"Update"}
    return {(entry["manager"], entry.get("subresource", "")): entry["fieldsV1"] for entry in told}


def run(http: httpx2.Client, **pod: Any) -> None:
    """A Deployment of one pod in a new namespace."""
    http.post("/api/v1/namespaces", json=named("Namespace", "lab", namespace=""))
    labels, containers = {"app": "x"}, [{"name": "app", "image": "shop/web:1"}]
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers, **pod}}
    spec = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
    told = named("Deployment", "x", api="apps/v1", namespace="lab", spec=spec)
    http.post(f"{APPS}/deployments", json=told).raise_for_status()


def pods(http: httpx2.Client) -> list[Json]:
    return http.get(PODS).json()["items"]


def test_a_pod_is_its_controllers_and_its_status_the_kubelets(http: httpx2.Client) -> None:
    run(http)
    eventually(lambda: any(pod["status"].get("containerStatuses") for pod in pods(http)))
    found = managers(pods(http)[0])
    assert set(found) == {("kube-controller-manager", ""), ("kubelet", "status")}
    template = found["kube-controller-manager", ""]["f:spec"]
    assert "f:image" in template["f:containers"]['k:{"name":"app"}']
    assert "f:nodeName" not in template
    assert set(found["kubelet", "status"]) == {"f:status"}


def test_a_pod_without_a_place_has_a_status_of_the_schedulers(http: httpx2.Client) -> None:
    run(http, nodeSelector={"nowhere": "at-all"})
    eventually(lambda: any("conditions" in pod["status"] for pod in pods(http)))
    found = managers(pods(http)[0])
    assert set(found) == {("kube-controller-manager", ""), ("kube-scheduler", "status")}


def test_a_deployment_is_its_makers_and_its_status_the_controllers(http: httpx2.Client) -> None:
    run(http)
    path = f"{APPS}/deployments/x"
    eventually(lambda: "replicas" in http.get(path).json()["status"])
    found = managers(http.get(path).json())
    assert ("kube-controller-manager", "status") in found
    replicas = [name for name, fields in found.items() if "f:replicas" in fields.get("f:spec", {})]
    assert replicas == [("python-httpx2", "")]
    [made] = http.get(f"{APPS}/replicasets").json()["items"]
    assert {name for name, _ in managers(made)} == {"kube-controller-manager"}
