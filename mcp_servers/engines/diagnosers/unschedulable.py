"""Pods that no node takes, and the one reason that decides it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod
from mcp_servers.engines.fields import rows, text
from mcp_servers.engines.obstacles import INSUFFICIENT, NOTHING_KNOWN, allocatable, obstacle_details
from mcp_servers.engines.ownership import workload_of
from mcp_servers.engines.scheduling import (
    Clause,
    Room,
    blocking_taints,
    clauses,
    leading,
    requests,
    selects,
)
from mcp_servers.engines.settling import is_young, live_pods, rolling
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Fix, Severity
from mcp_servers.facts.kubernetes import Cluster, Resource, moment
from mcp_servers.facts.nearest import nearest_names

SCALING_UP = timedelta(minutes=10)
JUST_CORDONED = timedelta(minutes=30)
SURGE_FITS_LATER = frozenset({"pod_affinity", "topology_spread", "host_port"})

# Of groups whose nodes might take the pod, why they get no further one.
_HELD_BACK = re.compile(r"limit reached|max node group size|backoff|not ready", re.IGNORECASE)

FIXES = {
    "cpu": "fix.resources",
    "memory": "fix.resources",
    "node_selector": "fix.node_selector",
    "pod_affinity": "fix.soften_affinity",
}


def unschedulable(cluster: Cluster) -> Iterator[Finding]:
    """`pod.unschedulable.*`: for each Pending pod the reason that holds for most nodes."""
    room = Room(cluster)
    for pod in live_pods(cluster):
        condition = pod.condition("PodScheduled") or {}
        if condition.get("status") != "False" or condition.get("reason") == "SchedulingGated":
            continue
        if text(pod.spec, "nodeName") or is_young(cluster, pod):
            continue
        yield from _told(cluster, room, pod, _messages(cluster, pod))


def _messages(cluster: Cluster, pod: Resource) -> list[str]:
    """What the scheduler said, the condition first: it is the present state."""
    stated = text(pod.condition("PodScheduled"), "message")
    events = cluster.events_about(pod, "FailedScheduling")
    return [stated, *(event.message for event in reversed(events))]


def _told(
    cluster: Cluster, room: Room, pod: Resource, messages: Sequence[str]
) -> Iterator[Finding]:
    found = next((parts for said in messages if (parts := clauses(said))), list[Clause]())
    if not found or _fits_after_the_surge(cluster, pod, found):
        return
    freed = _held_back_by_a_cordon(cluster, room, pod, found)
    decisive = (
        [one for one in found if one.reason == "cordoned"]
        if freed
        else _decisive(cluster, pod, found)
    )
    severity = Severity.INFO if _scaling_up(cluster, pod) else Severity.HIGH
    for clause in decisive:
        yield _finding(cluster, room, pod, clause, severity, freed)


def _decisive(cluster: Cluster, pod: Resource, found: list[Clause]) -> list[Clause]:
    """The clauses to tell: what no node can ever meet, else what holds for most nodes.

    Without a node that would fit, a cordon is not the reason.
    """
    others = [one for one in found if one.reason != "cordoned"] or found
    if hopeless := [one for one in others if _holds_everywhere(cluster, pod, one)]:
        return hopeless[:1]
    others = [one for one in others if one.reason != "node_selector"] or others
    lead = leading(others)
    short = [one for one in lead if one.reason in ("cpu", "memory", "extended")]
    return list({one.reason: one for one in (short or lead[:1])}.values())


def _holds_everywhere(cluster: Cluster, pod: Resource, clause: Clause) -> bool:
    """Whether no node at all has the label, or the device, that the pod asks for."""
    nodes = cluster.all("Node")
    if not nodes:
        return False
    if clause.reason == "node_selector":
        return not any(selects(pod, node) for node in nodes)
    stated = INSUFFICIENT.search(clause.said) if clause.reason == "extended" else None
    return stated is not None and not any(allocatable(node, stated.group(1)) for node in nodes)


def _fits_after_the_surge(cluster: Cluster, pod: Resource, found: list[Clause]) -> bool:
    """A pod of a rolling update that waits for the place of the one it replaces."""
    owner = workload_of(cluster, pod)
    surging = owner is not None and owner.kind == "Deployment" and rolling(cluster, owner)
    return surging and any(one.reason in SURGE_FITS_LATER for one in leading(found))


def _held_back_by_a_cordon(
    cluster: Cluster, room: Room, pod: Resource, found: list[Clause]
) -> Resource | None:
    """A cordoned node that would take the pod if it were not."""
    if not any(one.reason == "cordoned" for one in found):
        return None
    cordoned = [one for one in cluster.all("Node") if one.spec.get("unschedulable") is True]
    fitting = [
        node
        for node in cordoned
        if selects(pod, node) and not blocking_taints(pod, node) and room.fits(node, pod)
    ]
    return fitting[0] if fitting else None


def _scaling_up(cluster: Cluster, pod: Resource) -> bool:
    triggered = cluster.events_about(pod, "TriggeredScaleUp")
    return any(one.last_at and cluster.now - one.last_at < SCALING_UP for one in triggered)


def _finding(
    cluster: Cluster,
    room: Room,
    pod: Resource,
    clause: Clause,
    severity: Severity,
    freed: Resource | None,
) -> Finding:
    details, evidence, joins = obstacle_details(cluster, room, pod, clause, freed)
    young_cordon = freed is not None and _cordoned_lately(cluster, freed)
    told = about_pod(
        cluster,
        pod,
        f"pod.unschedulable.{clause.reason}",
        Severity.INFO if young_cordon else severity,
        [*_said(cluster, pod), *evidence],
        confidence=Confidence.CERTAIN,
        since=_since(cluster, pod),
        cause_key=details.get("label", "") or details.get("claim", ""),
        fix=_fix(clause, details),
        params={**NOTHING_KNOWN, **details, "clause": clause.said, "nodes": str(clause.nodes)},
        joins=joins,
    )
    if freed is not None and clause.reason == "cordoned":
        return replace(told, fix=Fix("fix.uncordon", freed.ref))
    return told


def _said(cluster: Cluster, pod: Resource) -> list[Evidence]:
    condition = pod.condition("PodScheduled") or {}
    since = moment(condition.get("lastTransitionTime"))
    message = text(condition, "message")
    path = ".status.conditions[PodScheduled].message"
    stated = [citing.field(pod, path, message, since)] if message else []
    events = cluster.events_about(pod, "FailedScheduling")
    return [*stated, *citing.events(events, at_most=1)]


def _since(cluster: Cluster, pod: Resource) -> datetime | None:
    stated = moment((pod.condition("PodScheduled") or {}).get("lastTransitionTime"))
    return stated or pod.created_at


def _cordoned_lately(cluster: Cluster, node: Resource) -> bool:
    taints = [one for one in rows(node.spec, "taints") if "unschedulable" in text(one, "key")]
    times = [moment(one.get("timeAdded")) for one in taints]
    times += [event.first_at for event in cluster.events_about(node, "NodeNotSchedulable")]
    known = [at for at in times if at is not None]
    return bool(known) and cluster.now - max(known) < JUST_CORDONED


def _fix(clause: Clause, details: dict[str, str]) -> str:
    if clause.reason == "node_selector" and not details.get("near"):
        return ""
    return FIXES.get(clause.reason, "")


def no_scale_up(cluster: Cluster) -> Iterator[Finding]:
    """`autoscaler.no_scale_up`: the cluster autoscaler looked at a waiting pod and adds no node."""
    for pod in live_pods(cluster):
        waits = (pod.condition("PodScheduled") or {}).get("status") == "False"
        refused = cluster.events_about(pod, "NotTriggerScaleUp")
        if not waits or not refused or is_young(cluster, pod) or _scaling_up(cluster, pod):
            continue
        reasons = refused[-1].message.partition("scale-up:")[2] or refused[-1].message
        yield about_pod(
            cluster,
            pod,
            "autoscaler.no_scale_up",
            Severity.HIGH,
            [*citing.events(refused, at_most=1), *_said(cluster, pod)],
            params={
                "why": citing.quoted(reasons),
                "at_limit": "true" if "max node group size" in refused[-1].message else "",
                "count": str(sum(one.count for one in refused)),
            },
            joins={"outgrown": lacked} if (lacked := _outgrown(cluster, pod, reasons)) else {},
        )


def _outgrown(cluster: Cluster, pod: Resource, reasons: str) -> str:
    """What the pod asks more of than any node has, where a new node is said to lack it too."""
    if _HELD_BACK.search(reasons):
        return ""
    lacked = [name for name in INSUFFICIENT.findall(reasons) if _fits_none(cluster, pod, name)]
    return lacked[0] if lacked else ""


def _fits_none(cluster: Cluster, pod: Resource, name: str) -> bool:
    whole = [allocatable(node, name) for node in cluster.all("Node")]
    known = [amount for amount in whole if amount is not None]
    asked = requests(pod).get(name)
    return asked is not None and bool(known) and asked > max(known)


def scheduler_absent(cluster: Cluster) -> Iterator[Finding]:
    """`pod.scheduler_absent`: nobody has as much as looked at a Pending pod."""
    for pod in live_pods(cluster):
        if text(pod.status, "phase") != "Pending" or text(pod.spec, "nodeName"):
            continue
        if pod.condition("PodScheduled") or cluster.events_about(pod) or is_young(cluster, pod):
            continue
        if rows(pod.spec, "schedulingGates"):
            continue
        name = text(pod.spec, "schedulerName") or "default-scheduler"
        yield about_pod(
            cluster,
            pod,
            "pod.scheduler_absent",
            Severity.HIGH,
            [
                citing.field(pod, ".spec.schedulerName", name, pod.created_at),
                citing.field(pod, ".status.phase", "Pending (no condition, no event)"),
            ],
            confidence=Confidence.STRONG,
            cause_key=name,
            params={
                "scheduler": name,
                "near": ", ".join(nearest_names(name, ["default-scheduler"])),
                "since_at": citing.clock(pod.created_at),
            },
        )
