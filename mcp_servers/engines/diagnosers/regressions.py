"""Workloads whose requests fail more often, or take longer, soon after something was changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.changes import own_changes
from mcp_servers.engines.ownership import owner_chain
from mcp_servers.engines.revisions import can_roll_back, newest, template_of
from mcp_servers.engines.topology import Relation, Topology, topology
from mcp_servers.engines.traffic import Points, Traffic, traffic
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Fix, Severity, Source
from mcp_servers.facts.kubernetes import Change, Cluster, Ref

SHOWS_WITHIN = timedelta(minutes=30)
FEWEST_SAMPLES = 30
FEWEST_BEFORE = 6
# A rise of one point is a burst.
LASTS = 2
# A doubling of next to nothing harms nobody: the threshold for how much more it must be, and how
# many of its units make one of the measure (failed requests are a share, slow ones seconds).
FLOOR = {"failing": ("failing_percent", 100), "slow": ("slow_ms", 1000)}


@dataclass(frozen=True, slots=True)
class _Rise:
    """Since when a measure is so much above what it was, and both levels."""

    began: datetime
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class _Bar:
    """What counts as worse: so many times as much, and at least so much more."""

    times: float
    floor: float


def regressions(cluster: Cluster) -> Iterator[Finding]:
    """`app.regression_after_change`: twice as bad as before, within half an hour of a change.

    What was changed is the workload itself, its configuration, or a workload that it calls. Where
    an unchanged sibling fares no better the change is not it.
    """
    measured = traffic(cluster) if cluster.changes else []
    if not measured:
        return
    calls = topology(cluster)
    for one in measured:
        suspects = _changes_of(cluster, one, measured, calls)
        told = (
            _latest(one, suspects, _bar(cluster, one.measure))
            if len(one.points) >= FEWEST_SAMPLES
            else None
        )
        if told is None:
            continue
        change, rise = told
        if not _siblings_fare_alike(cluster, one, change, measured, calls):
            yield _finding(cluster, one, change, rise)


def _called(calls: Topology, workload: Ref) -> set[Ref]:
    """The workloads behind the Services that one is configured to call."""
    return {
        behind
        for service in calls.dependencies(workload, Relation.CALLS)
        for behind in calls.dependencies(service, Relation.SELECTS)
    }


def _changes_of(
    cluster: Cluster, one: Traffic, measured: Sequence[Traffic], calls: Topology
) -> list[Change]:
    """The changes that could be behind it, the workload's own last.

    What it calls is left out where its own requests are known: they tell of its own changes.
    """
    own = own_changes(cluster, one.workload)
    known = {other.workload for other in measured}
    below = [
        change
        for callee in _called(calls, one.workload) - known
        for change in own_changes(cluster, callee)
    ]
    related = dict.fromkeys([*own, *below])
    return sorted(related, key=lambda change: (change.at, change in own, change.id))


def _latest(one: Traffic, suspects: Sequence[Change], bar: _Bar) -> tuple[Change, _Rise] | None:
    """The last change that a rise followed soon."""
    for change in reversed(suspects):
        rise = _rise(one.points, change.at, bar)
        if rise is not None and rise.began - change.at <= SHOWS_WITHIN:
            return change, rise
    return None


def _bar(cluster: Cluster, measure: str) -> _Bar:
    name, parts = FLOOR[measure]
    rule = "app.regression_after_change"
    return _Bar(cluster.threshold(f"{rule}.times"), cluster.threshold(f"{rule}.{name}") / parts)


def _rise(points: Points, at: datetime, bar: _Bar) -> _Rise | None:
    """The rise after a moment that still lasts; None where it had begun before."""
    before = [value for when, value in points if when <= at]
    after = [(when, value) for when, value in points if when > at]
    if len(before) < FEWEST_BEFORE or len(after) < LASTS:
        return None
    level = median(before)
    high = max(bar.times * level, level + bar.floor)
    if before[-1] >= high or any(value < high for _, value in after[-LASTS:]):
        return None
    since = [when for when, value in after if value >= high]
    above = [value for _, value in after if value >= high]
    return _Rise(since[0], level, median(above))


def _siblings_fare_alike(
    cluster: Cluster, one: Traffic, change: Change, measured: Sequence[Traffic], calls: Topology
) -> bool:
    """Whether what was not changed got worse in the same way: older pods, unrelated neighbours."""
    bar = _bar(cluster, one.measure)
    if change.target == one.workload and (old := _older_pods(cluster, one)):
        return all(_rise(points, change.at, bar) is not None for points in old)
    related = {one.workload, change.target, *_called(calls, one.workload)}
    others = [
        other
        for other in measured
        if other.measure == one.measure
        and other.workload not in related
        and other.workload.namespace == one.workload.namespace
        and one.workload not in _called(calls, other.workload)
        and not (_called(calls, other.workload) & related)
    ]
    alike = [other for other in others if _rise(other.points, change.at, bar) is not None]
    return bool(others) and len(alike) == len(others)


def _older_pods(cluster: Cluster, one: Traffic) -> list[Points]:
    """What the pods of earlier revisions did that went on serving beside the new ones."""
    latest = newest(cluster, one.workload)
    last = one.points[-1][0]
    return [
        points
        for name, points in one.by_pod.items()
        if points and points[-1][0] == last and latest is not None
        if (pod := cluster.get(Ref("Pod", one.workload.namespace, name))) is not None
        and latest.ref not in owner_chain(cluster, pod)
    ]


def _finding(cluster: Cluster, one: Traffic, change: Change, rise: _Rise) -> Finding:
    """Told of the workload that was changed; of configuration, the one that uses it."""
    changed = cluster.get(change.target)
    is_workload = changed is not None and bool(template_of(changed))
    resource = change.target if is_workload else one.workload
    can_return = change.kind == "deploy" and can_roll_back(cluster, resource)
    shown = _shown(one.measure, rise.before), _shown(one.measure, rise.after)
    differences = "; ".join(str(each) for each in change.differences if each.before or each.after)
    said = f"{shown[0]} before, {shown[1]} since {citing.clock(rise.began)}"
    return Finding(
        rule="app.regression_after_change",
        severity=Severity.HIGH,
        confidence=Confidence.STRONG,
        resource=resource,
        since=rise.began,
        evidence=(
            Evidence(Source.METRIC, one.query, said, rise.began),
            citing.change(change),
        ),
        params={
            "what": "failing requests" if one.measure == "failing" else "response time",
            "workload": str(one.workload),
            "before": shown[0],
            "after": shown[1],
            "changed": str(change.target),
            "differences": citing.quoted(differences),
            "changed_at": citing.clock(change.at),
            "began_at": citing.clock(rise.began),
            "line": "",
            "condition": "",
        },
        affected=tuple(sorted({one.workload, resource})),
        cause_key=change.id,
        fix=Fix("fix.rollback", resource) if can_return else None,
        joins={"target": key(change.target)},
    )


def _shown(measure: str, value: float) -> str:
    return f"{value:.1%}" if measure == "failing" else f"{value:.2f} s"
