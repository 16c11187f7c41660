"""The requests that workloads serve, over time: which share fails, and how long they take."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isnan
from statistics import fmean

from mcp_servers.engines.endpoints import selected_pods
from mcp_servers.engines.ownership import owner_by_name, top_owner
from mcp_servers.facts.kubernetes import Cluster, Ref
from mcp_servers.facts.metrics import Series

RATE, FAILURES, P95 = "request_rate", "request_failures", "request_p95"

Points = Sequence[tuple[datetime, float]]


@dataclass(frozen=True, slots=True)
class Traffic:
    """One measure of one workload, oldest first, and of each pod where the series tell pods apart.

    `failing` is a share between 0 and 1, `slow` is in seconds.
    """

    workload: Ref
    measure: str
    points: Points
    by_pod: Mapping[str, Points]
    query: str


def traffic(cluster: Cluster) -> list[Traffic]:
    """What is known of every workload's requests, in the order of their names."""
    found = [*_failing(cluster), *_slow(cluster)]
    return sorted(found, key=lambda one: (one.workload, one.measure))


def _grouped(cluster: Cluster, role: str) -> dict[Ref, list[Series]]:
    grouped: dict[Ref, list[Series]] = {}
    for one in cluster.series_for(role):
        workload = _workload(cluster, one)
        if workload is not None and one.points:
            grouped.setdefault(workload, []).append(one)
    return grouped


def _workload(cluster: Cluster, one: Series) -> Ref | None:
    """Who served: the owner of the pod, which may be gone, else what the Service leads to."""
    namespace, name = one.label("namespace"), one.label("pod")
    if namespace and name:
        ref = Ref("Pod", namespace, name)
        pod = cluster.get(ref)
        return top_owner(cluster, pod) if pod else owner_by_name(cluster, ref)
    service = cluster.get(Ref("Service", namespace, one.label("service")))
    owners = {top_owner(cluster, pod) for pod in selected_pods(cluster, service)} if service else ()
    return next(iter(owners)) if len(owners) == 1 else None


def _failing(cluster: Cluster) -> Iterator[Traffic]:
    failures = _grouped(cluster, FAILURES)
    for workload, served in _grouped(cluster, RATE).items():
        failed = failures.get(workload, [])
        points = _shares(served, failed)
        pods = {pod for one in served if (pod := one.label("pod"))}
        by_pod = {pod: _shares(_of(served, pod), _of(failed, pod)) for pod in sorted(pods)}
        query = (failed or served)[0].query
        yield Traffic(workload, "failing", points, by_pod, query)


def _of(several: Sequence[Series], pod: str) -> list[Series]:
    return [one for one in several if one.label("pod") == pod]


def _shares(served: Sequence[Series], failed: Sequence[Series]) -> Points:
    """The failed of the served at each time at which anything was; no failures are none."""
    total, bad = _sums(served), _sums(failed)
    return [(at, bad.get(at, 0.0) / total[at]) for at in sorted(total) if total[at] > 0]


def _sums(several: Sequence[Series]) -> dict[datetime, float]:
    sums: dict[datetime, float] = {}
    for one in several:
        for at, value in one.points:
            sums[at] = sums.get(at, 0.0) + value
    return sums


def _slow(cluster: Cluster) -> Iterator[Traffic]:
    for workload, timed in _grouped(cluster, P95).items():
        gathered: dict[datetime, list[float]] = {}
        for one in timed:
            for at, value in one.points:
                if not isnan(value):  # of no requests the quantile is not a number
                    gathered.setdefault(at, []).append(value)
        points = [(at, fmean(gathered[at])) for at in sorted(gathered)]
        by_pod = {one.label("pod"): one.points for one in timed if one.label("pod")}
        yield Traffic(workload, "slow", points, by_pod, timed[0].query)
