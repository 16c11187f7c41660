"""Workloads whose requests fail more often, or take longer, soon after something was changed."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from statistics import median

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.changes import own_changes
from mcp_servers.engines.ownership import owner_chain
from mcp_servers.engines.revisions import can_roll_back, newest, replica_sets, template_of
from mcp_servers.engines.rises import (
    FEWEST_BEFORE,
    LASTS,
    WHAT,
    Bar,
    Rise,
    bar_of,
    rise_after,
    shown,
)
from mcp_servers.engines.stamps import last_writer
from mcp_servers.engines.topology import Relation, Topology, topology
from mcp_servers.engines.traffic import Points, Traffic, traffic
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Fix, Severity, Source
from mcp_servers.facts.kubernetes import Change, Cluster, Ref

SHOWS_WITHIN = timedelta(minutes=30)
_RESOURCES = re.compile(r"\bcpu\b|\blimits?\b|\bresources\b|处理器|资源|限额", re.IGNORECASE)
# Points of the grid that is asked for, five minutes apart and each over ten: so many hold some forty
# minutes of samples.
FEWEST_POINTS = 8


def regressions(cluster: Cluster) -> Iterator[Finding]:
    """`app.regression_after_change`: twice as bad as before, within half an hour of a change.

    What was changed is the workload itself, its configuration, or a workload that it calls. Where
    an unchanged sibling fares no better the change is not it. A workload that the change made has
    no before: it is held against those that serve the same requests beside it.
    """
    measured = traffic(cluster) if cluster.changes else []
    if not measured:
        return
    calls = topology(cluster)
    for one in measured:
        suspects = _changes_of(cluster, one, measured, calls)
        if len(one.points) < FEWEST_POINTS:
            continue
        bar = bar_of(cluster, one.measure)
        made = [*suspects, *_made(cluster, one.workload)]
        if beside := _worse_than_beside(one, made, _beside(one, measured, calls), bar):
            yield _finding(cluster, one, *beside)
            continue
        told = _latest(cluster, one, suspects, bar)
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


def _latest(
    cluster: Cluster, one: Traffic, suspects: Sequence[Change], bar: Bar
) -> tuple[Change, Rise] | None:
    """The last change that a rise followed soon, unless it was taken back since and nothing was
    measured after that."""
    for change in reversed(suspects):
        rise = rise_after(one.points, change.at, bar)
        if rise is None or rise.began - change.at > SHOWS_WITHIN:
            continue
        back = _taken_back_at(cluster, change)
        if back is None or sum(when > back for when, _ in one.points) >= LASTS:
            return change, rise
    return None


def _taken_back_at(cluster: Cluster, change: Change) -> datetime | None:
    """When the revision that a change brought was left for one that was there before it; None: it runs."""
    held, runs = cluster.get(change.target), newest(cluster, change.target)
    if change.kind != "deploy" or held is None or runs is None or runs.created_at is None:
        return None
    brought = [
        one.created_at
        for one in replica_sets(cluster, change.target)
        if one.created_at and abs(one.created_at - change.at) <= SHOWS_WITHIN
    ]
    if not brought or runs.created_at >= min(brought):
        return None
    return last_writer(held, "f:template")[0] or cluster.now


def _made(cluster: Cluster, workload: Ref) -> Iterator[Change]:
    """That the workload was made, which no revision before it tells of."""
    found = cluster.get(workload)
    if found and found.created_at:
        summary = f"{workload.kind} {workload.name} was made"
        yield Change(found.created_at, "deploy", workload.name, workload, summary, told="made")


def _beside(one: Traffic, measured: Sequence[Traffic], calls: Topology) -> list[Traffic]:
    """The same measure of other workloads behind a Service that leads to this one too."""
    services = set(calls.dependents(one.workload, Relation.SELECTS))
    return [
        other
        for other in measured
        if other.workload != one.workload
        and (other.measure, other.metric) == (one.measure, one.metric)
        and services & set(calls.dependents(other.workload, Relation.SELECTS))
    ]


def _worse_than_beside(
    one: Traffic, suspects: Sequence[Change], others: Sequence[Traffic], bar: Bar
) -> tuple[Change, Rise] | None:
    """The change that made the workload, where what it serves since is so much worse."""
    began = one.points[0][0]
    made = [
        change
        for change in suspects
        if change.target == one.workload and timedelta() <= began - change.at <= SHOWS_WITHIN
    ]
    for other in others if made else ():
        level = [value for when, value in other.points if when >= began]
        if len(level) < FEWEST_BEFORE or other.points[0][0] >= began:
            continue
        usual, own = median(level), [value for _, value in one.points]
        high = bar.above(usual)
        if median(own) >= high and all(value >= high for value in own[-LASTS:]):
            return made[0], Rise(began, usual, median(own), other.workload)
    return None


def _siblings_fare_alike(
    cluster: Cluster, one: Traffic, change: Change, measured: Sequence[Traffic], calls: Topology
) -> bool:
    """Whether what was not changed got worse in the same way: older pods, unrelated neighbours."""
    bar = bar_of(cluster, one.measure)
    if change.target == one.workload and (old := _older_pods(cluster, one)):
        return all(rise_after(points, change.at, bar) is not None for points in old)
    related = {one.workload, change.target, *_called(calls, one.workload)}
    others = [
        other
        for other in measured
        if (other.measure, other.metric) == (one.measure, one.metric)
        and other.workload not in related
        and other.workload.namespace == one.workload.namespace
        and one.workload not in _called(calls, other.workload)
        and not (_called(calls, other.workload) & related)
    ]
    alike = [other for other in others if rise_after(other.points, change.at, bar) is not None]
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


def _finding(cluster: Cluster, one: Traffic, change: Change, rise: Rise) -> Finding:
    """Told of the workload that was changed; of configuration, the one that uses it."""
    changed = cluster.get(change.target)
    is_workload = changed is not None and bool(template_of(changed))
    resource = change.target if is_workload else one.workload
    can_return = change.kind == "deploy" and can_roll_back(cluster, resource)
    levels = shown(one.measure, rise.before), shown(one.measure, rise.after)
    differences = "; ".join(str(each) for each in change.differences if each.before or each.after)
    earlier = f"of {rise.beside}" if rise.beside else "before"
    said = f"{levels[0]} {earlier}, {levels[1]} since {citing.clock(rise.began)}"
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
            "what": WHAT[one.measure],
            "workload": str(one.workload),
            "before": levels[0],
            "after": levels[1],
            "changed": str(change.target),
            "differences": citing.quoted(differences),
            "changed_at": citing.clock(change.at),
            "began_at": citing.clock(rise.began),
            "line": "",
            "condition": "",
            "beside": str(rise.beside or ""),
        },
        affected=tuple(sorted({one.workload, resource})),
        cause_key=change.id,
        fix=Fix("fix.rollback", resource) if can_return else None,
        # What a cache does not answer any more, those behind it have to.
        joins={
            "target": key(change.target),
            "loads": "misses" if one.measure == "missing" else "",
            **_of_resources(change),
        },
    )


def _of_resources(change: Change) -> dict[str, str]:
    """Whom a change of resources was about; that it took some away shows in what runs short."""
    listed = any(one.what.startswith("resources") for one in change.differences)
    told = listed or bool(_RESOURCES.search(change.summary))
    return {"resources": key(change.target)} if told else {}
