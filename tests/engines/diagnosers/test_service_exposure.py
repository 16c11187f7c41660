"""Services towards the outside: no address, an alias that is none, traffic that stays on its node."""

import pytest

from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Json
from tests.factories import (
    cluster,
    container,
    deployment,
    event,
    found,
    log,
    node,
    pod,
    replica_set,
    rules,
    service,
    stamp,
    thing,
    workload,
)


def balancer(age: float = 30, **spec: object) -> Json:
    made = service("edge", selector={"app": "web"}, spec={"type": "LoadBalancer", **spec}, age=age)
    return {**made, "status": {"loadBalancer": {}}}


def test_a_load_balancer_without_an_address_quotes_the_cloud() -> None:
    edge = balancer()
    said = event(edge, "SyncLoadBalancerFailed", "quota LOAD_BALANCERS exceeded", first=25)
    finding = found(cluster(*workload(), edge, events=[said]), "service.lb_pending")
    assert (finding.severity, finding.params["message"]) == (Severity.HIGH, said.message)
    assert finding.since == said.first_at


@pytest.mark.parametrize(
    "edge",
    [
        balancer(age=3),
        balancer(loadBalancerClass="example.com/internal"),
        {**balancer(), "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}},
        service("edge", selector={"app": "web"}),
    ],
    ids=["young", "another class", "has one", "needs none"],
)
def test_a_balancer_that_may_still_get_its_address_is_silent(edge: Json) -> None:
    assert rules(cluster(*workload(), edge)) == set()


def test_a_service_whose_type_was_changed_lately_is_given_time() -> None:
    edge = balancer(age=90000)
    fields = {"f:spec": {"f:type": {}}}
    edge["metadata"]["managedFields"] = [{"time": stamp(2), "fieldsV1": fields}]
    assert rules(cluster(*workload(), edge)) == set()


def alias(value: str) -> Json:
    made = thing("Service", "bank")
    return {**made, "spec": {"type": "ExternalName", "externalName": value}}


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("10.1.2.3", "an IP address"),
        ("https://bank.example.com", "a URL with a scheme"),
        ("bank.example.com:8443", "a host with a port"),
        ("bank example", "no valid host name"),
    ],
)
def test_an_alias_that_is_no_host_name_says_what_it_is(value: str, what: str) -> None:
    finding = found(cluster(alias(value)), "service.external_name")
    assert (finding.params["what"], finding.params["value"]) == (what, value)


def test_an_alias_that_nobody_can_resolve_quotes_who_tried() -> None:
    objects = workload()
    said = log(objects[2], "dial tcp: lookup bank.example.com: no such host")
    of = cluster(*objects, alias("bank.example.com"), logs=[said])
    assert found(of, "service.external_name").params["what"] == "not resolved by the DNS"


def test_an_alias_of_a_host_is_silent() -> None:
    assert rules(cluster(alias("bank.example.com."))) == set()


def local(policy: str = "internalTrafficPolicy", **spec: object) -> list[Json]:
    """A Service with one pod on node-1, and a caller on node-2."""
    server, front = workload(replicas=1), deployment("front", replicas=1)
    server[-2]["spec"].update({policy: "Local", **spec})
    caller = pod(replica_set(front), spec={"nodeName": "node-2"})
    return [*server, front, replica_set(front), caller, node("node-1"), node("node-2")]


def test_traffic_that_stays_on_a_node_without_a_pod_names_the_node() -> None:
    finding = found(cluster(*local()), "service.local_policy_no_pod")
    assert (finding.params["nodes"], finding.params["served"]) == ("node-2", "node-1")


def test_a_node_port_that_stays_on_its_node_is_hygiene() -> None:
    objects = local("externalTrafficPolicy", type="NodePort")
    assert found(cluster(*objects), "service.local_policy_no_pod").severity is Severity.LOW


def test_a_load_balancer_that_asks_nodes_for_their_health_is_silent() -> None:
    objects = local("externalTrafficPolicy", type="LoadBalancer", healthCheckNodePort=31000)
    objects[-7]["status"] = {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}
    assert "service.local_policy_no_pod" not in rules(cluster(*objects))


def test_a_pod_on_every_node_of_a_daemon_set_is_silent() -> None:
    agent = thing("DaemonSet", "agent")
    agent["spec"] = {"template": {"spec": {"containers": [container("agent")]}}}
    agent["status"] = {"desiredNumberScheduled": 1, "numberReady": 1}
    held = pod(agent, labels={"app": "agent"})
    front = service("agent", spec={"internalTrafficPolicy": "Local"})
    other = workload("front")
    other[2]["spec"]["nodeName"] = "node-2"
    told = rules(cluster(agent, held, front, *other, node(), node("node-2")))
    assert "service.local_policy_no_pod" not in told
