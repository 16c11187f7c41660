"""Workloads whose requests fail more often, or take longer, and nothing that was changed says why."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from statistics import median

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.endpoints import services_by_workload
from mcp_servers.engines.fields import text
from mcp_servers.engines.ownership import pods_by_owner
from mcp_servers.engines.rises import WHAT, Bar, Rise, bar_of, comes_and_goes, shown
from mcp_servers.engines.traffic import Points, Traffic, traffic
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity, Source
from mcp_servers.facts.kubernetes import Cluster

# An hour of points before, and a quarter of one in which it lasts.
FEWEST_BEFORE = 12
LASTS = 3
# Times to answer wander more than shares of failures do.
SLOWER_TIMES, SLOWER_S = 3.0, 0.3
# What began before is how it is by now.
BEGAN_WITHIN = timedelta(hours=6)


def degradations(cluster: Cluster) -> Iterator[Finding]:
    """`app.degraded`: much worse than before since a moment, and still.

    What users see, not why: whatever else is found of the workload, or of what it calls, explains
    it.
    """
    for one in traffic(cluster):
        if one.measure == "missing":
            continue
        rise = _rise(one.points, _bar(cluster, one.measure))
        if rise is not None and cluster.now - rise.began <= BEGAN_WITHIN:
            yield _finding(cluster, one, rise)


def _bar(cluster: Cluster, measure: str) -> Bar:
    usual = replace(bar_of(cluster, measure), lasts=LASTS)
    if measure != "slow":
        return usual
    return replace(usual, times=max(usual.times, SLOWER_TIMES), floor=max(usual.floor, SLOWER_S))


def _rise(points: Points, bar: Bar) -> Rise | None:
    """The longest stretch up to now in which it was so much worse than in all the time before."""
    values = [value for _, value in points]
    latest = len(values) - bar.lasts
    if latest < FEWEST_BEFORE or min(values[latest:]) < bar.above(median(values[:FEWEST_BEFORE])):
        return None
    for begin in range(FEWEST_BEFORE, latest + 1):
        high = bar.above(median(values[:begin]))
        if min(values[begin:]) >= high > values[begin - 1]:
            if comes_and_goes(values[:begin], high):
                return None
            return Rise(points[begin][0], median(values[:begin]), median(values[begin:]))
    return None


def _finding(cluster: Cluster, one: Traffic, rise: Rise) -> Finding:
    before, after = shown(one.measure, rise.before), shown(one.measure, rise.after)
    said = f"{before} before, {after} since {citing.clock(rise.began)}"
    fronts = services_by_workload(cluster).get(one.workload, [])
    return Finding(
        rule="app.degraded",
        severity=Severity.HIGH,
        confidence=Confidence.INFERRED,
        resource=one.workload,
        since=rise.began,
        evidence=(Evidence(Source.METRIC, one.query, said, rise.began),),
        params={
            "what": WHAT[one.measure],
            "before": before,
            "after": after,
            "began_at": citing.clock(rise.began),
        },
        affected=tuple(sorted({one.workload, *(front.ref for front in fronts)})),
        cause_key=one.measure,
        joins={"target": key(one.workload), "node": ",".join(_nodes(cluster, one))},
    )


def _nodes(cluster: Cluster, one: Traffic) -> list[str]:
    pods = pods_by_owner(cluster).get(one.workload, [])
    return sorted({name for pod in pods if (name := text(pod.spec, "nodeName"))})
