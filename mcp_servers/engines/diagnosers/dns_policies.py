"""Network policies that cut pods off from name resolution."""

from collections.abc import Iterator

from mcp_servers.engines import citing
from mcp_servers.engines.dns_servers import dns_pods, dns_services
from mcp_servers.engines.fields import rows, section, text
from mcp_servers.engines.network_policies import Direction, is_peer, limits, selector, within
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.selectors import matches
from mcp_servers.engines.settling import is_finished, is_superseded, is_terminating
from mcp_servers.facts.findings import Confidence, Finding, Fix, Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Resource

DNS_PORT = "53"
LINK_LOCAL = "169.254.20.10"  # where NodeLocal DNSCache listens by default


def dns_policies(cluster: Cluster) -> Iterator[Finding]:
    """`netpol.blocks_dns`: pods whose egress is limited, and no rule lets them ask the DNS."""
    for namespace in sorted({one.namespace for one in cluster.all("NetworkPolicy")}):
        policies = [
            one for one in cluster.all("NetworkPolicy", namespace) if limits(one, Direction.EGRESS)
        ]
        cut_off: dict[str, list[Resource]] = {}
        for pod in _askers(cluster, namespace) if policies else []:
            holding = [one for one in policies if matches(selector(one), pod.labels)]
            if holding and not any(_lets_dns_out(cluster, one) for one in holding):
                cut_off.setdefault(min(one.name for one in holding), []).append(pod)
        for policy in policies:
            if pods := cut_off.get(policy.name):
                yield _finding(cluster, policy, pods)


def _askers(cluster: Cluster, namespace: str) -> list[Resource]:
    """Pods that are meant to run there and are subject to policies."""
    return [
        pod
        for pod in cluster.all("Pod", namespace)
        if not (is_finished(pod) or is_terminating(pod) or pod.spec.get("hostNetwork") is True)
        and not is_superseded(cluster, pod)
    ]


def _lets_dns_out(cluster: Cluster, policy: Resource) -> bool:
    return any(
        _has_dns_port(rule) and _reaches_dns(cluster, policy, rule)
        for rule in rows(policy.spec, "egress")
    )


def _has_dns_port(rule: Json) -> bool:
    """A rule without ports allows all of them; names of ports cannot be judged and are let pass."""
    ports = rows(rule, "ports")
    return not ports or any(_is_dns(one) for one in ports)


def _is_dns(port: Json) -> bool:
    if (text(port, "protocol") or "TCP") != "UDP":
        return False
    number, end = text(port, "port"), text(port, "endPort")
    if not number.isdigit():
        return True
    return number == DNS_PORT or (end.isdigit() and int(number) <= int(DNS_PORT) <= int(end))


def _reaches_dns(cluster: Cluster, policy: Resource, rule: Json) -> bool:
    peers = rows(rule, "to")
    return not peers or any(_is_dns_peer(cluster, policy, one) for one in peers)


def _is_dns_peer(cluster: Cluster, policy: Resource, peer: Json) -> bool:
    if block := section(peer, "ipBlock"):
        return any(within(ip, block) for ip in _dns_addresses(cluster))
    servers = dns_pods(cluster)
    if not servers:
        return "namespaceSelector" in peer  # nothing to judge by: believe the rule
    return any(is_peer(cluster, policy, peer, one) for one in servers)


def _dns_addresses(cluster: Cluster) -> list[str]:
    pods = dns_pods(cluster)
    ips = [text(one.spec, "clusterIP") for one in dns_services(cluster)]
    return [ip for ip in (*ips, *(text(one.status, "podIP") for one in pods), LINK_LOCAL) if ip]


def _finding(cluster: Cluster, policy: Resource, pods: list[Resource]) -> Finding:
    owners = sorted({top_owner(cluster, pod) for pod in pods})
    shown = ", ".join(f"{one.kind} {one.name}" for one in owners[:5])
    ports = [
        text(one, "port") for rule in rows(policy.spec, "egress") for one in rows(rule, "ports")
    ]
    allowed = ", ".join(dict.fromkeys(ports))
    said = f"no rule allows UDP port {DNS_PORT} to the cluster DNS"
    return Finding(
        rule="netpol.blocks_dns",
        severity=Severity.HIGH,
        confidence=Confidence.STRONG,
        resource=policy.ref,
        since=policy.created_at,
        evidence=(citing.field(policy, ".spec.egress", said, policy.created_at),),
        params={"workloads": shown, "pods": str(len(pods)), "allowed": allowed},
        affected=(*owners, *(pod.ref for pod in pods)),
        fix=Fix("fix.netpol", policy.ref),
        joins={
            "policy": f"{policy.namespace}/{policy.name}",
            "workload": ",".join(str(one) for one in owners),
        },
    )
