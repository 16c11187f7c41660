"""Memory that grows towards its limit, or stands close below it."""

from collections.abc import Iterator
from datetime import timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod
from mcp_servers.engines.containers import Container, containers
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.quantities import as_bytes, quantity
from mcp_servers.engines.revisions import can_roll_back
from mcp_servers.engines.settling import live_pods
from mcp_servers.engines.trends import Rise, steady_rise
from mcp_servers.facts.findings import Confidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster
from mcp_servers.facts.metrics import Series

MEMORY = "container_memory_working_set_bytes"
LEAK_SHOWS_AFTER = timedelta(hours=6)
LOOKS_AHEAD = timedelta(hours=24)
NEAR_FOR = timedelta(minutes=15)
# Eight hours are read. What grows by less than this in so long is no risk of the day.
FLAT_FOR = timedelta(hours=6)
FLAT = 0.02


def memory_trends(cluster: Cluster) -> Iterator[Finding]:
    """`pod.memory_leak` and `pod.memory_near_limit`, from the working set of each container."""
    for pod in live_pods(cluster):
        for container in containers(pod):
            limit = quantity(container.asks("limits", "memory") or None)
            for one in _memory(cluster, container) if limit else []:
                yield from _told(cluster, container, one, float(limit or 0))


def _memory(cluster: Cluster, container: Container) -> list[Series]:
    pod = container.pod
    labels = {"namespace": pod.namespace, "pod": pod.name, "container": container.name}
    return cluster.series_for(MEMORY, **labels)


def _told(cluster: Cluster, container: Container, one: Series, limit: float) -> Iterator[Finding]:
    rise = steady_rise(one.points, at_least=LEAK_SHOWS_AFTER)
    full_at = rise.reaches(limit) if rise else None
    if rise and full_at and full_at - rise.ends < LOOKS_AHEAD:
        yield _leak(cluster, container, one, rise, limit)
    if _is_near(cluster, one, limit):
        yield _near(cluster, container, one, limit)


def _leak(cluster: Cluster, container: Container, one: Series, rise: Rise, limit: float) -> Finding:
    pod = container.pod
    full_at = rise.reaches(limit)
    said = (
        f"working set rose steadily from {as_bytes(rise.first)} to {as_bytes(rise.last)} "
        f"in {rise.hours:.1f} h (R² {rise.fit:.2f})"
    )
    path = f"{container.spec_path}.resources.limits.memory"
    return about_pod(
        cluster,
        pod,
        "pod.memory_leak",
        Severity.MEDIUM,
        [citing.series(one, said, rise.ends), citing.field(pod, path, as_bytes(limit))],
        confidence=Confidence.STRONG,
        since=rise.begins,
        container=container.name,
        fix="fix.rollback" if _is_new(cluster, container, rise) else "",
        params={
            "limit": as_bytes(limit),
            "from": as_bytes(rise.first),
            "to": as_bytes(rise.last),
            "per_hour": as_bytes(rise.per_hour),
            "hours": f"{rise.hours:.1f}",
            "full_at": citing.clock(full_at),
        },
    )


def _is_new(cluster: Cluster, container: Container, rise: Rise) -> bool:
    """Whether the revision is young enough to blame, and another one is there to go back to."""
    pod = container.pod
    owner = top_owner(cluster, pod)
    made = pod.created_at
    began_with_it = made is not None and rise.begins - made < timedelta(hours=6)
    return began_with_it and can_roll_back(cluster, owner)


def _near_limit(cluster: Cluster, limit: float) -> float:
    return cluster.threshold("pod.memory_near_limit.percent") / 100 * limit


def _is_near(cluster: Cluster, one: Series, limit: float) -> bool:
    lately = [value for at, value in one.points if cluster.now - at <= NEAR_FOR]
    if len(lately) < 2 or min(lately) < _near_limit(cluster, limit):
        return False
    return not _is_flat(one)


def _is_flat(one: Series) -> bool:
    """A cache or heap that fills what it is given and stays there is no risk."""
    if one.points[-1][0] - one.points[0][0] < FLAT_FOR:
        return False
    values = [value for _, value in one.points]
    return max(values) - min(values) <= FLAT * 2 * max(values)


def _near(cluster: Cluster, container: Container, one: Series, limit: float) -> Finding:
    at, used = one.points[-1]
    first = next(when for when, value in one.points if value >= _near_limit(cluster, limit))
    share = f"{used / limit:.0%}"
    path = f"{container.spec_path}.resources.limits.memory"
    return about_pod(
        cluster,
        container.pod,
        "pod.memory_near_limit",
        Severity.MEDIUM,
        [
            citing.series(one, f"working set {as_bytes(used)}, {share} of the limit", at),
            citing.field(container.pod, path, as_bytes(limit)),
        ],
        confidence=Confidence.STRONG,
        since=first,
        container=container.name,
        fix="fix.memory",
        params={"limit": as_bytes(limit), "used": as_bytes(used), "share": share},
    )
