"""`fix.netpol`: the one rule by which a policy would let a flow through. Only ever proposed."""

import copy

from mcp_servers.engines.dns_servers import dns_pods
from mcp_servers.engines.endpoints import selector_of
from mcp_servers.engines.fields import section, strings, text
from mcp_servers.engines.fixes.drafting import Case, Outcome
from mcp_servers.engines.fixes.editing import subsection
from mcp_servers.engines.ownership import workload_of
from mcp_servers.engines.revisions import template_of
from mcp_servers.facts.kubernetes import Cluster, Json, Resource

NAMESPACE = "kubernetes.io/metadata.name"
DNS = "53"


def allow_flow(case: Case) -> Outcome:
    """A rule for exactly these pods and this port, beside those that are there."""
    policy = case.cluster.get(case.target)
    if policy is None or policy.kind != "NetworkPolicy":
        return case.advice("not_in_sight")
    if case.rule == "netpol.blocks_dns":
        return _proposed(case, policy, "egress", _to_dns(case.cluster), "DNS")
    rule = _flow(case, policy)
    if rule is None:
        return case.advice("flow_unclear")
    flow = f"{case.told('caller')} → {case.told('service')}:{case.told('port')}"
    return _proposed(case, policy, case.told("direction"), rule, flow)


def _proposed(case: Case, policy: Resource, direction: str, rule: Json, flow: str) -> Outcome:
    after = copy.deepcopy(policy.raw)
    spec = subsection(after, "spec")
    spec[direction] = [*(spec.get(direction) or []), rule]
    return case.proposal(policy, after, "always_proposed", flow=flow)


def _flow(case: Case, policy: Resource) -> Json | None:
    affected = case.finding.affected if case.finding else ()
    caller = next((one for one in affected if one.kind == "Pod"), None)
    service = next((one for one in affected if one.kind == "Service"), None)
    source = case.cluster.get(caller) if caller else None
    target = case.cluster.get(service) if service else None
    port = case.told("port")
    if source is None or target is None or not port.isdigit():
        return None
    outwards = case.told("direction") == "egress"
    labels = selector_of(target) if outwards else _labels(case.cluster, source)
    there = target.namespace if outwards else source.namespace
    if not labels:
        return None
    ports = [{"protocol": "TCP", "port": int(port)}]
    return {"to" if outwards else "from": [_peer(policy, there, labels)], "ports": ports}


def _peer(policy: Resource, namespace: str, labels: dict[str, str]) -> Json:
    peer: Json = {"podSelector": {"matchLabels": labels}}
    if namespace != policy.namespace:
        peer["namespaceSelector"] = {"matchLabels": {NAMESPACE: namespace}}
    return peer


def _labels(cluster: Cluster, pod: Resource) -> dict[str, str]:
    """What tells the pods of one workload from all others: its selector, else its template's."""
    owner = workload_of(cluster, pod)
    if owner is None or owner.ref == pod.ref:
        return dict(pod.labels)
    chosen = strings(owner.spec, "selector", "matchLabels")
    return chosen or strings(section(template_of(owner), "metadata"), "labels")


def _to_dns(cluster: Cluster) -> Json:
    """Both protocols to the cluster's own servers: long answers come over TCP."""
    servers = dns_pods(cluster)
    labels = (
        {"k8s-app": text(servers[0].labels, "k8s-app") or "kube-dns"}
        if servers
        else {"k8s-app": "kube-dns"}
    )
    namespace = servers[0].namespace if servers else "kube-system"
    peer = {
        "namespaceSelector": {"matchLabels": {NAMESPACE: namespace}},
        "podSelector": {"matchLabels": labels},
    }
    ports = [{"protocol": protocol, "port": int(DNS)} for protocol in ("UDP", "TCP")]
    return {"to": [peer], "ports": ports}
