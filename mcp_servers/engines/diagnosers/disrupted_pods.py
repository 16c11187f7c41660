"""Pods that something outside them ended on purpose: preemption, a drain, a taint, a cleanup."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod
from mcp_servers.engines.fields import text
from mcp_servers.engines.ownership import pods_by_owner, top_owner, workload_of
from mcp_servers.engines.settling import GRACE, desired_replicas, is_ready
from mcp_servers.facts.findings import Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Event, Json, Resource, moment

# What ended it, by the reason of the condition. What the kubelet evicts has rules of its own.
BY_WHOM = {
    "PreemptionByScheduler": "preempted",
    "DeletionByTaintManager": "removed for a taint of its node",
    "EvictionByEvictionAPI": "evicted on request",
    "DeletionByPodGC": "removed with its node",
}
# A controller makes the replacement in the same second, by a clock that rounds.
ROUNDING = timedelta(seconds=5)
_PREEMPTOR = re.compile(r"Preempted by (?:a )?(?:pod )?([\w./-]+)", re.IGNORECASE)


def disrupted(cluster: Cluster) -> Iterator[Finding]:
    """`pod.disrupted`: told as history once a replacement is ready or had no time yet to be."""
    owned = pods_by_owner(cluster)
    for pod in cluster.all("Pod"):
        condition = pod.condition("DisruptionTarget") or {}
        if condition.get("status") != "True" or condition.get("reason") not in BY_WHOM:
            continue
        at = moment(condition.get("lastTransitionTime"))
        others = [one for one in owned.get(top_owner(cluster, pod), []) if one.ref != pod.ref]
        settled = at is not None and (
            cluster.now - at < GRACE
            or any(_replaces(one, at) for one in others)
            or (not cluster.recent(at) and _is_whole(cluster, pod, others))
        )
        yield _finding(cluster, pod, condition, at, history=settled)


def _is_whole(cluster: Cluster, pod: Resource, others: list[Resource]) -> bool:
    """Whether its workload has all the ready pods that it wants."""
    owner = workload_of(cluster, pod)
    if owner is None or owner.ref == pod.ref or "replicas" not in owner.spec:
        return False
    return sum(is_ready(one) for one in others) >= desired_replicas(owner)


def _replaces(other: Resource, at: datetime) -> bool:
    """Whether it was made after the disruption and does its work, or has done it."""
    made = other.created_at
    works = is_ready(other) or text(other.status, "phase") == "Succeeded"
    return works and made is not None and made >= at - ROUNDING


def _finding(
    cluster: Cluster, pod: Resource, condition: Json, at: datetime | None, *, history: bool
) -> Finding:
    reason, message = text(condition, "reason"), text(condition, "message")
    events = cluster.events_about(pod, "Preempted", "TaintManagerEviction", "Evicted")
    said = f"{reason} ({message})" if message else reason
    return about_pod(
        cluster,
        pod,
        "pod.disrupted",
        Severity.INFO if history else Severity.MEDIUM,
        [
            citing.field(pod, ".status.conditions[DisruptionTarget].reason", said, at),
            *citing.events(events, at_most=1),
        ],
        since=at,
        cause_key=reason,
        params={
            "reason": reason,
            "message": citing.quoted(message),
            "what": BY_WHOM[reason],
            "preemptor": _preemptor(events),
            "disrupted_at": citing.clock(at),
        },
    )


def _preemptor(events: list[Event]) -> str:
    found = [match.group(1) for one in events if (match := _PREEMPTOR.search(one.message))]
    return found[-1] if found else ""
