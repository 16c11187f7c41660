"""Network policies that cut pods off from name resolution."""

import ipaddress
from collections.abc import Iterator

from mcp_servers.engines import citing
from mcp_servers.engines.fields import rows, section, text, words
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.selectors import matches
from mcp_servers.engines.settling import is_finished, live_pods
from mcp_servers.facts.findings import Confidence, Finding, Fix, Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Resource

DNS_PORT = "53"
DNS_LABEL = "k8s-app"
DNS_NAMES = frozenset({"kube-dns", "coredns", "node-local-dns"})
LINK_LOCAL = "169.254.20.10"  # where NodeLocal DNSCache listens by default


def dns_policies(cluster: Cluster) -> Iterator[Finding]:
    """`netpol.blocks_dns`: pods whose egress is limited, and no rule lets them ask the DNS."""
    for namespace in sorted({one.namespace for one in cluster.all("NetworkPolicy")}):
        policies = [one for one in cluster.all("NetworkPolicy", namespace) if _limits_egress(one)]
        cut_off: dict[str, list[Resource]] = {}
        for pod in live_pods(cluster) if policies else []:
            if (
                pod.namespace != namespace
                or is_finished(pod)
                or pod.spec.get("hostNetwork") is True
            ):
                continue
            selecting = [one for one in policies if matches(_selector(one), pod.labels)]
            if selecting and not any(_lets_dns_out(cluster, one) for one in selecting):
                cut_off.setdefault(min(one.name for one in selecting), []).append(pod)
        for policy in policies:
            if pods := cut_off.get(policy.name):
                yield _finding(cluster, policy, pods)


def _selector(policy: Resource) -> Json:
    return section(policy.spec, "podSelector")


def _limits_egress(policy: Resource) -> bool:
    types = words(policy.spec, "policyTypes")
    return "Egress" in types if types else "egress" in policy.spec


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
        return any(_within(ip, block) for ip in _dns_addresses(cluster))
    servers = [one for one in cluster.all("Pod") if one.labels.get(DNS_LABEL) in DNS_NAMES]
    if not servers:
        return "namespaceSelector" in peer  # nothing to judge by: believe the rule
    return any(_selects(cluster, policy, peer, one) for one in servers)


def _selects(cluster: Cluster, policy: Resource, peer: Json, server: Resource) -> bool:
    if "namespaceSelector" in peer:
        held = [one for one in cluster.all("Namespace") if one.name == server.namespace]
        labels = {"kubernetes.io/metadata.name": server.namespace} | (
            held[0].labels if held else {}
        )
        if not matches(section(peer, "namespaceSelector"), labels):
            return False
    elif server.namespace != policy.namespace:
        return False
    return "podSelector" not in peer or matches(section(peer, "podSelector"), server.labels)


def _dns_addresses(cluster: Cluster) -> list[str]:
    services = [one for one in cluster.all("Service") if one.labels.get(DNS_LABEL) in DNS_NAMES]
    named = [one for one in cluster.all("Service", "kube-system") if one.name == "kube-dns"]
    pods = [one for one in cluster.all("Pod") if one.labels.get(DNS_LABEL) in DNS_NAMES]
    ips = [text(one.spec, "clusterIP") for one in (*services, *named)]
    return [ip for ip in (*ips, *(text(one.status, "podIP") for one in pods), LINK_LOCAL) if ip]


def _within(ip: str, block: Json) -> bool:
    try:
        address = ipaddress.ip_address(ip)
        inside = address in ipaddress.ip_network(text(block, "cidr"), strict=False)
        spared = [ipaddress.ip_network(one, strict=False) for one in words(block, "except")]
    except ValueError:
        return False
    return inside and not any(address in one for one in spared)


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
