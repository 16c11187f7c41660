"""Findings as a graph: an edge where one explains another, joined by evidence and time."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from mcp_servers.engines.causal_joins import Join, Link
from mcp_servers.engines.causal_links import links_between
from mcp_servers.engines.clocks import ahead_by
from mcp_servers.engines.fields import rows, whole
from mcp_servers.engines.rule_families import DEGRADED, is_symptom
from mcp_servers.engines.settling import GRACE
from mcp_servers.engines.topology import Relation, Topology
from mcp_servers.facts.findings import Finding
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource, moment

# A cause may look this much younger than its effect: clocks differ and events round to seconds.
CLOCK_SLACK = timedelta(seconds=60)

# A chain longer than this tells nobody anything.
LONGEST_CHAIN = 6

Preference = Callable[[Finding], bool]


class CausalGraph:
    """Who explains whom. Findings are told apart by their position in `findings`."""

    def __init__(self, findings: Sequence[Finding], effects: Mapping[int, frozenset[int]]) -> None:
        self._findings = findings
        self._effects = effects
        self._position = {id(finding): n for n, finding in enumerate(findings)}
        self._reach = {n: self._reachable(n) for n in range(len(findings))}

    def roots(self) -> list[Finding]:
        """Findings that nothing explains; of findings that explain each other, the earliest."""
        return [
            finding
            for n, finding in enumerate(self._findings)
            if all(self._leads(n, cause) for cause in self._causes(n))
        ]

    def explained_by(self, root: Finding) -> list[Finding]:
        start = self._position[id(root)]
        return [self._findings[n] for n in sorted(self._reach[start] - {start})]

    def chain(self, root: Finding, *, prefer: Preference) -> tuple[Finding, ...]:
        """The longest way from a root to a symptom, each finding once; of several equally long,
        one that ends where `prefer` says."""
        start = self._position[id(root)]
        longest = self._longest(start, frozenset({start}), prefer)
        return tuple(self._findings[n] for n in longest)

    def _longest(self, start: int, seen: frozenset[int], prefer: Preference) -> list[int]:
        if len(seen) > LONGEST_CHAIN:
            return [start]
        effects = sorted(self._effects[start] - seen)
        onward = [self._longest(n, seen | {n}, prefer) for n in effects]
        best = max(
            onward,
            key=lambda way: (len(way), prefer(last := self._findings[way[-1]]), _is_told(last)),
            default=list[int](),
        )
        return [start, *best]

    def _reachable(self, start: int) -> frozenset[int]:
        seen, waiting = {start}, [start]
        while waiting:
            new = self._effects[waiting.pop()] - seen
            seen |= new
            waiting.extend(new)
        return frozenset(seen)

    def _causes(self, n: int) -> list[int]:
        return [m for m in range(len(self._findings)) if m != n and n in self._reach[m]]

    def _leads(self, n: int, other: int) -> bool:
        """Whether `n` comes first in a circle that both stand in."""
        return other in self._reach[n] and self._order(n) < self._order(other)

    def _order(self, n: int) -> tuple[bool, float, int]:
        finding = self._findings[n]
        since = finding.since.timestamp() if finding.since else float("inf")
        return is_symptom(finding.ranked_as), since, n


def _is_told(finding: Finding) -> bool:
    """Whether somebody says so, in words: a curve alone tells least of what is felt."""
    return finding.ranked_as not in DEGRADED


def causal_graph(findings: Sequence[Finding], cluster: Cluster, topology: Topology) -> CausalGraph:
    joined = _Joins(cluster, topology)
    effects = {
        n: frozenset(
            m
            for m, effect in enumerate(findings)
            if m != n and _explains(cause, effect, joined, cluster)
        )
        for n, cause in enumerate(findings)
    }
    return CausalGraph(findings, effects)


def explaining(
    risks: Sequence[Finding], faults: Sequence[Finding], cluster: Cluster, topology: Topology
) -> list[Finding]:
    """Of mere risks, those that a fault has come of."""
    joined = _Joins(cluster, topology)
    return [risk for risk in risks if any(_explains(risk, one, joined, cluster) for one in faults)]


def _explains(cause: Finding, effect: Finding, joined: "_Joins", cluster: Cluster) -> bool:
    links = links_between(cause.ranked_as, effect.ranked_as)
    if not links:
        return False
    in_time = _in_time(cause, effect, cluster)
    return any((in_time or not one.timed) and joined.hold(one, cause, effect) for one in links)


def _in_time(cause: Finding, effect: Finding, cluster: Cluster) -> bool:
    if cause.since is None or effect.since is None:
        return True
    slack = CLOCK_SLACK + ahead_by(cluster)
    return _earliest_possible(cause, cluster) <= effect.since + slack


def _earliest_possible(finding: Finding, cluster: Cluster) -> datetime:
    """When it may have begun: a container that restarts shows only its last end, and a program that
    was never ready complains at its own pace, so of either it is only known that it came after the
    pod was made."""
    born = [
        pod.created_at
        for ref in finding.affected
        if (pod := cluster.get(ref)) is not None
        if _restarted_often(pod.status) or _was_never_ready(pod)
    ]
    known = [at for at in (finding.since, *born) if at is not None]
    return min(known, default=cluster.now)


def _restarted_often(status: Json) -> bool:
    statuses = [*rows(status, "initContainerStatuses"), *rows(status, "containerStatuses")]
    return any(whole(one, "restartCount") >= 2 for one in statuses)


def _was_never_ready(pod: Resource) -> bool:
    ready = pod.condition("Ready") or {}
    since = moment(ready.get("lastTransitionTime"))
    if since is None or pod.created_at is None or ready.get("status") == "True":
        return False
    return since - pod.created_at <= GRACE


class _Joins:
    """Whether what a link asks for is true of two findings."""

    def __init__(self, cluster: Cluster, topology: Topology) -> None:
        self._cluster = cluster
        self._topology = topology

    def hold(self, link: Link, cause: Finding, effect: Finding) -> bool:
        return _TESTS[link.join](self, cause, effect)

    def scales(self, cause: Finding, effect: Finding) -> bool:
        return cause.resource in self._topology.dependencies(effect.resource, Relation.SCALES)

    def serves(self, cause: Finding, effect: Finding) -> bool:
        if cause.resource == effect.resource:
            return True
        selected = self._topology.dependencies(effect.resource, Relation.SELECTS)
        return cause.resource in selected

    def called(self, cause: Finding, effect: Finding) -> bool:
        if cause.resource == effect.resource:
            return False
        return any(
            cause.resource in (service, *self._topology.dependencies(service, Relation.SELECTS))
            for service in services_called(effect) or self._configured(effect)
        )

    def presented(self, cause: Finding, effect: Finding) -> bool:
        """Whether a Secret that has run out is used by whom the effect's calls go to; where it tells
        of no call, by its own workload."""
        if cause.resource.kind != "Secret" or cause.since is None:
            return False
        called = services_called(effect)
        holders = {
            holder
            for service in called
            for holder in self._topology.dependencies(service, Relation.SELECTS)
        }
        if not called and not effect.joined("host"):
            holders = {effect.resource}
        return bool(holders & set(cause.affected))

    def _configured(self, effect: Finding) -> list[Ref]:
        """Where a log names no Service, those that the workload is configured to call, or the
        workloads that it is told to affect."""
        if any(_is_elsewhere(host) for host in effect.joined("host")):
            return []
        callers = dict.fromkeys((effect.resource, *effect.affected))
        return [
            service
            for caller in callers
            for service in self._topology.dependencies(caller, Relation.CALLS)
        ]

    def routed(self, cause: Finding, effect: Finding) -> bool:
        services = self._topology.dependencies(effect.resource, Relation.ROUTES_TO)
        return any(
            cause.resource in (one, *self._topology.dependencies(one, Relation.SELECTS))
            for one in services
        )

    def on_node(self, finding: Finding, node: Ref) -> bool:
        if node.kind != "Node":
            return False
        if named := finding.joined("node"):
            return node.name in named
        pods = [self._cluster.get(ref) for ref in finding.affected if ref.kind == "Pod"]
        return any(pod is not None and pod.spec.get("nodeName") == node.name for pod in pods)

    def refers(self, cause: Finding, effect: Finding) -> bool:
        return cause.resource in self._topology.dependencies(effect.resource, Relation.REFERS_TO)


def _is_elsewhere(host: str) -> bool:
    """Whether a host that led to no Service is known by a full name: that of another system."""
    name = host.partition(":")[0]
    return "." in name and not name.replace(".", "").isdigit() and not name.endswith(".local")


def _same_container(cause: Finding, effect: Finding) -> bool:
    if cause.resource != effect.resource:
        return False
    return not cause.container or not effect.container or cause.container == effect.container


def _crashed(cause: Finding, effect: Finding) -> bool:
    return _same_container(cause, effect) and not cause.joined("killed_by")


def _probed(cause: Finding, effect: Finding) -> bool:
    killed_by = cause.joined("killed_by") & effect.joined("killed_by")
    return _same_container(cause, effect) and bool(killed_by)


def _echoed(cause: Finding, effect: Finding) -> bool:
    return bool(cause.joined("ran_out") & effect.joined("ran_out_elsewhere"))


def _would_grow(cause: Finding, effect: Finding) -> bool:
    return cause.resource == effect.resource and not cause.joined("outgrown")


def _has_outgrown(cause: Finding, effect: Finding) -> bool:
    return cause.resource == effect.resource and bool(effect.joined("outgrown"))


def _affects(cause: Finding, effect: Finding) -> bool:
    """Whether the cause names the effect's workload; of calls, those to one Service."""
    if effect.resource not in cause.affected:
        return False
    called, meant = effect.joined("service"), cause.joined("service")
    return not (called and meant) or bool(called & meant)


# Keys by which a cause and an effect may name a third object.
SHARED_KEYS = ("webhook", "api", "gateway", "namespace", "pod", "job", "secret", "resources")


def _shares(cause: Finding, effect: Finding) -> bool:
    return any(cause.joined(key) & effect.joined(key) for key in SHARED_KEYS)


def _same_claim(cause: Finding, effect: Finding) -> bool:
    claim = f"{cause.resource.namespace}/{cause.resource.name}"
    return claim in effect.joined("claim")


def _both(name: str) -> Callable[[Finding, Finding], bool]:
    """Whether two findings have a value of this join in common."""
    return lambda cause, effect: bool(cause.joined(name) & effect.joined(name))


Test = Callable[[_Joins, Finding, Finding], bool]


def _of_two(test: Callable[[Finding, Finding], bool]) -> Test:
    """A test that needs nothing but the two findings."""
    return lambda _, cause, effect: test(cause, effect)


# Not in `_Joins`: a table of bound functions there would keep the whole cluster alive with itself
# until Python looks for such circles, which it does rarely.
_TESTS: Mapping[Join, Test] = {
    Join.CONTAINER: _of_two(_same_container),
    Join.WORKLOAD: lambda _, cause, effect: cause.resource == effect.resource,
    Join.SERVES: _Joins.serves,
    Join.CALLED: _Joins.called,
    Join.CALLS: lambda joins, cause, effect: joins.called(effect, cause),
    Join.ROUTED: _Joins.routed,
    Join.NODE: lambda joins, cause, effect: joins.on_node(effect, cause.resource),
    Join.ON_NODE: lambda joins, cause, effect: joins.on_node(cause, effect.resource),
    Join.CLAIM: _of_two(_same_claim),
    Join.ACCOUNT: _of_two(_both("service_account")),
    Join.SCRAPED: _of_two(_both("scrape_job")),
    Join.AFFECTED: lambda _, cause, effect: (
        cause.resource in effect.affected or effect.resource in cause.affected
    ),
    Join.REFERENCE: _Joins.refers,
    Join.AFFECTS: _of_two(_affects),
    Join.SHARED: _of_two(_shares),
    Join.ANYWHERE: lambda _, cause, effect: cause.resource != effect.resource,
    Join.SCALES: _Joins.scales,
    Join.SCALED: lambda _, cause, effect: str(effect.resource) in cause.joined("target"),
    Join.POD: _of_two(_both("pod")),
    Join.HOST: _of_two(_both("host")),
    Join.GROWS: _of_two(_would_grow),
    Join.LOADED: lambda joins, cause, effect: (
        bool(cause.joined("loads")) and joins.called(effect, cause)
    ),
    Join.CRASHED: _of_two(_crashed),
    Join.PROBED: _of_two(_probed),
    Join.ECHOED: _of_two(_echoed),
    Join.HEADLESS: lambda joins, cause, effect: (
        bool(effect.joined("headless")) and joins.called(cause, effect)
    ),
    Join.OUTGROWN: _of_two(_has_outgrown),
    Join.PRESENTED: _Joins.presented,
    Join.NAMED: lambda _, cause, effect: str(cause.resource) in effect.joined("workload"),
}


def services_called(finding: Finding) -> list[Ref]:
    """The Services a finding's calls go to, from its join `service` = `namespace/name`."""
    named = [one.partition("/") for one in sorted(finding.joined("service"))]
    return [Ref("Service", namespace, name) for namespace, _, name in named if name]
