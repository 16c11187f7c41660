"""Calls that network policies forbid, policies for nobody, and a DNS that is not well."""

import pytest

from mcp_servers.facts.findings import Confidence, Severity
from mcp_servers.facts.kubernetes import Cluster, Json
from mcp_servers.facts.metrics import Series
from tests.factories import (
    at,
    cluster,
    condition,
    deployment,
    ended,
    found,
    log,
    pod,
    replica_set,
    roots,
    rules,
    service,
    thing,
    waiting,
    workload,
)

TIMED_OUT = "dial tcp 10.96.0.15:8080: i/o timeout calling http://web:8080/cart"


def ingress(*rules_in: Json, selector: Json | None = None, age: float = 90000) -> Json:
    chosen = {"matchLabels": {"app": "web"}} if selector is None else selector
    spec = {"podSelector": chosen, "policyTypes": ["Ingress"], "ingress": list(rules_in)}
    return thing("NetworkPolicy", "web-in", spec=spec, age=age)


def from_app(name: str, port: int | str = 8080) -> Json:
    peer = {"podSelector": {"matchLabels": {"app": name}}}
    return {"from": [peer], "ports": [{"protocol": "TCP", "port": port}]}


def calling(*policies: Json, line: str = TIMED_OUT, times: int = 4, **more: object) -> Cluster:
    """front calls web, and says in its log what came of it."""
    front = workload("front", **more)
    said = log(front[2], *[line] * times, name="front")
    return cluster(*workload(), *front, *policies, logs=[said])


def test_a_policy_that_wants_another_label_is_named_with_both() -> None:
    finding = found(calling(ingress(from_app("frnt"))), "netpol.blocks_flow")
    assert finding.resource.name == "web-in"
    assert finding.params["wanted_label"] == "app=frnt"
    assert finding.params["actual_label"] == "app=front"
    assert finding.params["caller"] == "Deployment front"


def test_a_policy_that_leaves_out_the_port_names_those_it_allows() -> None:
    finding = found(calling(ingress(from_app("front", 9090))), "netpol.blocks_flow")
    assert (finding.params["port"], finding.params["allowed_ports"]) == ("8080", "9090")


def test_egress_that_is_limited_is_found_on_the_side_of_the_caller() -> None:
    inwards = from_app("other")
    outwards = {"to": inwards["from"], "ports": inwards["ports"]}
    spec = {"podSelector": {}, "policyTypes": ["Egress"], "egress": [outwards]}
    of = calling(thing("NetworkPolicy", "out", spec=spec))
    assert found(of, "netpol.blocks_flow").params["direction"] == "egress"


def test_the_policy_is_the_root_and_the_timeouts_its_symptom() -> None:
    of = calling(ingress(from_app("other")))
    assert "app.dependency_unreachable" in rules(of)
    assert roots(of) == ["netpol.blocks_flow"]


def test_a_policy_that_came_after_the_timeouts_did_not_cause_them() -> None:
    of = calling(ingress(from_app("other"), age=1), times=9)
    assert {"netpol.blocks_flow", "app.dependency_unreachable"} <= set(roots(of))


@pytest.mark.parametrize(
    "rule",
    [
        from_app("front"),
        from_app("front", "http"),
        {},
        {"from": [{"namespaceSelector": {}}]},
        {"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]},
    ],
    ids=["by label", "by port name", "everything", "every namespace", "address not known"],
)
def test_a_flow_that_a_rule_allows_is_silent(rule: Json) -> None:
    assert "netpol.blocks_flow" not in rules(calling(ingress(rule)))


def test_one_policy_that_allows_is_enough() -> None:
    allowing = ingress(from_app("front"))
    allowing["metadata"]["name"] = "web-front"
    assert "netpol.blocks_flow" not in rules(calling(ingress(from_app("other")), allowing))


def test_a_refused_connection_did_arrive_and_no_policy_is_blamed() -> None:
    refused = "dial tcp: Get http://web:8080/: connect: connection refused"
    of = calling(ingress(from_app("other")), line=refused)
    assert "netpol.blocks_flow" not in rules(of)


def test_a_forbidden_flow_that_nobody_is_seen_to_need_is_silent() -> None:
    configured = deployment("front")
    configured["spec"]["template"]["spec"]["containers"][0]["env"] = [
        {"name": "WEB_URL", "value": "http://web:8080"}
    ]
    maker = replica_set(configured)
    of = [*workload(), configured, maker, ingress(from_app("other"))]
    assert "netpol.blocks_flow" not in rules(cluster(*of, pod(maker)))
    unready = pod(maker, ready=False, pod_status={"podIP": "10.244.0.9"})
    finding = found(cluster(*of, unready), "netpol.blocks_flow")
    assert finding.confidence is Confidence.INFERRED


def test_a_plugin_that_does_not_carry_policies_out_makes_none_to_blame() -> None:
    plain = thing("DaemonSet", "kube-flannel-ds", namespace="kube-flannel")
    of = calling(ingress(from_app("other")), plain)
    assert "netpol.blocks_flow" not in rules(of)


def test_a_caller_on_the_network_of_its_host_is_not_kept_out_by_its_own_policies() -> None:
    spec = {"podSelector": {}, "policyTypes": ["Egress"], "egress": []}
    limit = thing("NetworkPolicy", "out", spec=spec)
    of = calling(limit, pod_spec={"hostNetwork": True})
    assert "netpol.blocks_flow" not in rules(of)


def test_a_policy_for_labels_that_nobody_carries_is_hygiene() -> None:
    stale = ingress(selector={"matchLabels": {"app": "gone"}})
    finding = found(cluster(*workload(), stale), "netpol.selects_nothing")
    assert (finding.severity, finding.params["selector"]) == (Severity.LOW, "app=gone")


@pytest.mark.parametrize(
    "policy",
    [
        ingress(selector={}),
        ingress(selector={"matchLabels": {"app": "web"}}),
        ingress(selector={"matchExpressions": [{"key": "app", "operator": "Exists"}]}),
        ingress(selector={"matchLabels": {"app": "gone"}}, age=60),
        ingress(selector={"matchLabels": {"app": "nightly"}}),
    ],
    ids=["all pods", "labels", "an expression", "young", "the template of a job"],
)
def test_a_policy_for_somebody_is_silent(policy: Json) -> None:
    template = {"metadata": {"labels": {"app": "nightly"}}, "spec": {"containers": []}}
    spec = {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": template}}}
    job = thing("CronJob", "nightly", spec=spec)
    assert "netpol.selects_nothing" not in rules(cluster(*workload(), job, policy))


DNS = {"k8s-app": "kube-dns"}


def dns(*, ready: int = 2, crashing: bool = False) -> list[Json]:
    made = deployment("coredns", namespace="kube-system", ready=ready, template_labels=DNS)
    maker = replica_set(made)
    loop = [waiting("coredns", "CrashLoopBackOff", restartCount=7)]
    pods = [
        pod(maker, f"d{n}", ready=n < ready, status=loop if crashing and n >= ready else ())
        for n in range(2)
    ]
    front = service("kube-dns", namespace="kube-system", selector=DNS, ip="10.96.0.10")
    return [made, maker, *pods, front]


def test_a_dns_without_a_ready_server_is_critical_and_quotes_it() -> None:
    objects = dns(ready=0, crashing=True)
    line = "/etc/coredns/Corefile:12 - Error during parsing: Unknown directive 'forwrd'"
    said = log(objects[2], line, name="coredns", previous=True)
    finding = found(cluster(*objects, logs=[said]), "dns.server_unhealthy")
    assert (finding.severity, finding.params["line"]) == (Severity.CRITICAL, line)
    assert finding.resource.name == "coredns"


LOGS = [
    "/etc/coredns/Corefile:5 - Error during parsing: Unknown directive 'cach'",
    'plugin/forward: not an IP address or file: "upstream"',
    '[FATAL] plugin/loop: Loop (127.0.0.1:55953 -> :1053) detected for zone "."',
    "[ERROR] plugin/errors: 2 web. A: read udp 10.0.0.9:4555->10.20.0.2:53: i/o timeout",
]


@pytest.mark.parametrize("line", LOGS)
def test_what_a_name_server_says_is_its_own_complaint(line: str) -> None:
    objects = dns(ready=0, crashing=True)
    for one in objects[2:4]:
        one["status"]["containerStatuses"][0]["lastState"] = ended(1)
    said = log(objects[2], *[line] * 4, name="coredns", previous=True)
    of = cluster(*objects, logs=[said])
    assert found(of, "dns.server_unhealthy").params["line"]
    assert roots(of) == ["dns.server_unhealthy"]


def test_a_name_server_killed_for_its_memory_is_explained_by_that() -> None:
    objects = dns(ready=0)
    for one in objects[2:4]:
        killed = waiting("coredns", "CrashLoopBackOff", lastState=ended(137, "OOMKilled", ago=12))
        one["status"]["containerStatuses"] = [killed]
    assert roots(cluster(*objects)) == ["pod.oom_killed"]


def test_what_the_whole_cluster_feels_is_explained_by_its_dns() -> None:
    objects, front = dns(ready=0, crashing=True), workload("front")
    line = "dial tcp: lookup web.shop.svc.cluster.local: SERVFAIL"
    said = log(front[2], *[line] * 4, name="front")
    of = cluster(*objects, *front, *workload(), logs=[said])
    assert {"app.name_unresolved", "pod.crash_loop"} <= rules(of)
    assert roots(of) == ["dns.server_unhealthy"]


def test_a_dns_with_one_server_left_is_a_risk() -> None:
    finding = found(cluster(*dns(ready=1)), "dns.server_unhealthy")
    assert (finding.severity, finding.params["ready"]) == (Severity.MEDIUM, "1")


def answers(failures: int) -> list[Series]:
    name = "coredns_dns_responses_total"
    return [
        Series(name, (("rcode", code),), ((at(50), 0.0), (at(1), float(count))), role=name)
        for code, count in (("NOERROR", 1000 - failures), ("SERVFAIL", failures))
    ]


def test_answers_that_are_failures_count_though_all_servers_are_ready() -> None:
    finding = found(cluster(*dns(), series=answers(300)), "dns.server_unhealthy")
    assert (finding.severity, finding.params["failing"]) == (Severity.CRITICAL, "30%")


def test_a_dns_that_answers_is_silent() -> None:
    assert rules(cluster(*dns(), series=answers(3))) == set()


def test_a_server_that_has_only_just_started_is_silent() -> None:
    objects = dns()
    young = pod(objects[1], "new", ready=False, age=1, conditions=[condition("x", "True")])
    assert "dns.server_unhealthy" not in rules(cluster(*objects, young))
