"""What NetworkPolicies let through: whom they select, and whether a pod may reach another."""

import ipaddress
from enum import StrEnum

from mcp_servers.engines.fields import rows, section, text, words
from mcp_servers.engines.selectors import matches
from mcp_servers.facts.kubernetes import Cluster, Json, Resource


class Direction(StrEnum):
    EGRESS = "Egress"
    INGRESS = "Ingress"

    @property
    def rules(self) -> str:
        return self.value.lower()

    @property
    def peers(self) -> str:
        return "to" if self is Direction.EGRESS else "from"


def selector(policy: Resource) -> Json:
    return section(policy.spec, "podSelector")


def limits(policy: Resource, direction: Direction) -> bool:
    """Whether the policy isolates its pods in this direction; without types, ingress always is."""
    types = words(policy.spec, "policyTypes")
    if types:
        return direction in types
    return direction is Direction.INGRESS or direction.rules in policy.spec


def selecting(cluster: Cluster, pod: Resource, direction: Direction) -> list[Resource]:
    """The policies that isolate a pod in this direction; none for a pod on the host's network."""
    if pod.spec.get("hostNetwork") is True:
        return []
    return [
        one
        for one in cluster.all("NetworkPolicy", pod.namespace)
        if limits(one, direction) and matches(selector(one), pod.labels)
    ]


def blocking(cluster: Cluster, source: Resource, target: Resource, port: Json) -> list[Resource]:
    """The policies that keep `source` from `port` of `target`; [] when the flow is allowed.

    `port` has the protocol and the number of the target's own port. Egress is judged first.
    """
    for direction, isolated, peer in (
        (Direction.EGRESS, source, target),
        (Direction.INGRESS, target, source),
    ):
        policies = selecting(cluster, isolated, direction)
        if policies and not any(
            _admits(cluster, one, direction, peer, target, port) for one in policies
        ):
            return policies
    return []


def _admits(
    cluster: Cluster,
    policy: Resource,
    direction: Direction,
    peer: Resource,
    target: Resource,
    port: Json,
) -> bool:
    return any(
        admits_port(rule, target, port) and admits_peer(cluster, policy, rule, direction, peer)
        for rule in rows(policy.spec, direction.rules)
    )


def admits_port(rule: Json, target: Resource, port: Json) -> bool:
    """Whether a rule's ports include this one; a rule without ports allows all of them."""
    ports = rows(rule, "ports")
    return not ports or any(_same_port(one, target, port) for one in ports)


def _same_port(allowed: Json, target: Resource, port: Json) -> bool:
    if (text(allowed, "protocol") or "TCP") != (text(port, "protocol") or "TCP"):
        return False
    named, end, number = text(allowed, "port"), text(allowed, "endPort"), text(port, "port")
    if not named:
        return True
    if not named.isdigit():
        return number in _numbers_named(target, named)
    if end.isdigit() and number.isdigit():
        return int(named) <= int(number) <= int(end)
    return named == number


def _numbers_named(pod: Resource, name: str) -> set[str]:
    return {
        text(port, "containerPort")
        for container in rows(pod.spec, "containers")
        for port in rows(container, "ports")
        if text(port, "name") == name
    }


def admits_peer(
    cluster: Cluster, policy: Resource, rule: Json, direction: Direction, peer: Resource
) -> bool:
    """Whether a rule's peers include this pod; a rule without peers allows everybody."""
    peers = rows(rule, direction.peers)
    return not peers or any(is_peer(cluster, policy, one, peer) for one in peers)


def is_peer(cluster: Cluster, policy: Resource, peer: Json, pod: Resource) -> bool:
    if block := section(peer, "ipBlock"):
        address = text(pod.status, "podIP")
        return not address or within(address, block)  # an address nobody knows: believe the rule
    if "namespaceSelector" in peer:
        if not matches(
            section(peer, "namespaceSelector"), namespace_labels(cluster, pod.namespace)
        ):
            return False
    elif pod.namespace != policy.namespace:
        return False
    return "podSelector" not in peer or matches(section(peer, "podSelector"), pod.labels)


def namespace_labels(cluster: Cluster, namespace: str) -> dict[str, str]:
    """The labels of a namespace, with the one that every API server gives it."""
    known = cluster.derived(
        "namespace labels", lambda: {one.name: one.labels for one in cluster.all("Namespace")}
    )
    return {"kubernetes.io/metadata.name": namespace, **known.get(namespace, {})}


def within(ip: str, block: Json) -> bool:
    """Whether an address lies in an ipBlock and not in one of its exceptions."""
    try:
        address = ipaddress.ip_address(ip)
        inside = address in ipaddress.ip_network(text(block, "cidr"), strict=False)
        spared = [ipaddress.ip_network(one, strict=False) for one in words(block, "except")]
    except ValueError:
        return False
    return inside and not any(address in one for one in spared)


# What a cluster runs that carries policies out, by words in the names of its DaemonSets.
_ENFORCING = ("calico", "canal", "cilium", "antrea", "weave", "kube-router", "ovn", "kindnet")


def are_enforced(cluster: Cluster) -> bool:
    """False only where the one network plugin in sight is known to leave policies unheeded."""
    names = [one.name for one in cluster.all("DaemonSet")]
    plain = any("flannel" in name for name in names)
    return not plain or any(word in name for name in names for word in _ENFORCING)
