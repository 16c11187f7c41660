"""The requests that workloads serve, over time: which share fails, how long they take, how many miss
the cache."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isnan
from statistics import fmean

from mcp_servers.engines.endpoints import selected_pods
from mcp_servers.engines.ownership import owner_by_name, top_owner
from mcp_servers.engines.request_metrics import FAILURES, HIT_RATIO, HITS, MISSES, P95, RATE
from mcp_servers.facts.kubernetes import Cluster, Ref
from mcp_servers.facts.metrics import Series

Points = Sequence[tuple[datetime, float]]
# Who served, by a metric of one name.
_Told = tuple[Ref, str]

# Labels that may hold the name of a workload, and the kinds that it may be of.
_NAMING = (
    ("deployment", ("Deployment",)),
    ("statefulset", ("StatefulSet",)),
    ("workload", ("Deployment", "StatefulSet", "DaemonSet")),
    ("service", ("Deployment", "StatefulSet", "DaemonSet")),
    ("app", ("Deployment", "StatefulSet", "DaemonSet")),
    ("job", ("Deployment", "StatefulSet", "DaemonSet")),
)


@dataclass(frozen=True, slots=True)
class Traffic:
    """One measure of one workload, oldest first, and of each pod where the series tell pods apart.

    `failing` and `missing` are shares between 0 and 1, `slow` is in seconds. `metric` is the name
    of what it was read from.
    """

    workload: Ref
    measure: str
    points: Points
    by_pod: Mapping[str, Points]
    query: str
    metric: str = ""


def traffic(cluster: Cluster) -> list[Traffic]:
    """What is known of every workload's requests, in the order of their names."""
    found = [
        *_parts(cluster, "failing", RATE, FAILURES),
        *_slow(cluster),
        *_parts(cluster, "missing", HITS, MISSES, of_both=True),
        *_ratios(cluster),
    ]
    return sorted(found, key=lambda one: (one.workload, one.measure, one.metric))


def _grouped(cluster: Cluster, role: str) -> dict[_Told, list[Series]]:
    grouped: dict[_Told, list[Series]] = {}
    for one in cluster.series_for(role):
        workload = _workload(cluster, one)
        if workload is not None and one.points:
            grouped.setdefault((workload, one.metric), []).append(one)
    return grouped


def _workload(cluster: Cluster, one: Series) -> Ref | None:
    """Who served: the owner of the pod, which may be gone, else what the Service leads to, else the
    workload that a label names."""
    namespace, name = one.label("namespace"), one.label("pod")
    if namespace and name:
        ref = Ref("Pod", namespace, name)
        pod = cluster.get(ref)
        return top_owner(cluster, pod) if pod else owner_by_name(cluster, ref)
    service = cluster.get(Ref("Service", namespace, one.label("service")))
    owners = {top_owner(cluster, pod) for pod in selected_pods(cluster, service)} if service else ()
    return next(iter(owners)) if len(owners) == 1 else _named(cluster, one)


def _named(cluster: Cluster, one: Series) -> Ref | None:
    namespace = one.label("namespace")
    for label, kinds in _NAMING:
        name = one.label(label).rpartition("/")[2]
        found = [
            workload.ref
            for kind in kinds
            for workload in cluster.all(kind, namespace or None)
            if name and workload.name == name
        ]
        if len(found) == 1:
            return found[0]
    return None


def _parts(
    cluster: Cluster, measure: str, whole: str, part: str, *, of_both: bool = False
) -> Iterator[Traffic]:
    """Which share a part is of the whole, or of both together."""
    parts = _grouped(cluster, part)
    for (workload, metric), every in _grouped(cluster, whole).items():
        some = parts.get((workload, metric), [])
        all_of_it = [*every, *some] if of_both else every
        points = _shares(all_of_it, some)
        pods = {pod for one in all_of_it if (pod := one.label("pod"))}
        by_pod = {pod: _shares(_of(all_of_it, pod), _of(some, pod)) for pod in sorted(pods)}
        query = (some or every)[0].query
        yield Traffic(workload, measure, points, by_pod, query, metric)


def _of(several: Sequence[Series], pod: str) -> list[Series]:
    return [one for one in several if one.label("pod") == pod]


def _shares(whole: Sequence[Series], part: Sequence[Series]) -> Points:
    """The part of the whole at each time at which there was any; nothing of it is none."""
    total, some = _sums(whole), _sums(part)
    return [(at, some.get(at, 0.0) / total[at]) for at in sorted(total) if total[at] > 0]


def _sums(several: Sequence[Series]) -> dict[datetime, float]:
    sums: dict[datetime, float] = {}
    for one in several:
        for at, value in one.points:
            sums[at] = sums.get(at, 0.0) + value
    return sums


def _slow(cluster: Cluster) -> Iterator[Traffic]:
    for (workload, metric), timed in _grouped(cluster, P95).items():
        by_pod = {one.label("pod"): one.points for one in timed if one.label("pod")}
        yield Traffic(workload, "slow", _means(timed), by_pod, timed[0].query, metric)


def _ratios(cluster: Cluster) -> Iterator[Traffic]:
    """Ratios of hits; what exceeds one is in percent."""
    for (workload, metric), told in _grouped(cluster, HIT_RATIO).items():
        means = _means(told)
        full = 100.0 if any(value > 1 for _, value in means) else 1.0
        points = [(at, max(0.0, 1 - value / full)) for at, value in means]
        yield Traffic(workload, "missing", points, {}, told[0].query, metric)


def _means(several: Sequence[Series]) -> Points:
    """The mean at each time; of no requests a quantile is not a number."""
    gathered: dict[datetime, list[float]] = {}
    for one in several:
        for at, value in one.points:
            if not isnan(value):
                gathered.setdefault(at, []).append(value)
    return [(at, fmean(gathered[at])) for at in sorted(gathered)]
