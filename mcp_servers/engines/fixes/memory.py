"""`fix.memory`: a limit that fits what a container was seen to use; never a lower one."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from mcp_servers.engines.fields import rows, section, text
from mcp_servers.engines.fixes.amounts import (
    as_memory,
    leaks,
    memory_down,
    memory_up,
    peak_memory,
)
from mcp_servers.engines.fixes.drafting import Case, Edit, Outcome, single
from mcp_servers.engines.fixes.editing import (
    container_edit,
    planned,
    pods_of,
    subsection,
    template_in,
    workload,
)
from mcp_servers.engines.owners import resources_owner
from mcp_servers.engines.quantities import as_bytes, quantity
from mcp_servers.engines.revisions import template_of
from mcp_servers.engines.room import as_pod, exceeded, largest, places, pod_charges, quota_left
from mcp_servers.engines.scalers import measured_by
from mcp_servers.engines.settling import desired_replicas
from mcp_servers.facts.fixes import Advice
from mcp_servers.facts.kubernetes import Cluster, Json, Resource

OVER_PEAK, OVER_LIMIT = Fraction(5, 4), Fraction(3, 2)
# A heap flag that names an amount: a higher limit does not let such a heap grow.
HEAPS = ("-Xmx", "--max-old-space-size", "GOMEMLIMIT")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The new limit and request in bytes; `peak` None: nothing was measured."""

    limit: Fraction
    request: Fraction
    peak: float | None


def raise_memory(case: Case) -> Outcome:
    """The limit becomes max(peak x 1.25, old x 1.5), rounded up, within node, LimitRange and quota.

    The request follows as far as the pods still find a place. Without a measured peak it is only
    proposed; a steady rise, a bound that leaves nothing and a VerticalPodAutoscaler decline it.
    """
    owner = workload(case)
    if isinstance(owner, Advice):
        return owner
    spec = planned(owner, case.container)
    old = quantity(text(spec, "resources", "limits", "memory") or None)
    if why := _declined(case, owner, old):
        return why
    assert old is not None
    peak = peak_memory(case.cluster, pods_of(case), case.container)
    limit = _limit(case, owner, old, peak)
    if isinstance(limit, Advice):
        return limit
    wanted = _Wanted(limit, _request(case, owner, spec, limit, peak), peak)
    return _told(case, owner, old, wanted)


def _declined(case: Case, owner: Resource, old: Fraction | None) -> Advice | None:
    if old is None:
        return case.advice("no_memory_limit", container=case.container)
    if leaks(case.cluster, pods_of(case), case.container):
        return case.advice("memory_leak", container=case.container)
    if scaler := resources_owner(case.cluster, owner.ref):
        return case.advice("vpa_owns_resources", owner=scaler.name)
    return None


def _limit(case: Case, owner: Resource, old: Fraction, peak: float | None) -> Fraction | Advice:
    wanted = memory_up(max(old * OVER_LIMIT, Fraction(peak or 0) * OVER_PEAK))
    bounds = _bounds(case.cluster, owner, case.container, old)
    least, which = min(((amount, name) for name, amount in bounds), default=(wanted, ""))
    if wanted <= least:
        return wanted
    capped = memory_down(least)
    if capped <= old or capped < Fraction(peak or 0):
        return case.advice(f"bounded_by_{which}", container=case.container, bound=as_bytes(least))
    return capped


def _bounds(
    cluster: Cluster, owner: Resource, container: str, old: Fraction
) -> list[tuple[str, Fraction]]:
    """What the limit may be at most: a node's all, a LimitRange's max, and what a quota leaves."""
    whole_node = largest(cluster, "memory")
    replicas = max(1, desired_replicas(owner))
    return [
        *([("node", whole_node)] if whole_node is not None else []),
        *(("limit_range", most) for most in _most_allowed(cluster, owner, container)),
        *(
            ("quota", old + max(left.left, Fraction(0)) / replicas)
            for left in quota_left(cluster, owner.namespace)
            if left.resource == "limits.memory"
        ),
    ]


def _most_allowed(cluster: Cluster, owner: Resource, container: str) -> Iterator[Fraction]:
    """By each LimitRange: for one container, or for the pod less what its others may use."""
    beside = sum(
        (
            quantity(text(one, "resources", "limits", "memory") or None) or Fraction(0)
            for one in rows(template_of(owner), "spec", "containers")
            if text(one, "name") != container
        ),
        Fraction(0),
    )
    for limit_range in cluster.all("LimitRange", owner.namespace):
        for row in rows(limit_range.spec, "limits"):
            most = quantity(section(row, "max").get("memory"))
            if most is None or text(row, "type") not in ("Container", "Pod"):
                continue
            yield most if text(row, "type") == "Container" else most - beside


def _request(
    case: Case, owner: Resource, spec: Json, limit: Fraction, peak: float | None
) -> Fraction:
    """As much as was used, if such pods find a place; as before otherwise. 0: none is written."""
    old = quantity(text(spec, "resources", "requests", "memory") or None)
    before = quantity(text(spec, "resources", "limits", "memory") or None)
    if old is None:
        return Fraction(0)
    if measured_by(case.cluster, owner.ref, "memory") is not None:
        return old  # an autoscaler counts use against it
    wanted = limit if old == before else max(old, min(limit, memory_up(Fraction(peak or 0))))
    return wanted if _fits(case, owner, wanted) or old == before else old


def _fits(case: Case, owner: Resource, request: Fraction) -> bool:
    """Whether all replicas find a place with this request, and the quota of requests allows it."""
    after = _edit(owner, case.container, _Wanted(request, request, None)).after or {}
    template = template_in(after)
    pods, replicas = pods_of(case), max(1, desired_replicas(owner))
    now, then = pod_charges(template_of(owner)), pod_charges(template)
    more = {
        name: (then[name] - now.get(name, Fraction(0))) * replicas
        for name in ("memory", "requests.memory")
        if name in then
    }
    if exceeded(case.cluster, owner.namespace, more):
        return False
    nodes = case.cluster.all("Node")
    return not nodes or places(case.cluster, as_pod(template, ""), instead_of=pods) >= replicas


def _told(case: Case, owner: Resource, old: Fraction, wanted: _Wanted) -> Outcome:
    step = _edit(owner, case.container, wanted)
    heap = case.told("heap")
    params = {
        **step.params,
        "old": as_bytes(old),
        "new": as_memory(wanted.limit),
        "peak": as_bytes(wanted.peak) if wanted.peak is not None else "",
        "heap": heap if heap.startswith(HEAPS) else "",
    }
    if wanted.peak is None:
        return case.proposal(owner, step.after or {}, "no_usage_data", **params)
    return single(Edit("raise_memory", owner, step.after, params))


def _edit(owner: Resource, container: str, wanted: _Wanted) -> Edit:
    def change(spec: Json) -> None:
        subsection(spec, "resources", "limits")["memory"] = as_memory(wanted.limit)
        if wanted.request:
            subsection(spec, "resources", "requests")["memory"] = as_memory(wanted.request)

    return container_edit("raise_memory", owner, container, change)
