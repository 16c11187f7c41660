"""Nodes that are gone, or short of memory, disk or process ids."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction

from mcp_servers.engines import citing
from mcp_servers.engines.containers import containers
from mcp_servers.engines.fields import text
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.quantities import as_bytes, quantity
from mcp_servers.engines.settling import is_finished, is_terminating, is_young
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource, moment

MEMORY = "container_memory_working_set_bytes"
BLIP = timedelta(seconds=40)
JOINING = timedelta(minutes=5)

PRESSURE = {
    "MemoryPressure": ("node.memory_pressure", "NodeHasInsufficientMemory", "memory"),
    "DiskPressure": ("node.disk_pressure", "NodeHasDiskPressure", "ephemeral-storage"),
}
EVICTING = ("EvictionThresholdMet", "FreeDiskSpaceFailed", "ImageGCFailed")
_ATTEMPT = re.compile(r"reclaim ([\w-]+)")
_USED = re.compile(r"Container ([\w.-]+) was using (\d[\w.]*\b), request is (\d[\w.]*\b)")


def not_ready(cluster: Cluster) -> Iterator[Finding]:
    """`node.not_ready`: the kubelet says so, or is not heard any more."""
    for node in cluster.all("Node"):
        condition = node.condition("Ready") or {}
        since = moment(condition.get("lastTransitionTime"))
        if condition.get("status") not in ("False", "Unknown") or is_terminating(node):
            continue
        if is_young(cluster, node, JOINING) or (since and cluster.now - since < BLIP):
            continue
        yield _not_ready(cluster, node, condition, since)


def _not_ready(
    cluster: Cluster, node: Resource, condition: Json, since: datetime | None
) -> Finding:
    pods = _pods_on(cluster, node)
    said = (
        f"{condition.get('status')} ({condition.get('reason', '')}: {condition.get('message', '')})"
    )
    evidence = [citing.field(node, ".status.conditions[Ready].status", said, since)]
    lease = cluster.get(Ref("Lease", "kube-node-lease", node.name))
    renewed = moment(lease.spec.get("renewTime")) if lease else None
    if lease and renewed:
        evidence.append(citing.field(lease, ".spec.renewTime", citing.clock(renewed), renewed))
    events = cluster.events_about(node, "NodeNotReady", "NodeStatusUnknown", "Rebooted")
    return Finding(
        rule="node.not_ready",
        severity=Severity.CRITICAL,
        confidence=Confidence.CERTAIN,
        resource=node.ref,
        since=since,
        evidence=(*evidence, *citing.events(events, at_most=1)),
        params={
            "reason": text(condition, "reason"),
            "message": citing.quoted(text(condition, "message")),
            "pods": str(len(pods)),
            "workloads": _owners(cluster, pods),
            "heartbeat": citing.clock(renewed or moment(condition.get("lastHeartbeatTime"))),
        },
        affected=tuple(pod.ref for pod in pods),
        joins={"node": node.name},
    )


def _pods_on(cluster: Cluster, node: Resource) -> list[Resource]:
    return [
        pod
        for pod in cluster.all("Pod")
        if text(pod.spec, "nodeName") == node.name and text(pod.status, "phase") != "Succeeded"
    ]


def _owners(cluster: Cluster, pods: list[Resource]) -> str:
    owners = sorted({top_owner(cluster, pod) for pod in pods})
    shown = ", ".join(f"{one.namespace}/{one.name}" for one in owners[:5])
    return f"{shown} …" if len(owners) > 5 else shown


def pressure(cluster: Cluster) -> Iterator[Finding]:
    """`node.memory_pressure` and `node.disk_pressure`: true now, or so lately that it evicted."""
    for node in cluster.all("Node"):
        for kind, (rule, reason, resource) in PRESSURE.items():
            condition = node.condition(kind) or {}
            evidence = _signs(cluster, node, kind, condition, reason, resource)
            if evidence:
                yield _pressure(cluster, node, rule, resource, condition, evidence)


def _signs(
    cluster: Cluster, node: Resource, kind: str, condition: Json, reason: str, resource: str
) -> list[Evidence]:
    true = condition.get("status") == "True"
    since = moment(condition.get("lastTransitionTime"))
    said = f"{condition.get('status')} ({condition.get('message') or condition.get('reason')})"
    path = f".status.conditions[{kind}].status"
    signs = [citing.field(node, path, said, since)] if true else []
    lately = [
        citing.event(event)
        for event in cluster.events_about(node, reason, *EVICTING)
        if cluster.recent(event.last_at)
        and _concerns(event.message, event.reason, reason, resource)
    ]
    return [*signs, *lately][:3]


def _concerns(message: str, seen: str, reason: str, resource: str) -> bool:
    """Whether an event of the eviction manager is about this resource."""
    reclaimed = _ATTEMPT.search(message)
    if reclaimed is None:
        return seen == reason or (resource != "memory" and seen != "EvictionThresholdMet")
    memory = reclaimed.group(1) == "memory"
    return memory == (resource == "memory")


def _pressure(
    cluster: Cluster,
    node: Resource,
    rule: str,
    resource: str,
    condition: Json,
    evidence: list[Evidence],
) -> Finding:
    present = condition.get("status") == "True"
    evicted = _evicted(cluster, node)
    hungriest = _hungriest(cluster, node, evicted) if resource == "memory" else None
    times = [moment(condition.get("lastTransitionTime"))] if present else []
    firsts = [event.first_at for event in cluster.events_about(node, *EVICTING)]
    recent = [at for at in (*times, *firsts) if at is not None]
    owner, used, asked = hungriest or (None, None, None)
    if owner and used is not None:
        against = f" (request {as_bytes(asked)})" if asked is not None else ""
        share = Evidence(evidence[0].source, f"{owner}", f"{owner} uses {as_bytes(used)}{against}")
        evidence = [*evidence, share]
    return Finding(
        rule=rule,
        severity=Severity.HIGH,
        confidence=Confidence.CERTAIN if present else Confidence.STRONG,
        resource=node.ref,
        since=min(recent, default=None),
        evidence=tuple(evidence),
        params={
            "evicted": str(len(evicted)),
            "workloads": _owners(cluster, evicted),
            "present": "true" if present else "",
            "message": citing.quoted(text(condition, "message")) if present else "",
            "hungriest": f"{owner.kind} {owner.namespace}/{owner.name}" if owner else "",
            "used": as_bytes(used) if used is not None else "",
            "request": as_bytes(asked) if asked is not None else "",
            "allocatable": text(node.status, "allocatable", resource),
        },
        affected=tuple(pod.ref for pod in evicted),
        joins={"node": node.name},
    )


def _evicted(cluster: Cluster, node: Resource) -> list[Resource]:
    return [pod for pod in _pods_on(cluster, node) if text(pod.status, "reason") == "Evicted"]


Consumer = tuple[Ref, Fraction | float, Fraction | None]


def _hungriest(cluster: Cluster, node: Resource, evicted: list[Resource]) -> Consumer | None:
    """Who used most beyond its request: by metrics of the pods there, else as evictions told."""
    consumers: list[Consumer] = [
        (top_owner(cluster, pod), used, _requested(pod))
        for pod in _pods_on(cluster, node)
        if not is_finished(pod) and (used := _used_now(cluster, pod)) is not None
    ]
    for pod in evicted:
        for _, used, asked in _USED.findall(text(pod.status, "message")):
            amount = quantity(used)
            if amount is not None:
                consumers.append((top_owner(cluster, pod), amount, quantity(asked)))
    return max(consumers, key=lambda one: (one[1] - (one[2] or 0), one[0]), default=None)


def _used_now(cluster: Cluster, pod: Resource) -> float | None:
    found = cluster.series_for(MEMORY, namespace=pod.namespace, pod=pod.name)
    latest = [one.points[-1][1] for one in found if one.points]
    return sum(latest) if latest else None


def _requested(pod: Resource) -> Fraction | None:
    asked = [quantity(one.asks("requests", "memory") or "0") for one in containers(pod)]
    return sum((one for one in asked if one is not None), Fraction(0))


def pid_or_network(cluster: Cluster) -> Iterator[Finding]:
    """`node.pid_or_network`: no process ids left, or no network on the node."""
    for node in cluster.all("Node"):
        for kind in ("PIDPressure", "NetworkUnavailable"):
            condition = node.condition(kind) or {}
            if condition.get("status") != "True":
                continue
            since = moment(condition.get("lastTransitionTime"))
            said = f"True ({condition.get('message') or condition.get('reason')})"
            path = f".status.conditions[{kind}].status"
            yield Finding(
                rule="node.pid_or_network",
                severity=Severity.HIGH,
                confidence=Confidence.CERTAIN,
                resource=node.ref,
                since=since,
                evidence=(citing.field(node, path, said, since),),
                params={"condition": kind, "message": citing.quoted(text(condition, "message"))},
                affected=tuple(pod.ref for pod in _pods_on(cluster, node)),
                cause_key=kind,
                joins={"node": node.name},
            )
