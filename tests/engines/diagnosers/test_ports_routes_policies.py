"""Ports nobody serves, routes to nowhere, and policies that cut off the DNS."""

import pytest

from mcp_servers.facts.findings import Severity
from mcp_servers.facts.kubernetes import Json
from tests.factories import (
    cluster,
    container,
    found,
    log,
    rules,
    service,
    thing,
    workload,
)


def leading_to(target: int | str, **spec: object) -> list[Json]:
    objects = workload(containers=[container("web", **spec)])
    objects[-2]["spec"]["ports"] = [{"name": "http", "port": 80, "targetPort": target}]
    return objects


def test_a_port_name_that_nobody_declares_is_told_with_those_declared() -> None:
    finding = found(cluster(*leading_to("web")), "service.target_port_name_missing")
    assert finding.severity is Severity.CRITICAL
    assert finding.params["declared"] == "http=8080"
    assert finding.params["near"] == "http"
    assert finding.fix is not None
    assert finding.fix.id == "fix.target_port"


def test_a_number_that_is_not_declared_needs_a_second_sign() -> None:
    objects = leading_to(9090)
    assert rules(cluster(*objects)) == set()
    heard = log(objects[2], "INFO listening on port 8080")
    finding = found(cluster(*objects, logs=[heard]), "service.target_port_mismatch")
    assert (finding.params["target"], finding.params["near"]) == ("9090", "8080")


def test_one_more_port_beside_those_that_are_served_needs_callers_that_are_refused() -> None:
    objects = leading_to(8080)
    metrics = service("web-metrics", selector={"app": "web"})
    metrics["spec"]["ports"] = [{"port": 9102, "targetPort": 9102}]
    heard = log(objects[2], "INFO listening on port 8080")
    told = cluster(*objects, metrics, logs=[heard])
    assert "service.target_port_mismatch" not in rules(told)
    caller = workload("front")
    line = "dial tcp: Get http://web-metrics:9102/: connection refused"
    said = log(caller[2], *[line] * 4, name="front")
    refused = cluster(*objects, metrics, *caller, logs=[heard, said])
    assert found(refused, "service.target_port_mismatch").resource.name == "web-metrics"


def test_of_a_headless_service_the_target_port_leads_nowhere_anyway() -> None:
    objects = leading_to(9090)
    front = next(one for one in objects if one["kind"] == "Service")
    front["spec"]["clusterIP"] = "None"
    heard = log(objects[2], "INFO listening on port 8080")
    assert "service.target_port_mismatch" not in rules(cluster(*objects, logs=[heard]))


def test_callers_that_are_refused_are_such_a_sign() -> None:
    objects, caller = leading_to(9090), workload("front")
    line = "dial tcp: Get http://web:80/: connection refused"
    said = log(caller[2], *[line] * 4, name="front")
    finding = found(cluster(*objects, *caller, logs=[said]), "service.target_port_mismatch")
    assert finding.joins["service"] == "shop/web"


@pytest.mark.parametrize("target", [8080, "http"])
def test_a_port_that_is_declared_is_silent(target: int | str) -> None:
    assert rules(cluster(*leading_to(target))) == set()


def test_a_program_that_declares_nothing_and_is_called_is_fine() -> None:
    assert rules(cluster(*leading_to(9090, ports=[]))) == set()


def route(name: str = "web", **port: object) -> Json:
    backend = {"service": {"name": name, "port": port or {"number": 8080}}}
    rule = {"host": "shop.example.com", "http": {"paths": [{"path": "/", "backend": backend}]}}
    return thing("Ingress", "front", spec={"rules": [rule]})


def test_a_route_to_a_service_that_is_not_there_names_the_nearest() -> None:
    finding = found(cluster(*workload(), route("wbe")), "ingress.backend_missing")
    assert finding.params["near"] == "web"
    assert finding.params["url"] == "shop.example.com/"
    assert finding.fix is not None


def test_a_route_to_a_port_that_is_not_there_names_the_ports() -> None:
    finding = found(
        cluster(*workload(), route(name="web", number=9)), "ingress.backend_port_missing"
    )
    assert finding.params["ports"] == "http=8080"


def test_a_route_that_leads_somewhere_is_silent() -> None:
    assert rules(cluster(*workload(), route())) == set()
    assert rules(cluster(*workload(), route(name="web"))) == set()


DNS_RULE = {
    "to": [
        {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
            "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
        }
    ],
    "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
}


def policy(
    *egress: Json, selector: Json | None = None, types: tuple[str, ...] = ("Egress",)
) -> Json:
    spec = {"podSelector": selector or {}, "policyTypes": list(types), "egress": list(egress)}
    return thing("NetworkPolicy", "limit", spec=spec)


def dns() -> list[Json]:
    objects = workload("coredns", namespace="kube-system", template_labels={"k8s-app": "kube-dns"})
    front = service(
        "kube-dns", namespace="kube-system", selector={"k8s-app": "kube-dns"}, ip="10.96.0.10"
    )
    return [*objects, front]


WEB_ONLY = {"to": [{"podSelector": {}}], "ports": [{"protocol": "TCP", "port": 8080}]}


def test_limited_egress_without_the_dns_is_told_with_whom_it_hits() -> None:
    finding = found(cluster(*workload(), *dns(), policy(WEB_ONLY)), "netpol.blocks_dns")
    assert finding.params["workloads"] == "Deployment web"
    assert (finding.params["pods"], finding.params["allowed"]) == ("2", "8080")


@pytest.mark.parametrize(
    "allowing",
    [
        policy(WEB_ONLY, DNS_RULE),
        policy({}),
        policy({"ports": [{"protocol": "UDP", "port": 53}]}),
        policy({"to": [{"ipBlock": {"cidr": "10.96.0.0/16"}}]}),
        policy(types=("Ingress",)),
        policy(WEB_ONLY, selector={"matchLabels": {"app": "other"}}),
    ],
    ids=["a rule", "all", "any DNS", "by address", "ingress only", "other pods"],
)
def test_policies_that_let_the_dns_be_asked_are_silent(allowing: Json) -> None:
    assert "netpol.blocks_dns" not in rules(cluster(*workload(), *dns(), allowing))


def test_a_dns_rule_that_misses_the_dns_pods_does_not_count() -> None:
    missing = {**DNS_RULE, "to": [{"namespaceSelector": {"matchLabels": {"name": "dns"}}}]}
    assert "netpol.blocks_dns" in rules(cluster(*workload(), *dns(), policy(missing)))
