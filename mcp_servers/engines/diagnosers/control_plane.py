"""The control plane itself, where it runs as pods, and objects that write events without end."""

import re
from collections.abc import Iterator
from datetime import timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_objects import about_object, listed
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.containers import Container, containers
from mcp_servers.engines.fields import text
from mcp_servers.engines.log_signals import Line, lately
from mcp_servers.engines.settling import is_finished, is_ready, is_terminating, is_young
from mcp_servers.engines.stamps import condition_since
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Event, Ref, Resource

COMPONENTS = ("kube-apiserver", "etcd", "kube-controller-manager", "kube-scheduler")

FLOOD = 200
FLOOD_WINDOW = timedelta(minutes=10)

_ALARM = re.compile(
    r"mvcc: database space exceeded|alarm:? ?(?:NOSPACE|CORRUPT)|etcdserver: no leader",
    re.IGNORECASE,
)


def control_plane(cluster: Cluster) -> Iterator[Finding]:
    """`controlplane.unhealthy`: a component that is not ready, or a store that raises an alarm.

    One of several that are well leaves the cluster served and is high; the last one is critical.
    A control plane that somebody else runs has no pods here, and nothing is said of it.
    """
    pods = [one for one in cluster.all("Pod", "kube-system") if _component(one)]
    for pod in pods:
        if is_finished(pod) or is_terminating(pod) or is_young(cluster, pod):
            continue
        lines = _alarms(cluster, pod) if _component(pod) == "etcd" else []
        if not is_ready(pod) or lines:
            alike = [one for one in pods if _component(one) == _component(pod)]
            serving = [one.name for one in alike if one.ref != pod.ref and is_ready(one)]
            yield _unhealthy(pod, lines, serving)


def _component(pod: Resource) -> str:
    label = pod.labels.get("component", "")
    named = next((one for one in COMPONENTS if pod.name.startswith(f"{one}-")), "")
    return label if label in COMPONENTS else named


def _alarms(cluster: Cluster, pod: Resource) -> list[Line]:
    """Lines of the store's log that say it cannot serve."""
    said = [
        Line(log, at, text)
        for container in containers(pod)
        for log in cluster.logs_of(pod, container.name)
        for at, text in log.lines
    ]
    return [one for one in lately(cluster, said) if _ALARM.search(one.text)]


def _unhealthy(pod: Resource, lines: list[Line], serving: list[str]) -> Finding:
    since = None if is_ready(pod) else condition_since(pod, "Ready")
    reason = next((_state(one) for one in containers(pod) if not one.ready), "")
    said = "True" if is_ready(pod) else f"False{f' ({reason})' if reason else ''}"
    evidence: list[Evidence] = [
        citing.field(pod, ".status.conditions[Ready].status", said, since),
        *(one.cited for one in lines[-1:]),
    ]
    return about_object(
        pod,
        "controlplane.unhealthy",
        Severity.HIGH if serving and not lines else Severity.CRITICAL,
        evidence,
        since=since,
        params={
            "component": _component(pod),
            "reason": reason,
            "node": text(pod.spec, "nodeName"),
            "line": citing.quoted(lines[-1].text) if lines else "",
            "spared": listed(serving),
        },
        joins={"pod": key(pod.ref), "node": text(pod.spec, "nodeName")},
    )


def _state(container: Container) -> str:
    ended = container.terminations
    return container.waiting_reason or (ended[0].reason if ended else "")


def event_floods(cluster: Cluster) -> Iterator[Finding]:
    """`event.flood`: over two hundred events of one object and reason in ten minutes."""
    grouped: dict[tuple[Ref, str], list[Event]] = {}
    for event in cluster.ordered_events:
        if cluster.recent(event.last_at):
            grouped.setdefault((event.about, event.reason), []).append(event)
    for (about, reason), events in sorted(grouped.items(), key=lambda one: one[0]):
        rate = sum(_in_ten_minutes(one) for one in events)
        if rate > FLOOD and about.name:
            yield _flood(about, reason, events)


def _in_ten_minutes(event: Event) -> float:
    """How many of the counted fall into ten minutes when they are spread evenly."""
    if event.first_at is None or event.last_at is None:
        return event.count
    span = max(event.last_at - event.first_at, FLOOD_WINDOW)
    return event.count * (FLOOD_WINDOW / span)


def _flood(about: Ref, reason: str, events: list[Event]) -> Finding:
    total = sum(one.count for one in events)
    return Finding(
        rule="event.flood",
        severity=Severity.LOW,
        confidence=Confidence.CERTAIN,
        resource=about,
        since=min((one.first_at for one in events if one.first_at), default=None),
        evidence=tuple(citing.events(events, at_most=2)),
        params={
            "reason": reason,
            "count": str(total),
            "message": citing.quoted(events[-1].message),
            "source": events[-1].source,
        },
        cause_key=reason,
    )
