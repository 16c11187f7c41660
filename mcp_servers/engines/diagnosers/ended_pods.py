"""Pods that a clock or a node's kubelet ended, and not their program."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod
from mcp_servers.engines.fields import text, whole
from mcp_servers.engines.ownership import owner_chain, pods_by_owner, top_owner
from mcp_servers.engines.settling import is_finished, is_ready, is_terminating
from mcp_servers.facts.findings import Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Resource, moment

# What a kubelet says of a pod that was sent to it and that it will not run.
NOT_ADMITTED = frozenset(
    {
        "NodeAffinity",
        "NodePorts",
        "UnexpectedAdmissionError",
        "TopologyAffinityError",
        "PodOSSelectorNodeLabelDoesNotMatch",
        "PodOSNotSupported",
    }
)
REASON = ".status.reason"


def deadline_exceeded(cluster: Cluster) -> Iterator[Finding]:
    """`pod.deadline_exceeded`: stopped at its own activeDeadlineSeconds, where no Job tells it."""
    for pod in cluster.all("Pod"):
        if not _failed_with(pod, "DeadlineExceeded") or _is_told_by_its_job(cluster, pod):
            continue
        started = moment(pod.status.get("startTime"))
        deadline_s = whole(pod.spec, "activeDeadlineSeconds")
        ended = started + timedelta(seconds=deadline_s) if started else None
        if cluster.recent(ended or pod.created_at):
            yield _too_long(cluster, pod, deadline_s, started, ended)


def _failed_with(pod: Resource, reason: str) -> bool:
    return text(pod.status, "phase") == "Failed" and text(pod.status, "reason") == reason


def _is_told_by_its_job(cluster: Cluster, pod: Resource) -> bool:
    """Whether its Job has an end of its own, good or bad, that says more."""
    above = owner_chain(cluster, pod)
    job = cluster.get(above[0]) if above and above[0].kind == "Job" else None
    ends = [job.condition(kind) or {} for kind in ("Failed", "Complete")] if job else []
    return any(one.get("status") == "True" for one in ends)


def _too_long(
    cluster: Cluster,
    pod: Resource,
    deadline_s: int,
    started: datetime | None,
    ended: datetime | None,
) -> Finding:
    said = f"DeadlineExceeded ({text(pod.status, 'message')})"
    return about_pod(
        cluster,
        pod,
        "pod.deadline_exceeded",
        Severity.MEDIUM,
        [
            citing.field(pod, REASON, said, ended),
            citing.field(pod, ".spec.activeDeadlineSeconds", deadline_s),
            citing.field(pod, ".status.startTime", citing.clock(started), started),
        ],
        since=ended or pod.created_at,
        params={
            "deadline_s": str(deadline_s or ""),
            "started_at": citing.clock(started),
            "ended_at": citing.clock(ended),
        },
    )


def node_admission_failed(cluster: Cluster) -> Iterator[Finding]:
    """`pod.node_admission_failed`: the scheduler chose a node whose kubelet refused the pod."""
    owned = pods_by_owner(cluster)
    for pod in cluster.all("Pod"):
        reason = text(pod.status, "reason")
        refused = reason.startswith("OutOf") or reason in NOT_ADMITTED
        if not refused or text(pod.status, "phase") != "Failed" or is_terminating(pod):
            continue
        refused_at = moment(pod.status.get("startTime")) or pod.created_at
        siblings = owned.get(top_owner(cluster, pod), [])
        if cluster.recent(refused_at) and not _is_replaced(pod, siblings):
            yield _refused(cluster, pod, reason, refused_at)


def _is_replaced(pod: Resource, siblings: list[Resource]) -> bool:
    """Whether its owner has made another since, which serves or is done; a DaemonSet's must be on
    the same node."""
    node = text(pod.spec, "nodeName")
    by_node = text(pod.controller(), "kind") == "DaemonSet"
    return any(
        (is_ready(one) or text(one.status, "phase") == "Succeeded")
        and text(one.metadata, "creationTimestamp") >= text(pod.metadata, "creationTimestamp")
        and (not by_node or text(one.spec, "nodeName") == node)
        for one in siblings
        if one.ref != pod.ref and not (is_finished(one) and text(one.status, "phase") == "Failed")
    )


def _refused(cluster: Cluster, pod: Resource, reason: str, at: datetime | None) -> Finding:
    message = text(pod.status, "message")
    events = cluster.events_about(pod, reason, "FailedAdmission")
    return about_pod(
        cluster,
        pod,
        "pod.node_admission_failed",
        Severity.MEDIUM,
        [
            citing.field(pod, REASON, f"{reason} ({message})", at),
            *citing.events(events, at_most=1),
        ],
        since=at,
        cause_key=reason,
        params={"reason": reason, "message": citing.quoted(message)},
    )
