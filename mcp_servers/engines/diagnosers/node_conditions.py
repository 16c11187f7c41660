"""Nodes that are gone, or short of memory, disk or process ids."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from mcp_servers.engines import citing
from mcp_servers.engines.containers import Role, containers
from mcp_servers.engines.fields import text
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.quantities import as_bytes, quantity
from mcp_servers.engines.settling import is_finished, is_terminating, is_young
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Event, Json, Ref, Resource, moment

MEMORY = "container_memory_working_set_bytes"
BLIP = timedelta(seconds=40)
JOINING = timedelta(minutes=5)

PRESSURE = {
    "MemoryPressure": ("node.memory_pressure", "NodeHasInsufficientMemory", "memory"),
    "DiskPressure": ("node.disk_pressure", "NodeHasDiskPressure", "ephemeral-storage"),
}
EVICTING = ("EvictionThresholdMet", "FreeDiskSpaceFailed", "ImageGCFailed")
_LOW_ON = re.compile(r"low on resource:? *\[?([\w-]+)", re.IGNORECASE)
_ATTEMPT = re.compile(r"reclaim ([\w-]+)")


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
        told_of_disk = resource == "ephemeral-storage" and seen != "EvictionThresholdMet"
        return seen == reason or told_of_disk
    return _short_of(reclaimed.group(1)) == resource


def _short_of(reclaimed: str) -> str:
    """What kind of thing the eviction manager tries to win back; space and inodes are of disks."""
    if reclaimed == "memory":
        return "memory"
    return "pids" if reclaimed.startswith("pid") else "ephemeral-storage"


def _pressure(
    cluster: Cluster,
    node: Resource,
    rule: str,
    resource: str,
    condition: Json,
    evidence: list[Evidence],
) -> Finding:
    present = condition.get("status") == "True"
    evicted = _evicted(cluster, node, resource)
    hungriest = _hungriest(cluster, node) if resource == "memory" else None
    unlimited = _unlimited(cluster, node) if resource == "memory" else []
    times = [moment(condition.get("lastTransitionTime"))] if present else []
    firsts = [
        event.first_at
        for event in cluster.events_about(node, *EVICTING)
        if _concerns(event.message, event.reason, "", resource)
    ]
    recent = [at for at in (*times, *firsts) if at is not None]
    if hungriest:
        evidence = [*evidence, hungriest.cited]
    return Finding(
        rule=rule,
        severity=Severity.HIGH,
        confidence=Confidence.CERTAIN if present else Confidence.STRONG,
        resource=node.ref,
        since=min(recent, default=None),
        evidence=tuple(evidence),
        params={
            "evicted": str(len(evicted)) if evicted else "",
            "workloads": _owners(cluster, evicted),
            "present": "true" if present else "",
            "message": citing.quoted(text(condition, "message")) if present else "",
            "hungriest": str(hungriest.owner) if hungriest else "",
            "used": as_bytes(hungriest.used) if hungriest else "",
            "request": as_bytes(hungriest.request) if hungriest else "",
            "unlimited": ", ".join(str(one) for one in unlimited[:5]),
            "allocatable": text(node.status, "allocatable", resource),
        },
        affected=tuple(pod.ref for pod in evicted),
        joins={"node": node.name},
    )


def _evicted(cluster: Cluster, node: Resource, resource: str) -> list[Resource]:
    """The pods that had to go, but for those whose eviction tells of something else."""
    gone = [pod for pod in _pods_on(cluster, node) if text(pod.status, "reason") == "Evicted"]
    told = [(pod, _LOW_ON.search(text(pod.status, "message"))) for pod in gone]
    return [pod for pod, low in told if low is None or _short_of(low.group(1).lower()) == resource]


@dataclass(frozen=True, slots=True)
class _Consumer:
    """What one pod uses against what it asked for."""

    owner: Ref
    used: float
    request: float
    cited: Evidence

    @property
    def beyond(self) -> tuple[float, Ref]:
        return self.used - self.request, self.owner


def _hungriest(cluster: Cluster, node: Resource) -> _Consumer | None:
    """Who of the pods that are still there uses most beyond its request.

    The evicted are not asked: they were the first to go, not necessarily the cause.
    """
    standing = [pod for pod in _pods_on(cluster, node) if not is_finished(pod)]
    consumers = [one for pod in standing if (one := _consumer(cluster, pod)) is not None]
    return max(consumers, key=lambda one: one.beyond, default=None)


def _consumer(cluster: Cluster, pod: Resource) -> _Consumer | None:
    found = cluster.series_for(MEMORY, namespace=pod.namespace, pod=pod.name)
    latest = [one.points[-1] for one in found if one.points]
    if not latest:
        return None
    used = sum(value for _, value in latest)
    asked = [quantity(one.asks("requests", "memory") or "0") for one in containers(pod)]
    request = float(sum((one for one in asked if one is not None), Fraction(0)))
    owner = top_owner(cluster, pod)
    text = f"{owner} ({pod.name}) uses {as_bytes(used)}, request {as_bytes(request)}"
    return _Consumer(owner, used, request, citing.series(found[0], text, latest[0][0]))


def _unlimited(cluster: Cluster, node: Resource) -> list[Ref]:
    """Workloads on the node that may take all of its memory, the system's own left out."""
    return sorted(
        {
            top_owner(cluster, pod)
            for pod in _pods_on(cluster, node)
            if not is_finished(pod) and not pod.namespace.startswith("kube-")
            if any(
                one.role is Role.APP and not one.asks("limits", "memory") for one in containers(pod)
            )
        }
    )


def pid_or_network(cluster: Cluster) -> Iterator[Finding]:
    """`node.pid_or_network`: no process ids left, or no network on the node."""
    for node in cluster.all("Node"):
        for kind in ("PIDPressure", "NetworkUnavailable"):
            condition = node.condition(kind) or {}
            present = condition.get("status") == "True"
            reclaiming = _reclaiming_pids(cluster, node) if kind == "PIDPressure" else []
            if not present and not reclaiming:
                continue
            since = moment(condition.get("lastTransitionTime")) if present else None
            said = f"True ({condition.get('message') or condition.get('reason')})"
            path = f".status.conditions[{kind}].status"
            stated = [citing.field(node, path, said, since)] if present else []
            firsts = [one.first_at for one in reclaiming if one.first_at]
            yield Finding(
                rule="node.pid_or_network",
                severity=Severity.HIGH,
                confidence=Confidence.CERTAIN if present else Confidence.STRONG,
                resource=node.ref,
                since=min([*([since] if since else []), *firsts], default=None),
                evidence=(*stated, *citing.events(reclaiming, at_most=1)),
                params={
                    "condition": kind,
                    "message": citing.quoted(text(condition, "message")) if present else "",
                },
                affected=tuple(pod.ref for pod in _pods_on(cluster, node)),
                cause_key=kind,
                joins={"node": node.name},
            )


def _reclaiming_pids(cluster: Cluster, node: Resource) -> list[Event]:
    """Where the condition comes and goes, the evictions that it led to are still told of."""
    return [
        event
        for event in cluster.events_about(node, "EvictionThresholdMet")
        if cluster.recent(event.last_at) and _concerns(event.message, event.reason, "", "pids")
    ]
