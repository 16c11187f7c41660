"""`fix.cpu`: a limit that throttles what users wait for, raised by at most twice."""

from fractions import Fraction

from mcp_servers.engines.fields import text
from mcp_servers.engines.fixes.amounts import MARGIN, cores_up, usual_cpu, written
from mcp_servers.engines.fixes.drafting import Case, Outcome, single
from mcp_servers.engines.fixes.editing import (
    container_edit,
    planned,
    pods_of,
    subsection,
    workload,
)
from mcp_servers.engines.owners import resources_owner
from mcp_servers.engines.quantities import as_cores, quantity
from mcp_servers.engines.room import exceeded, largest
from mcp_servers.engines.settling import desired_replicas
from mcp_servers.facts.fixes import Advice
from mcp_servers.facts.kubernetes import Json, Resource

MOST = 2


def raise_cpu(case: Case) -> Outcome:
    """One step up, by the share of time that was throttled or by what was used, at most double.

    Only proposed where no probe ran out of time: throttling alone harms nobody. The request stays.
    """
    owner = workload(case)
    if isinstance(owner, Advice):
        return owner
    old = quantity(text(planned(owner, case.container), "resources", "limits", "cpu") or None)
    if old is None:
        return case.advice("no_cpu_limit", container=case.container)
    if scaler := resources_owner(case.cluster, owner.ref):
        return case.advice("vpa_owns_resources", owner=scaler.name)
    share = _share(case.told("share"))
    if share is None:
        return case.advice("no_cpu_measured", container=case.container)
    new = _raised(case, owner, old, share)
    return new if isinstance(new, Advice) else _told(case, owner, old, new)


def _share(said: str) -> Fraction | None:
    bare = said.rstrip("%")
    return Fraction(int(bare), 100) if bare.isdigit() else None


def _raised(case: Case, owner: Resource, old: Fraction, share: Fraction) -> Fraction | Advice:
    used = usual_cpu(case.cluster, pods_of(case), case.container)
    needed = max(old * (1 + share), Fraction(used or 0) * MARGIN / max(1 - share, Fraction(1, 2)))
    wanted = min(cores_up(needed), old * MOST)
    more = {"limits.cpu": (wanted - old) * max(1, desired_replicas(owner))}
    if broken := exceeded(case.cluster, owner.namespace, more):
        return case.advice("bounded_by_quota", container=case.container, bound=broken[0].hard)
    whole_node = largest(case.cluster, "cpu")
    if whole_node is not None and wanted > whole_node:
        return case.advice("bounded_by_node", container=case.container, bound=as_cores(whole_node))
    return wanted


def _told(case: Case, owner: Resource, old: Fraction, new: Fraction) -> Outcome:
    def change(spec: Json) -> None:
        subsection(spec, "resources", "limits")["cpu"] = written("cpu", new)

    step = container_edit(
        "raise_cpu",
        owner,
        case.container,
        change,
        old=as_cores(old),
        new=written("cpu", new),
        share=case.told("share"),
    )
    if owner.kind == "StatefulSet" and desired_replicas(owner) <= 1:
        return case.proposal(owner, step.after or {}, "restart_interrupts", **step.params)
    if not case.told("probe_timeouts"):
        return case.proposal(owner, step.after or {}, "no_harm_seen", **step.params)
    return single(step)
