"""Containers that want more processor time than their limit gives them."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod, key
from mcp_servers.engines.containers import Container, containers
from mcp_servers.engines.ownership import owner_chain, top_owner
from mcp_servers.engines.settling import live_pods
from mcp_servers.facts.findings import Confidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Event
from mcp_servers.facts.metrics import Series

THROTTLED = "container_cpu_cfs_throttled_periods_total"
PERIODS = "container_cpu_cfs_periods_total"
WATCHED = timedelta(minutes=15)


def cpu_throttling(cluster: Cluster) -> Iterator[Finding]:
    """`pod.cpu_throttled`: a quarter of the periods or more, with a limit set.

    Without a probe that times out it is hygiene: a batch job may well use all it has.
    """
    if not any(PERIODS in (one.role or one.query) for one in cluster.series):
        return
    for pod in live_pods(cluster):
        batch = any(ref.kind in ("Job", "CronJob") for ref in owner_chain(cluster, pod))
        for container in containers(pod):
            limit = container.asks("limits", "cpu")
            told = _share(cluster, container) if limit and not batch else None
            if told is not None:
                yield _finding(cluster, container, limit, *told)


def _share(cluster: Cluster, container: Container) -> tuple[float, datetime, Series] | None:
    """The share of throttled periods lately, since when it is so high, and the series."""
    pod = container.pod
    labels = {"namespace": pod.namespace, "pod": pod.name, "container": container.name}
    throttled = cluster.series_for(THROTTLED, **labels)
    periods = cluster.series_for(PERIODS, **labels)
    if not throttled or not periods:
        return None
    all_periods = _increase(cluster, periods[0])
    share = _increase(cluster, throttled[0]) / all_periods if all_periods else 0.0
    least = cluster.threshold("pod.cpu_throttled.percent") / 100
    if share < least:
        return None
    return share, _began(throttled[0], periods[0], least) or cluster.now - WATCHED, throttled[0]


def _increase(cluster: Cluster, one: Series) -> float:
    """How much a counter grew within the watched time; a reset begins anew."""
    values = [value for at, value in one.points if cluster.now - at <= WATCHED]
    return sum(_steps(values))


def _steps(values: Sequence[float]) -> list[float]:
    return [after - before if after >= before else after for before, after in pairwise(values)]


def _began(throttled: Series, periods: Series, least: float) -> datetime | None:
    """The earliest that the last unbroken run of steps with a high share may have begun: a counter
    tells that it grew within a step, not when."""
    of_all = dict(
        zip(
            (at for at, _ in periods.points[1:]),
            _steps([v for _, v in periods.points]),
            strict=False,
        )
    )
    began: datetime | None = None
    steps = _steps([value for _, value in throttled.points])
    for ((before, _), (at, _)), step in zip(pairwise(throttled.points), steps, strict=True):
        high = of_all.get(at, 0.0) > 0 and step / of_all[at] >= least
        began = (began or before) if high else None
    return began


def _finding(
    cluster: Cluster,
    container: Container,
    limit: str,
    share: float,
    since: datetime,
    seen: Series,
) -> Finding:
    pod = container.pod
    slow = _timeouts(cluster, container)
    path = f"{container.spec_path}.resources.limits.cpu"
    return about_pod(
        cluster,
        pod,
        "pod.cpu_throttled",
        Severity.MEDIUM if slow else Severity.LOW,
        [
            citing.series(
                seen, f"throttled in {share:.0%} of all periods of 15 minutes", cluster.now
            ),
            citing.field(pod, path, limit),
            *citing.events(slow, at_most=1),
        ],
        confidence=Confidence.STRONG,
        since=since,
        container=container.name,
        fix="fix.cpu",
        params={
            "limit": limit,
            "share": f"{share:.0%}",
            "probe_timeouts": str(len(slow)) if slow else "",
        },
        joins={"resources": key(top_owner(cluster, pod))},
    )


def _timeouts(cluster: Cluster, container: Container) -> list[Event]:
    return [
        event
        for event in cluster.events_about(container.pod, "Unhealthy")
        if cluster.recent(event.last_at)
        and (
            "deadline exceeded" in event.message
            or "Timeout" in event.message
            or "timed out" in event.message
        )
    ]
