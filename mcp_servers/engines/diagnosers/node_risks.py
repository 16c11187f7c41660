"""Nodes that come and go, report troubles of their own, hold too much, or are too old."""

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction

from mcp_servers.engines import citing
from mcp_servers.engines.about_objects import about_object, listed
from mcp_servers.engines.containers import Role, containers
from mcp_servers.engines.fields import rows, text
from mcp_servers.engines.placement import pods_by_node
from mcp_servers.engines.quantities import as_bytes, quantity
from mcp_servers.engines.settling import is_terminating
from mcp_servers.engines.versions import (
    api_servers,
    kubelet_version,
    minor_of,
    written,
)
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Event, Json, Resource, moment

FLAPS = 4
OWN_CONDITIONS = {
    "Ready",
    "MemoryPressure",
    "DiskPressure",
    "PIDPressure",
    "NetworkUnavailable",
}
REQUESTED_SHARE = Fraction(95, 100)
LIMITED_SHARE = Fraction(150, 100)
USED_SHARE = 0.85
MEMORY = "container_memory_working_set_bytes"

# A kubelet may be this many minor versions older than the API server, and none newer.
OLDER_BY_AT_MOST = 3

# Conditions that others add say by their names whether True is good; only these words are bad.
_BAD = re.compile(
    r"Deadlock|Read-?only|Corrupt|Frequent|Problem|Pressure|Unhealthy|Fail|Error|OOM|Hung|Leak"
    r"|Unavailable|NotReady|Exhausted|Degraded|OutOf",
    re.IGNORECASE,
)


def flapping_nodes(cluster: Cluster) -> Iterator[Finding]:
    """`node.flapping`: ready and not ready in turns. A node that stays away is another matter."""
    for node in cluster.all("Node"):
        changes = [
            one
            for one in cluster.events_about(node, "NodeNotReady", "NodeReady")
            if cluster.recent(one.last_at)
        ]
        times = sum(_times(cluster, one) for one in changes)
        away = [one for one in changes if one.reason == "NodeNotReady"]
        ready = (node.condition("Ready") or {}).get("status") == "True"
        if ready and away and times >= FLAPS:
            yield _flapping(node, changes, times)


def _times(cluster: Cluster, event: Event) -> int:
    """How often within the window: of a count that reaches further back only one is sure."""
    return event.count if cluster.recent(event.first_at) else 1


def _flapping(node: Resource, changes: list[Event], times: int) -> Finding:
    condition = node.condition("Ready") or {}
    since = moment(condition.get("lastTransitionTime"))
    return about_object(
        node,
        "node.flapping",
        Severity.HIGH,
        [
            *citing.events(changes, at_most=3),
            citing.field(node, ".status.conditions[Ready].status", "True", since),
        ],
        confidence=Confidence.STRONG,
        since=min((one.first_at for one in changes if one.first_at), default=None),
        params={"times": str(times), "last_at": citing.clock(changes[-1].last_at)},
        joins={"node": node.name},
    )


def custom_conditions(cluster: Cluster) -> Iterator[Finding]:
    """`node.custom_condition`: what a problem detector reports as true. False and Unknown are fine."""
    for node in cluster.all("Node"):
        for condition in rows(node.status, "conditions"):
            kind = text(condition, "type")
            if text(condition, "status") == "True" and _is_a_problem(kind):
                yield _custom(node, kind, condition)


def _is_a_problem(kind: str) -> bool:
    return kind not in OWN_CONDITIONS and bool(_BAD.search(kind))


def _custom(node: Resource, kind: str, condition: Json) -> Finding:
    since = moment(condition.get("lastTransitionTime"))
    said = f"True ({text(condition, 'reason')}: {text(condition, 'message')})"
    return about_object(
        node,
        "node.custom_condition",
        Severity.MEDIUM,
        [citing.field(node, f".status.conditions[{kind}].status", said, since)],
        since=since,
        cause_key=kind,
        params={
            "condition": kind,
            "reason": text(condition, "reason"),
            "message": citing.quoted(text(condition, "message")),
        },
        joins={"node": node.name},
    )


def overcommitted_nodes(cluster: Cluster) -> Iterator[Finding]:
    """`node.overcommitted`: memory promised beyond what is there, by requests or by limits in use."""
    placed = pods_by_node(cluster)
    for node in cluster.all("Node"):
        total = quantity(text(node.status, "allocatable", "memory"))
        pods = placed.get(node.name, [])
        if not total or not pods:
            continue
        requested, limited = _memory(pods, "requests"), _memory(pods, "limits")
        used = _used(cluster, pods) if limited > LIMITED_SHARE * total else 0.0
        if requested > REQUESTED_SHARE * total or used > USED_SHARE * float(total):
            yield _overcommitted(node, total, requested, limited, used)


def _memory(pods: Iterable[Resource], what: str) -> Fraction:
    asked = [
        quantity(one.asks(what, "memory") or "0")
        for pod in pods
        for one in containers(pod)
        if one.role in (Role.APP, Role.SIDECAR)
    ]
    return sum((one for one in asked if one is not None), Fraction(0))


def _used(cluster: Cluster, pods: list[Resource]) -> float:
    latest = cluster.derived("memory by pod", lambda: _latest_by_pod(cluster))
    return sum(latest.get((pod.namespace, pod.name), 0.0) for pod in pods)


def _latest_by_pod(cluster: Cluster) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for one in cluster.series_for(MEMORY):
        if one.points:
            pod = one.label("namespace"), one.label("pod")
            found[pod] = found.get(pod, 0.0) + one.points[-1][1]
    return found


def _overcommitted(
    node: Resource, total: Fraction, requested: Fraction, limited: Fraction, used: float
) -> Finding:
    shares = f"requests {as_bytes(requested)}, limits {as_bytes(limited)} of {as_bytes(total)}"
    return about_object(
        node,
        "node.overcommitted",
        Severity.MEDIUM,
        [citing.field(node, ".status.allocatable.memory", shares)],
        confidence=Confidence.CERTAIN,
        params={
            "requests": as_bytes(requested),
            "limits": as_bytes(limited),
            "allocatable": as_bytes(total),
            "share": f"{float(requested / total):.0%}",
            "used": as_bytes(used) if used else "",
        },
        joins={"node": node.name},
    )


def old_kubelets(cluster: Cluster) -> Iterator[Finding]:
    """`node.version_skew`: newer than the API server, or more than three minor versions older.

    Where the API server is not in sight, the newest node stands for it: it is at least as new.
    """
    servers = api_servers(cluster)
    nodes = [one for one in cluster.all("Node") if minor_of(kubelet_version(one))]
    stated = [version for _, version in servers] or [kubelet_version(one) for one in nodes]
    newest = max(stated, key=lambda one: minor_of(one) or (0, 0), default="")
    oldest = min(stated, key=lambda one: minor_of(one) or (0, 0), default="")
    for node in nodes:
        version = kubelet_version(node)
        ahead = bool(servers) and _minors(version) > _minors(oldest)
        behind = _minors(newest) - _minors(version) > OLDER_BY_AT_MOST
        if (ahead or behind) and not is_terminating(node):
            yield _skewed(node, version, oldest if ahead else newest, servers)


def _minors(version: str) -> int:
    major, minor = minor_of(version) or (0, 0)
    return major * 1000 + minor


def _skewed(
    node: Resource, version: str, other: str, servers: list[tuple[Resource, str]]
) -> Finding:
    cited: list[Evidence] = [citing.field(node, ".status.nodeInfo.kubeletVersion", version)]
    cited += [citing.field(pod, ".spec.containers[].image", told) for pod, told in servers[:1]]
    return about_object(
        node,
        "node.version_skew",
        Severity.MEDIUM,
        cited,
        confidence=Confidence.CERTAIN if servers else Confidence.STRONG,
        params={
            "version": version,
            "server": written(minor_of(other) or (0, 0)),
            "servers": listed([pod.name for pod, _ in servers]),
        },
        joins={"node": node.name},
    )
