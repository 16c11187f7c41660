"""Ingresses of a class that exists, without an address."""

import pytest

from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Json
from tests.factories import (
    OLD,
    cluster,
    condition,
    deployment,
    found,
    pod,
    replica_set,
    roots,
    rules,
    thing,
    waiting,
    workload,
)

ADDRESS = {"ingress": [{"ip": "203.0.113.40"}]}


def held(controller: str = "k8s.io/ingress-nginx") -> Json:
    return thing("IngressClass", "nginx", spec={"controller": controller})


def route(name: str = "front", *, served: bool = False, age: float = OLD, **status: Json) -> Json:
    backend = {"service": {"name": "web", "port": {"number": 8080}}}
    rule = {"host": f"{name}.example.com", "http": {"paths": [{"path": "/", "backend": backend}]}}
    spec = {"ingressClassName": "nginx", "rules": [rule]}
    told = {"loadBalancer": ADDRESS if served else {}}
    return thing("Ingress", name, spec=spec, status=told, age=age, **status)


def controller(*, up: bool = True, replicas: int = 1) -> list[Json]:
    place = "ingress-nginx"
    if up:
        return workload("ingress-nginx", replicas=1, namespace=place)
    return [deployment("ingress-nginx", replicas=replicas, ready=0, namespace=place)]


def test_an_ingress_whose_controller_has_no_pod_names_it() -> None:
    seen = cluster(*workload(), held(), route(), *controller(up=False))
    finding = found(seen, "ingress.no_address")
    assert finding.severity is Severity.HIGH
    assert finding.params["down"] == "Deployment ingress-nginx/ingress-nginx"
    assert finding.fix is None


def test_a_controller_scaled_to_zero_explains_every_ingress_of_its_class() -> None:
    scaled = controller(up=False, replicas=0)
    seen = cluster(*workload(), held(), route(), *scaled)
    assert "ingress.no_address" in rules(seen)


def test_a_controller_that_refuses_to_start_is_the_cause() -> None:
    down = controller(up=False)
    owner = replica_set(down[0])
    status = [waiting("ingress-nginx", "ImagePullBackOff", "manifest unknown")]
    one = pod(owner, status=status, age=60)
    down[0]["status"]["conditions"] = [condition("Available", "False")]
    seen = cluster(*workload(), held(), route(), *down, owner, one)
    assert roots(seen) == ["pod.image_pull.not_found"]
    assert "ingress.no_address" in rules(seen)


def test_one_of_several_that_was_left_out_is_told_beside_those_that_were_not() -> None:
    seen = cluster(*workload(), held(), route(), route("shop", served=True), *controller())
    assert found(seen, "ingress.no_address").params["served"] == "shop/shop"


@pytest.mark.parametrize(
    "objects",
    [
        [held(), route(age=4), *controller(up=False)],
        [held(), route(served=True), *controller(up=False)],
        [held(), route(), *controller()],
        [held("cloud.example.com/balancer"), route()],
        [route(), *controller(up=False)],
    ],
    ids=["young", "has one", "its controller writes none", "runs elsewhere", "no such class"],
)
def test_an_ingress_that_may_yet_get_one_or_whose_controller_writes_none_is_silent(
    objects: list[Json],
) -> None:
    assert "ingress.no_address" not in rules(cluster(*workload(), *objects))
