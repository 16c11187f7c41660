"""Disruption budgets that allow nothing, or that guard nobody."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.fields import rows, section, strings, text, whole
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.revisions import template_of
from mcp_servers.engines.selectors import matches, matching, written
from mcp_servers.engines.settling import GRACE, is_finished, is_terminating, is_young
from mcp_servers.engines.topology import WORKLOAD_KINDS
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource, moment, refs

PDB = "PodDisruptionBudget"
CLOSED = ("node.kubernetes.io/unschedulable", "ToBeDeletedByClusterAutoscaler")
# A rolling update uses a budget up for moments.
TRANSIENT = timedelta(minutes=10)


def disruption_budgets(cluster: Cluster) -> Iterator[Finding]:
    """`pdb.blocks_drain`, and `pdb.selects_nothing` as hygiene."""
    closed = _closed_nodes(cluster)
    guards: dict[Ref, list[Resource]] = {}
    for budget in cluster.all(PDB):
        if is_young(cluster, budget) or is_terminating(budget):
            continue
        pods = _guarded(cluster, budget)
        for pod in pods:
            guards.setdefault(pod.ref, []).append(budget)
        if not pods:
            yield from _guards_nobody(cluster, budget)
        elif held := _held(cluster, budget, pods, closed):
            yield _blocks(cluster, budget, held)
    yield from _twice_guarded(guards)


def _guarded(cluster: Cluster, budget: Resource) -> list[Resource]:
    selector = budget.spec.get("selector")
    chosen = matching(cluster, "Pod", budget.namespace, selector) if selector is not None else []
    return [pod for pod in chosen if not is_finished(pod) and not is_terminating(pod)]


def _closed_nodes(cluster: Cluster) -> Mapping[str, datetime | None]:
    """Nodes that are being emptied, and since when; a node closed this minute is still at it."""
    found: dict[str, datetime | None] = {}
    for node in cluster.all("Node"):
        marks = [one for one in rows(node.spec, "taints") if text(one, "key") in CLOSED]
        since = min((at for one in marks if (at := moment(one.get("timeAdded")))), default=None)
        closed = node.spec.get("unschedulable") is True or bool(marks)
        if closed and (since is None or cluster.now - since >= GRACE):
            found[node.name] = since
    return found


@dataclass(frozen=True, slots=True)
class _Held:
    """A budget that allows nothing: for good, or because its pods are not well."""

    pods: list[Resource]
    draining: Mapping[str, datetime | None]  # nodes that wait for it
    for_good: bool
    since: datetime | None


def _held(
    cluster: Cluster,
    budget: Resource,
    pods: list[Resource],
    closed: Mapping[str, datetime | None],
) -> _Held | None:
    expected = whole(budget.status, "expectedPods")
    allowed = whole(budget.status, "disruptionsAllowed", default=-1)
    if not expected or allowed != 0:
        return None
    for_good = whole(budget.status, "desiredHealthy") >= expected
    since = moment((budget.condition("DisruptionAllowed") or Json()).get("lastTransitionTime"))
    passing = since is not None and cluster.now - since < TRANSIENT
    on = {text(pod.spec, "nodeName") for pod in pods}
    draining = {name: at for name, at in closed.items() if name in on}
    if for_good or (draining and not passing):
        return _Held(pods, draining, for_good, since)
    return None


def _blocks(cluster: Cluster, budget: Resource, held: _Held) -> Finding:
    """The join `node` only where the budget itself is to blame: one whose pods are broken, perhaps
    because of the closed node, says nothing about why that is still closed."""
    waiting = [pod for pod in held.pods if text(pod.spec, "nodeName") in held.draining]
    names = ", ".join(sorted(held.draining))
    times = [at for at in held.draining.values() if at]
    owners = sorted({str(top_owner(cluster, pod)) for pod in held.pods})
    since = held.since or budget.created_at
    joins = {"workload": ",".join(owners)}
    if held.draining and held.for_good:
        joins["node"] = ",".join(sorted(held.draining))
    return Finding(
        rule="pdb.blocks_drain",
        severity=Severity.HIGH if held.draining else Severity.MEDIUM,
        confidence=Confidence.CERTAIN,
        resource=budget.ref,
        since=max([*times, *([since] if since else [])], default=None) if names else since,
        evidence=tuple(_numbers(cluster, budget, held, waiting)),
        params={
            "rule_set": _written(budget),
            "healthy": str(whole(budget.status, "currentHealthy")),
            "needed": str(whole(budget.status, "desiredHealthy")),
            "expected": str(whole(budget.status, "expectedPods")),
            "nodes": names,
            "pods": ", ".join(pod.name for pod in waiting[:3]),
            "workload": ", ".join(owners[:3]),
            "for_good": "true" if held.for_good else "",
        },
        affected=refs(waiting or held.pods),
        joins=joins,
    )


def _written(budget: Resource) -> str:
    """The rule as it stands in the spec: `minAvailable 2`."""
    for name in ("minAvailable", "maxUnavailable"):
        if value := text(budget.spec, name):
            return f"{name} {value}"
    return "maxUnavailable 1"


def _numbers(
    cluster: Cluster, budget: Resource, held: _Held, waiting: list[Resource]
) -> Iterator[Evidence]:
    status = budget.status
    healthy, needed = whole(status, "currentHealthy"), whole(status, "desiredHealthy")
    expected = whole(status, "expectedPods")
    said = f"0 (healthy {healthy}, needed {needed}, expected {expected})"
    yield citing.field(budget, ".status.disruptionsAllowed", said, held.since)
    name, _, value = _written(budget).partition(" ")
    yield citing.field(budget, f".spec.{name}", value)
    for node_name, at in sorted(held.draining.items())[:2]:
        node = cluster.get(Ref("Node", "", node_name))
        if node is not None:
            yield citing.field(node, ".spec.unschedulable", "true", at)
    for pod in waiting[:2]:
        yield citing.field(pod, ".spec.nodeName", text(pod.spec, "nodeName"))


def _guards_nobody(cluster: Cluster, budget: Resource) -> Iterator[Finding]:
    """No pod now and no template that could make one: what stands at zero on purpose is guarded."""
    selector = section(budget.spec, "selector")
    makers = [one for kind in WORKLOAD_KINDS for one in cluster.all(kind, budget.namespace)]
    if any(matches(selector, _template_labels(one)) for one in makers):
        return
    yield _unused(budget, "nothing", [], [citing.field(budget, ".spec.selector", _shown(selector))])


def _shown(selector: Json) -> str:
    """A selector as kubectl takes it; of expressions the keys must do."""
    keys = [text(one, "key") for one in rows(selector, "matchExpressions")]
    return ",".join([*filter(None, [written(strings(selector, "matchLabels"))]), *keys])


def _template_labels(workload: Resource) -> Mapping[str, str]:
    return strings(template_of(workload), "metadata", "labels")


def _twice_guarded(guards: Mapping[Ref, list[Resource]]) -> Iterator[Finding]:
    """Pods with two budgets: the eviction API refuses them outright."""
    pairs: dict[tuple[Ref, ...], tuple[list[Resource], list[Ref]]] = {}
    for pod, budgets in guards.items():
        if len(budgets) > 1:
            names = tuple(sorted(one.ref for one in budgets))
            pairs.setdefault(names, (budgets, []))[1].append(pod)
    for names, (budgets, pods) in sorted(pairs.items()):
        first = min(budgets, key=lambda one: one.ref)
        others = ", ".join(ref.name for ref in names[1:])
        cited = [
            citing.field(one, ".spec.selector", _shown(section(one.spec, "selector")))
            for one in budgets
        ]
        yield _unused(first, others, sorted(pods), cited)


def _unused(budget: Resource, others: str, pods: list[Ref], cited: list[Evidence]) -> Finding:
    twice = bool(pods)
    return Finding(
        rule="pdb.selects_nothing",
        severity=Severity.LOW,
        confidence=Confidence.CERTAIN,
        resource=budget.ref,
        since=budget.created_at,
        evidence=tuple(cited),
        params={
            "others": others if twice else "",
            "pods": ", ".join(one.name for one in pods[:3]),
            "none": "" if twice else _shown(section(budget.spec, "selector")),
        },
        affected=tuple(pods),
        cause_key=others,
    )
