"""Pods put off their node: because the node ran short, or because they outgrew their own storage."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod, earliest
from mcp_servers.engines.containers import containers
from mcp_servers.engines.fields import rows, text
from mcp_servers.engines.ownership import owner_by_name, pods_by_owner, top_owner
from mcp_servers.engines.quantities import quantity
from mcp_servers.engines.revisions import template_of
from mcp_servers.engines.settling import ready_since
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Fix, Severity
from mcp_servers.facts.kubernetes import Cluster, Event, Ref, Resource, moment

_SHORT_OF = re.compile(r"low on resource:? *\[?([\w-]+)", re.IGNORECASE)
_USED = re.compile(
    r"Container ([\w.-]+) was using (\d[\w.]*\b), request is (\d[\w.]*\b)(?:, (has larger consumption[^.]*))?"
)
_THRESHOLD = re.compile(r"Threshold quantity: (\d[\w.]*\b), available: (\d[\w.]*\b)")
_OWN = re.compile(
    r"exceeds the (?:total )?limit|exceeded its local ephemeral storage|emptyDir", re.IGNORECASE
)
_LIMIT = re.compile(r"limits?(?: of containers)? \"?([\d.]+[A-Za-z]*)\"?")

# A replacement that has been serving for this long makes the eviction history.
RECOVERED_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Eviction:
    """One pod's eviction: the pod may be gone, then only its event tells."""

    pod: Resource
    message: str
    node: str
    at: datetime | None
    evidence: tuple[Evidence, ...]
    owner: Ref


def evictions(cluster: Cluster) -> Iterator[Finding]:
    """`pod.evicted.node_pressure` and `pod.evicted.own_storage`, told of the owning workload."""
    owned = pods_by_owner(cluster)
    for eviction in (*_standing(cluster), *_gone(cluster)):
        replaced = [at for pod in owned.get(eviction.owner, []) if (at := ready_since(pod))]
        yield _finding(cluster, eviction, replaced)


def _standing(cluster: Cluster) -> Iterator[_Eviction]:
    for pod in cluster.all("Pod"):
        condition = pod.condition("DisruptionTarget") or {}
        by_kubelet = condition.get("reason") == "TerminationByKubelet"
        if text(pod.status, "reason") != "Evicted" and not by_kubelet:
            continue
        events = cluster.events_about(pod, "Evicted")
        message = text(pod.status, "message") or str(condition.get("message") or "")
        at = moment(condition.get("lastTransitionTime")) or _ended(pod, events)
        evidence = [
            citing.field(pod, ".status.reason", text(pod.status, "reason") or "Evicted", at),
            citing.field(pod, ".status.message", message, at),
            *citing.events(events, at_most=1),
        ]
        node, owner = text(pod.spec, "nodeName"), top_owner(cluster, pod)
        yield _Eviction(pod, message, node, at, tuple(evidence), owner)


def _ended(pod: Resource, events: list[Event]) -> datetime | None:
    ends = [end.finished_at for one in containers(pod) for end in one.terminations]
    times = [at for at in (*ends, *(event.last_at for event in events)) if at is not None]
    return max(times, default=None)


def _gone(cluster: Cluster) -> Iterator[_Eviction]:
    """Evictions of pods that were cleaned away: their events stay for a while."""
    for event in cluster.ordered_events:
        about = event.about
        if event.reason != "Evicted" or about.kind != "Pod" or cluster.get(about) is not None:
            continue
        pod = Resource(
            {"kind": "Pod", "metadata": {"namespace": about.namespace, "name": about.name}}
        )
        node = event.source if cluster.get(Ref("Node", "", event.source)) else ""
        owner = owner_by_name(cluster, about)
        yield _Eviction(pod, event.message, node, event.last_at, (citing.event(event),), owner)


def _finding(cluster: Cluster, eviction: _Eviction, replaced: list[datetime]) -> Finding:
    message = eviction.message
    own = bool(_OWN.search(message)) and not _SHORT_OF.search(message)
    short_of = _SHORT_OF.search(message)
    resource = "" if own else (short_of.group(1) if short_of else "")
    told = about_pod(
        cluster,
        eviction.pod,
        "pod.evicted.own_storage" if own else "pod.evicted.node_pressure",
        _severity(cluster, eviction, replaced),
        eviction.evidence,
        confidence=Confidence.CERTAIN if message else Confidence.STRONG,
        since=eviction.at or earliest(eviction.evidence),
        cause_key=resource,
        fix="fix.ephemeral" if own else "",
        params=_params(eviction, resource),
        joins={"node": eviction.node} if eviction.node else {},
    )
    return replace(told, resource=eviction.owner, fix=_on(told.fix, eviction.owner))


def _on(fix: Fix | None, owner: Ref) -> Fix | None:
    return Fix(fix.id, owner) if fix else None


def _severity(cluster: Cluster, eviction: _Eviction, replaced: list[datetime]) -> Severity:
    """History, once another pod serves and the eviction is over for an hour or of unknown age, or
    the limit that it went over is higher by now. It cannot be older than the pod."""
    if replaced and _limit_was_raised(cluster, eviction):
        return Severity.INFO
    at = eviction.at or eviction.pod.created_at
    long_over = at is None or cluster.now - at > RECOVERED_AFTER
    over = long_over and not cluster.recent(at)
    return Severity.INFO if replaced and over else Severity.HIGH


def _limit_was_raised(cluster: Cluster, eviction: _Eviction) -> bool:
    of_containers = _OWN.search(eviction.message) and "emptydir" not in eviction.message.lower()
    told = _LIMIT.search(eviction.message) if of_containers else None
    then = quantity(told.group(1)) if told else None
    owner = cluster.get(eviction.owner)
    now = [
        limit
        for one in rows(template_of(owner) if owner else {}, "spec", "containers")
        if (limit := quantity(text(one, "resources", "limits", "ephemeral-storage") or None))
    ]
    return then is not None and bool(now) and min(now) > then


def _params(eviction: _Eviction, resource: str) -> dict[str, str]:
    used, threshold = _USED.search(eviction.message), _THRESHOLD.search(eviction.message)
    limit = _LIMIT.search(eviction.message)
    return {
        "node": eviction.node,
        "resource_name": resource,
        "message": citing.quoted(eviction.message),
        "hungry": used.group(1) if used else "",
        "used": used.group(2) if used else "",
        "request": used.group(3) if used else "",
        "threshold": threshold.group(1) if threshold else "",
        "available": threshold.group(2) if threshold else "",
        "limit": limit.group(1) if limit else "",
        "evicted_at": citing.clock(eviction.at),
    }
