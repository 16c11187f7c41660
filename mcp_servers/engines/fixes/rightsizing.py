"""`fix.rightsize`: one step of a request towards what two weeks of use show."""

from collections.abc import Sequence
from dataclasses import dataclass
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
from mcp_servers.engines.revisions import template_of
from mcp_servers.engines.scalers import measured_by
from mcp_servers.facts.fixes import Advice
from mcp_servers.facts.kubernetes import Cluster, Json, Resource

ENOUGH = timedelta(days=14)
# A step takes away three tenths at most, and at most doubles.
DOWN, UP = Fraction(7, 10), 2
OVER_PEAK = Fraction(23, 20)


def rightsize(case: Case) -> Outcome:
    """The request of one resource, from fourteen days of use; never below the peak and a margin.

    A person who asks for it means whichever request of the workload is furthest from its use.
    """
    owner = workload(case)
    if isinstance(owner, Advice):
        return owner
    found = [_fitted(case, owner, *one) for one in _meant(case, owner)]
    fits = [one for one in found if isinstance(one, _Fit)]
    if fits:
        return _told(owner, max(fits, key=lambda one: one.by))
    no = [one for one in found if isinstance(one, Advice)]
    # That one request fits says less than why another is not judged.
    return min(no, key=lambda one: one.why == "already_so", default=case.advice("already_so"))


@dataclass(frozen=True, slots=True)
class _Fit:
    container: str
    resource: str
    old: Fraction
    new: Fraction

    @property
    def by(self) -> Fraction:
        """How many times one is the other."""
        return max(self.old, self.new) / min(self.old, self.new)


def _meant(case: Case, owner: Resource) -> list[tuple[str, str]]:
    """Container and resource: those of the finding, or every one that is requested."""
    if case.finding is not None:
        return [(case.container, case.told("resource_name") or "memory")]
    return [
        (text(one, "name"), resource)
        for one in rows(template_of(owner), "spec", "containers")
        for resource in ("cpu", "memory")
        if text(one, "resources", "requests", resource)
    ]


def _fitted(case: Case, owner: Resource, container: str, resource: str) -> _Fit | Advice:
    if why := _declined(case, owner, container, resource):
        return why
    old = quantity(text(planned(owner, container), "resources", "requests", resource) or None)
    wanted = _wanted(case.cluster, pods_of(case), container, resource)
    if not old or wanted is None:
        return case.advice("too_little_data", days=ENOUGH.days)
    new = min(max(wanted, rounded_up(resource, old * DOWN)), old * UP)
    new = rounded_up(resource, new)
    return case.advice("already_so") if new == old else _Fit(container, resource, old, new)


def _told(owner: Resource, fit: _Fit) -> Outcome:
    new = written(fit.resource, fit.new)

    def change(spec: Json) -> None:
        subsection(spec, "resources", "requests")[fit.resource] = new
        limit = quantity(text(spec, "resources", "limits", fit.resource) or None)
        if limit is not None and limit < fit.new:
            subsection(spec, "resources", "limits")[fit.resource] = new

    params = {"resource": fit.resource, "old": as_amount(fit.resource, fit.old), "new": new}
    return single(container_edit("rightsize", owner, fit.container, change, **params))


def _declined(case: Case, owner: Resource, container: str, resource: str) -> Advice | None:
    if scaler := resources_owner(case.cluster, owner.ref):
        return case.advice("vpa_owns_resources", owner=scaler.name)
    if scaler := measured_by(case.cluster, owner.ref, resource):
        return case.advice("hpa_measures_it", owner=scaler.name, resource=resource)
    pods = pods_of(case)
    if resource == "memory" and _killed(pods):
        return case.advice("never_lowered_on_oom")
    if _watched(case.cluster, pods, container, resource) < ENOUGH:
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
