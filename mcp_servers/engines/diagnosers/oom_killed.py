"""A container was killed because it used more memory than it may."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod
from mcp_servers.engines.containers import Container, Termination, containers
from mcp_servers.engines.ownership import pods_by_owner
from mcp_servers.engines.quantities import as_bytes, quantity
from mcp_servers.engines.settling import is_finished, live_pods
from mcp_servers.engines.trends import steady_rise
from mcp_servers.facts.findings import Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Resource
from mcp_servers.facts.metrics import Series

MEMORY = "container_memory_working_set_bytes"
# A container killed again and again stays a fault between two kills, for so long.
STILL_RECURRING = timedelta(hours=24)
LEAK_SHOWS_AFTER = timedelta(hours=6)


def oom_killed(cluster: Cluster) -> Iterator[Finding]:
    """`pod.oom_killed`: the kernel's own word OOMKilled, in the present or the last instance.

    Exit code 137 alone is never called that. A single kill that is older than the window is
    told as context only.
    """
    found = [
        _finding(cluster, container, end)
        for pod in live_pods(cluster)
        for container in containers(pod)
        if (end := _oom_kill(container)) is not None
    ]
    hit = Counter(one.resource for one in found if one.severity is Severity.HIGH)
    living = {
        owner: [pod for pod in pods if not is_finished(pod)]
        for owner, pods in pods_by_owner(cluster).items()
    }
    for one in found:
        everywhere = hit[one.resource] >= max(1, len(living.get(one.resource, [])))
        critical = everywhere and one.severity is Severity.HIGH
        yield replace(one, severity=Severity.CRITICAL) if critical else one


def _oom_kill(container: Container) -> Termination | None:
    return next((end for end in container.terminations if end.reason == "OOMKilled"), None)


def _finding(cluster: Cluster, container: Container, end: Termination) -> Finding:
    pod, limit = container.pod, container.asks("limits", "memory")
    memory = _memory_of(cluster, pod, container.name)
    peak = max((value for one in memory for _, value in one.points), default=None)
    leaks = any(steady_rise(one.points, at_least=LEAK_SHOWS_AFTER) for one in memory)
    return about_pod(
        cluster,
        pod,
        "pod.oom_killed",
        _severity(cluster, container, end),
        _evidence(cluster, container, end, memory),
        since=_began(cluster, container, end),
        container=container.name,
        fix="fix.memory" if limit and not leaks else "",
        params={
            "limit": limit,
            "request": container.asks("requests", "memory"),
            "peak": as_bytes(peak) if peak is not None else "",
            "restarts": str(container.restarts),
            "exit_code": str(end.exit_code) if end.exit_code >= 0 else "",
            "killed_at": citing.clock(end.finished_at),
            "heap": _heap_setting(container),
        },
    )


def _began(cluster: Cluster, container: Container, end: Termination) -> datetime | None:
    """The first kill that anything remembers: every back-off so far had one before it."""
    backed_off = [
        event.first_at
        for event in cluster.events_about(container.pod, "BackOff")
        if event.field_path.endswith(f"{{{container.name}}}")
    ]
    known = [at for at in (end.finished_at, *backed_off) if at is not None]
    return min(known, default=None)


def _severity(cluster: Cluster, container: Container, end: Termination) -> Severity:
    at = end.finished_at
    if at is None or cluster.recent(at):
        return Severity.HIGH
    recurring = container.restarts >= 2 and cluster.now - at <= STILL_RECURRING
    return Severity.HIGH if recurring or not container.ready else Severity.INFO


def _evidence(
    cluster: Cluster, container: Container, end: Termination, memory: list[Series]
) -> list[Evidence]:
    pod, limit = container.pod, container.asks("limits", "memory")
    code = f" (exit code {end.exit_code})" if end.exit_code >= 0 else ""
    evidence = [citing.field(pod, end.path, f"{end.reason}{code}", end.finished_at)]
    if limit:
        path = f"{container.spec_path}.resources.limits.memory"
        evidence.append(citing.field(pod, path, limit))
    evidence += [_peak(one, limit) for one in memory if one.points]
    if container.restarts:
        evidence.append(citing.field(pod, f"{container.path}.restartCount", container.restarts))
    node_said = cluster.events_about(pod, "OOMKilling", "BackOff")
    return [*evidence, *citing.events(node_said, at_most=1)]


def _peak(one: Series, limit: str) -> Evidence:
    at, value = max(one.points, key=lambda point: point[1])
    allowed = quantity(limit) if limit else None
    share = f", {value / float(allowed):.0%} of the limit {limit}" if allowed else ""
    return citing.series(one, f"working set peaked at {as_bytes(value)}{share}", at)


def _memory_of(cluster: Cluster, pod: Resource, container: str) -> list[Series]:
    return cluster.series_for(MEMORY, namespace=pod.namespace, pod=pod.name, container=container)


def _heap_setting(container: Container) -> str:
    """A heap bound in the command or environment: it decides whether a higher limit helps."""
    said = [*container.command, *(str(one.get("value") or "") for one in container.env)]
    flags = [word for text in said for word in text.split()]
    wanted = ("-Xmx", "--max-old-space-size", "-XX:MaxRAMPercentage", "GOMEMLIMIT")
    return next((flag for flag in flags if flag.startswith(wanted)), "")
