"""Memory kills of pods that are gone by now: told by metrics, events and the kernel's own words."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.fields import text
from mcp_servers.engines.ownership import owner_by_name, top_owner
from mcp_servers.engines.quantities import quantity
from mcp_servers.engines.revisions import container_in, template_of
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Event, Ref
from mcp_servers.facts.metrics import Series

ENDED = "kube_pod_container_status_last_terminated_reason"
# How far the kernel's message and the other signs of one kill may lie apart: a scrape or two.
TOGETHER = timedelta(minutes=10)
_PROCESS = re.compile(r"Killed process \d+ \(([^)]+)\)")
_DELETED = re.compile(r"Deleted pod: ([\w.-]+)")


def past_oom_kills(cluster: Cluster) -> Iterator[Finding]:
    """`pod.oom_killed` of pods that no longer exist, within the window."""
    told: set[Ref] = set()
    for one in cluster.series_for(ENDED, reason="OOMKilled"):
        pod = Ref("Pod", one.label("namespace"), one.label("pod"))
        at = _first_kill(cluster, one)
        if at is None or cluster.get(pod) is not None:
            continue
        if not _has_more_now(cluster, pod, one.label("container")):
            told.add(pod)
            yield _by_series(cluster, one, pod, at)
    for killed in _kernel_messages(cluster):
        for deletion, pod in _deleted_near(cluster, killed):
            owner, container = _owner(cluster, deletion, pod), _process(killed)
            known = pod not in told and container_in(template_of(cluster.get(owner)), container)
            if known and not _has_more_now(cluster, pod, container):
                told.add(pod)
                evidence = [citing.event(killed), citing.event(deletion)]
                yield _finding(cluster, pod, owner, container, evidence, killed.last_at)


def _first_kill(cluster: Cluster, one: Series) -> datetime | None:
    return next((at for at, value in one.points if value >= 1 and cluster.recent(at)), None)


def _has_more_now(cluster: Cluster, pod: Ref, container: str) -> bool:
    """Whether its workload was given more memory than the pod that was killed had."""
    made_by = cluster.get(Ref("ReplicaSet", pod.namespace, pod.name.rpartition("-")[0]))
    if made_by is None:
        return False
    workload = cluster.get(top_owner(cluster, made_by))
    had, has = (container_in(template_of(one), container) for one in (made_by, workload))
    before, now = (quantity(text(one, "resources", "limits", "memory")) for one in (had, has))
    return bool(had and has) and before is not None and (now is None or now > before)


def _by_series(cluster: Cluster, one: Series, pod: Ref, at: datetime) -> Finding:
    seen = citing.series(one, f"{pod}: the last end of its container was OOMKilled", at)
    near = [
        citing.event(event)
        for event in _kernel_messages(cluster)
        if event.last_at and abs(event.last_at - at) <= TOGETHER
    ]
    owner, container = owner_by_name(cluster, pod), one.label("container")
    return _finding(cluster, pod, owner, container, [seen, *near[:1]], at, sure=True)


def _kernel_messages(cluster: Cluster) -> list[Event]:
    return [
        event
        for event in cluster.ordered_events
        if event.reason in ("OOMKilling", "SystemOOM")
        and cluster.recent(event.last_at)
        and _process(event)
    ]


def _process(event: Event) -> str:
    match = _PROCESS.search(event.message)
    return match.group(1) if match else ""


def _deleted_near(cluster: Cluster, killed: Event) -> list[tuple[Event, Ref]]:
    """Pods that a controller removed at the time of a kill and that are gone."""
    found: list[tuple[Event, Ref]] = []
    for event in cluster.ordered_events:
        match = _DELETED.search(event.message) if event.reason == "SuccessfulDelete" else None
        if match is None or event.last_at is None or killed.last_at is None:
            continue
        pod = Ref("Pod", event.about.namespace, match.group(1))
        if abs(event.last_at - killed.last_at) <= TOGETHER and cluster.get(pod) is None:
            found.append((event, pod))
    return found


def _owner(cluster: Cluster, deletion: Event, pod: Ref) -> Ref:
    maker = cluster.get(deletion.about)
    return top_owner(cluster, maker) if maker else owner_by_name(cluster, pod)


def _finding(
    cluster: Cluster,
    pod: Ref,
    owner: Ref,
    container: str,
    evidence: list[Evidence],
    at: datetime | None,
    *,
    sure: bool = False,
) -> Finding:
    spec = container_in(template_of(cluster.get(owner)), container)
    limit = text(spec, "resources", "limits", "memory")
    return Finding(
        rule="pod.oom_killed",
        severity=Severity.HIGH,
        confidence=Confidence.STRONG if sure else Confidence.INFERRED,
        resource=owner,
        since=at,
        evidence=tuple(evidence),
        params={
            "pod": pod.name,
            "limit": limit,
            "request": text(spec, "resources", "requests", "memory"),
            "peak": "",
            "restarts": "0",
            "exit_code": "137",
            "killed_at": citing.clock(at),
            "heap": "",
        },
        affected=(pod,),
        container=container,
        joins={"pod": f"{pod.namespace}/{pod.name}"},
    )
