"""Findings, topology and time become ranked root causes, each with its chain to the symptoms."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from mcp_servers.engines.causal_graph import CausalGraph, causal_graph, explaining
from mcp_servers.engines.confidence import Signals, confidence
from mcp_servers.engines.faults import is_fault, is_latent
from mcp_servers.engines.rule_families import SWITCHED_OFF, is_symptom
from mcp_servers.engines.topology import Relation, Topology
from mcp_servers.facts.findings import Finding, Severity
from mcp_servers.facts.kubernetes import Change, Cluster, Ref

# A fault is blamed on a change only when it shows soon after: most faulty rollouts show in minutes,
# leaks within hours.
CHANGE_LEADS_BY_AT_MOST = timedelta(hours=6)

# Two clocks and event times rounded to seconds: a cause may look this much younger than its effect.
CLOCK_SLACK = timedelta(seconds=60)


class Verdict(StrEnum):
    FOUND = "found"
    HEALTHY = "healthy"
    INSUFFICIENT_DATA = "insufficient_data"


@dataclass(frozen=True, slots=True)
class RootCause:
    """One cause that nothing else explains. `chain` leads from it to what users feel."""

    finding: Finding
    signals: Signals
    chain: tuple[Finding, ...]
    explains: tuple[Finding, ...]
    change: Change | None = None

    @property
    def confidence(self) -> float:
        return confidence(self.signals)


@dataclass(frozen=True, slots=True)
class Ranking:
    """`elsewhere` holds faults that do not touch what was asked about; `notes` what is no fault:
    hygiene, and security of whatever severity."""

    verdict: Verdict
    roots: tuple[RootCause, ...]
    symptoms: tuple[Finding, ...]
    elsewhere: tuple[Finding, ...]
    notes: tuple[Finding, ...]


def rank(
    findings: Sequence[Finding],
    cluster: Cluster,
    topology: Topology,
    *,
    focus: frozenset[Ref] = frozenset(),
    namespace: str = "",
) -> Ranking:
    """Rank the causes behind `findings`, best first.

    `focus` are the objects asked about and what stands for them (a Service and its workload);
    empty means everything in `namespace`, or the cluster when that is empty too. A cause outside
    the namespace counts when it explains something inside or something inside depends on it.
    """
    scope = _Scope(focus, namespace, topology)
    faults = [one for one in findings if is_fault(one)]
    latent = [one for one in findings if is_latent(one)]
    faults += explaining(latent, faults, cluster, topology)
    if not any(scope.concerns(one, ()) for one in faults):
        faults += [one for one in findings if one.rule in SWITCHED_OFF and scope.asks_for(one)]
    graph = causal_graph(faults, cluster, topology)
    relevant = [root for root in graph.roots() if scope.concerns(root, graph.explained_by(root))]
    ranked = _grave(_ranked(relevant, graph, cluster, scope))
    told = {id(root.finding) for root in ranked}
    shown = {id(one) for root in ranked for one in root.explains}
    ranked_at_all = {id(one) for one in faults}
    return Ranking(
        verdict=_verdict(ranked, cluster, scope),
        roots=tuple(ranked),
        symptoms=tuple(one for one in faults if id(one) in shown and id(one) not in told),
        elsewhere=tuple(one for one in faults if id(one) not in shown | told),
        notes=tuple(one for one in findings if id(one) not in ranked_at_all),
    )


@dataclass(frozen=True, slots=True)
class _Scope:
    focus: frozenset[Ref]
    namespace: str
    topology: Topology

    def concerns(self, root: Finding, explained: Iterable[Finding]) -> bool:
        return self.reaches(root, explained) or self.is_near(root)

    def reaches(self, root: Finding, explained: Iterable[Finding]) -> bool:
        """Whether what was asked about is the root, feels it, or depends on it."""
        if not self.focus:
            return self.is_near(root) or any(self.is_near(one) for one in explained)
        touched = {ref for one in (root, *explained) for ref in (one.resource, *one.affected)}
        return bool(touched & self.focus) or any(
            self.topology.path(asked, root.resource) for asked in self.focus
        )

    def asks_for(self, finding: Finding) -> bool:
        """Whether the question is about this object, or about the namespace that misses its work: a
        schedule that was never on has left nothing out."""
        if self.focus:
            return finding.resource in self.focus
        if finding.rule == "cron.suspended" and not finding.joined("missed_by"):
            return False
        return bool(self.namespace) and finding.resource.namespace == self.namespace

    def is_near(self, finding: Finding) -> bool:
        """Whether it stands in the namespace asked about, or is it; a node is near to all that run
        on it."""
        if not self.namespace or finding.resource.namespace == self.namespace:
            return True
        if finding.resource == Ref("Namespace", "", self.namespace):
            return True
        return any(ref.namespace == self.namespace for ref in finding.affected)


def _ranked(
    roots: Sequence[Finding], graph: CausalGraph, cluster: Cluster, scope: _Scope
) -> list[RootCause]:
    causes = [_root_cause(root, graph, cluster, scope, rivals=len(roots) - 1) for root in roots]
    reaching = {id(one.finding): scope.reaches(one.finding, one.explains) for one in causes}

    def order(cause: RootCause) -> tuple[object, ...]:
        finding = cause.finding
        return (
            not reaching[id(finding)],
            is_symptom(finding.ranked_as),
            -_felt_by_users(cause),
            -len(cause.explains),
            -cause.confidence,
            finding.since or cluster.now,
            finding.resource,
            finding.rule,
        )

    return sorted(causes, key=order)


def _grave(roots: list[RootCause]) -> list[RootCause]:
    """Without the mere risks, where something has gone wrong: a limit that is near is no answer
    beside one that was hit."""
    grave = [
        root
        for root in roots
        if root.explains or root.finding.severity.weight >= Severity.HIGH.weight
    ]
    return grave or roots


def _root_cause(
    root: Finding, graph: CausalGraph, cluster: Cluster, scope: _Scope, *, rivals: int
) -> RootCause:
    explains = tuple(sorted(graph.explained_by(root), key=lambda one: not scope.is_near(one)))
    change = change_before(root, cluster, scope.topology)
    signals = Signals(
        stated=root.confidence,
        explained_elsewhere=len({one.resource for one in explains} - {root.resource}),
        explained_here=sum(one.resource == root.resource for one in explains),
        change_before=change is not None,
        symptom_only=is_symptom(root.ranked_as),
        reaches_focus=scope.reaches(root, explains),
        rivals=rivals,
        unseen=sum(one.counts for one in cluster.not_checked),
    )
    chain = graph.chain(root, prefer=scope.is_near)
    return RootCause(root, signals, chain, explains, change)


def _felt_by_users(cause: RootCause) -> int:
    return max(one.severity.weight for one in (cause.finding, *cause.explains))


def change_before(root: Finding, cluster: Cluster, topology: Topology) -> Change | None:
    """The last change, soon before a root's first sign, of its resource or what that refers to."""
    since = root.since
    if since is None:
        return None
    own = {root.resource, *topology.dependencies(root.resource, Relation.REFERS_TO)}
    before = [
        change
        for change in cluster.changes
        if change.target in own
        and since - CHANGE_LEADS_BY_AT_MOST <= change.at <= since + CLOCK_SLACK
    ]
    return max(before, key=lambda change: change.at, default=None)


def _verdict(ranked: Sequence[RootCause], cluster: Cluster, scope: _Scope) -> Verdict:
    if ranked:
        return Verdict.FOUND
    looked_at = cluster.all("Pod", scope.namespace or None)
    return Verdict.HEALTHY if looked_at else Verdict.INSUFFICIENT_DATA


def timeline(
    roots: Sequence[RootCause], cluster: Cluster, *, at_most: int = 12
) -> list[tuple[datetime, Finding | Change]]:
    """Changes and first signs around the roots, oldest first."""
    moments: dict[tuple[datetime, str], Finding | Change] = {}
    for root in roots:
        for one in (root.finding, *root.explains):
            if one.since:
                moments[one.since, f"{one.rule} {one.resource}"] = one
    if not moments:
        return []
    first = min(at for at, _ in moments)
    for change in cluster.changes:
        if first - CHANGE_LEADS_BY_AT_MOST <= change.at:
            moments[change.at, f"{change.kind} {change.target}"] = change
    return [(at, moments[at, key]) for at, key in sorted(moments)][:at_most]


def changes_that_did_no_harm(
    roots: Sequence[RootCause], findings: Sequence[Finding], cluster: Cluster, topology: Topology
) -> list[Change]:
    """Changes that came as close before the first sign as a culprit would, of things that show no
    fault and that no root depends on: decoys worth naming. Newest first, one for each target."""
    first = min((root.finding.since for root in roots if root.finding.since), default=None)
    if first is None:
        return []
    suspect = {one.resource for one in findings if is_fault(one)}
    suspect |= {
        ref
        for root in roots
        for ref in topology.dependencies(root.finding.resource, Relation.REFERS_TO)
    }
    near = [one for one in cluster.changes if abs(one.at - first) <= CHANGE_LEADS_BY_AT_MOST]
    last = {one.target: one for one in sorted(near, key=lambda one: one.at)}
    harmless = [one for one in last.values() if one.target not in suspect]
    return sorted(harmless, key=lambda one: one.at, reverse=True)
