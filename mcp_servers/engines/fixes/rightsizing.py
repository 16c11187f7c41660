"""`fix.rightsize`: one step of a request towards what two weeks of use show."""

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction

from mcp_servers.engines.containers import containers
from mcp_servers.engines.fields import rows, text
from mcp_servers.engines.fixes.amounts import (
    CPU,
    MEMORY,
    peak_memory,
    rounded_up,
    usual_cpu,
    usual_memory,
    written,
)
from mcp_servers.engines.fixes.drafting import Case, Outcome, single
from mcp_servers.engines.fixes.editing import (
    container_edit,
    planned,
    pods_of,
    subsection,
    workload,
)
from mcp_servers.engines.owners import resources_owner
from mcp_servers.engines.quantities import as_amount, quantity
from mcp_servers.engines.scalers import HPA, scalers_by_target
from mcp_servers.facts.fixes import Advice
from mcp_servers.facts.kubernetes import Cluster, Json, Resource

ENOUGH = timedelta(days=14)
# A step takes away three tenths at most, and at most doubles.
DOWN, UP = Fraction(7, 10), 2
OVER_PEAK = Fraction(23, 20)


def rightsize(case: Case) -> Outcome:
    """The request of one resource, from fourteen days of use; never below the peak and a margin."""
    owner = workload(case)
    if isinstance(owner, Advice):
        return owner
    resource = case.told("resource_name") or "memory"
    if why := _declined(case, owner, resource):
        return why
    old = quantity(text(planned(owner, case.container), "resources", "requests", resource) or None)
    wanted = _wanted(case.cluster, pods_of(case), case.container, resource)
    if old is None or wanted is None:
        return case.advice("too_little_data", days=ENOUGH.days)
    new = min(max(wanted, rounded_up(resource, old * DOWN)), old * UP)
    new = rounded_up(resource, new)
    if new == old:
        return case.advice("already_so")

    def change(spec: Json) -> None:
        held = subsection(spec, "resources", "requests")
        held[resource] = written(resource, new)
        limit = quantity(text(spec, "resources", "limits", resource) or None)
        if limit is not None and limit < new:
            subsection(spec, "resources", "limits")[resource] = written(resource, new)

    params = {"resource": resource, "old": as_amount(resource, old), "new": written(resource, new)}
    return single(container_edit("rightsize", owner, case.container, change, **params))


def _declined(case: Case, owner: Resource, resource: str) -> Advice | None:
    if scaler := resources_owner(case.cluster, owner.ref):
        return case.advice("vpa_owns_resources", owner=scaler.name)
    for scaler in scalers_by_target(case.cluster).get(owner.ref, []):
        measured = [text(metric, "resource", "name") for metric in rows(scaler.spec, "metrics")]
        if scaler.kind == HPA and resource in measured:
            return case.advice("hpa_measures_it", owner=scaler.name, resource=resource)
    pods = pods_of(case)
    if resource == "memory" and _killed(pods):
        return case.advice("never_lowered_on_oom")
    if _watched(case.cluster, pods, case.container, resource) < ENOUGH:
        return case.advice("too_little_data", days=ENOUGH.days)
    return None


def _killed(pods: Sequence[Resource]) -> bool:
    ends = [end for pod in pods for held in containers(pod) for end in held.terminations]
    return any(end.reason == "OOMKilled" for end in ends)


def _watched(
    cluster: Cluster, pods: Sequence[Resource], container: str, resource: str
) -> timedelta:
    role = CPU if resource == "cpu" else MEMORY
    spans = [
        series.points[-1][0] - series.points[0][0]
        for pod in pods
        for series in cluster.series_for(
            role, namespace=pod.namespace, pod=pod.name, container=container
        )
        if series.points
    ]
    return max(spans, default=timedelta())


def _wanted(
    cluster: Cluster, pods: Sequence[Resource], container: str, resource: str
) -> Fraction | None:
    if resource == "cpu":
        used = usual_cpu(cluster, pods, container)
        return None if used is None else rounded_up("cpu", Fraction(used) * OVER_PEAK)
    usual, peak = usual_memory(cluster, pods, container), peak_memory(cluster, pods, container)
    if usual is None or peak is None:
        return None
    return rounded_up("memory", max(Fraction(usual), Fraction(peak)) * OVER_PEAK)
