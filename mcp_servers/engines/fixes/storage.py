"""`fix.expand_pvc` and `fix.ephemeral`: room on disks, within what classes, nodes and quotas allow."""

import math
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

from mcp_servers.engines.fields import rows, section, text
from mcp_servers.engines.fixes.amounts import GIB, as_memory, grows, memory_up, peak_written
from mcp_servers.engines.fixes.drafting import Case, Edit, Outcome, edit, single
from mcp_servers.engines.fixes.editing import (
    container_edit,
    every_container,
    pods_of,
    subsection,
    workload,
)
from mcp_servers.engines.owners import manifest_owner
from mcp_servers.engines.quantities import as_bytes, quantity
from mcp_servers.engines.revisions import template_of
from mcp_servers.engines.room import exceeded, largest
from mcp_servers.facts.fixes import Advice
from mcp_servers.facts.kubernetes import Json, Ref, Resource

USED, CAPACITY = "kubelet_volume_stats_used_bytes", "kubelet_volume_stats_capacity_bytes"
# After growing, so much of the volume is in use; and one step is no more than double.
FILLED, GROWTH, MOST = Fraction(7, 10), Fraction(5, 4), 2
STORAGE = "ephemeral-storage"
# A driver and the kubelet take minutes to grow a file system, the kubelet measures once a minute, and
# what it measured may be read every five.
MEASURED_WITHIN = timedelta(minutes=15)


def expand_claim(case: Case) -> Outcome:
    """The request of a claim grows so that seven tenths are in use, by a quarter at least.

    It cannot shrink again, so the step has no inverse; that it helped shows once it is measured.
    """
    claim = case.cluster.get(case.target)
    if claim is None or claim.kind != "PersistentVolumeClaim":
        return case.advice("not_in_sight")
    if why := _refused(case, claim):
        return why
    old = quantity(text(claim.spec, "resources", "requests", "storage") or None)
    assert old is not None
    new = _grown(case, claim, old)
    if broken := exceeded(case.cluster, claim.namespace, {"requests.storage": new - old}):
        return case.advice("bounded_by_quota", container="", bound=broken[0].hard)

    def change(raw: Json) -> None:
        subsection(raw, "spec", "resources", "requests")["storage"] = as_memory(new)

    step = edit("expand_claim", claim, change, old=as_bytes(old), new=as_memory(new))
    grown = single(Edit(step.action, claim, step.after, step.params, reversible=False))
    return replace(grown, deadline=MEASURED_WITHIN)


def _refused(case: Case, claim: Resource) -> Advice | None:
    if operator := _operator_of(case, claim):
        return case.advice("claim_of_operator", owner=operator)
    named = text(claim.spec, "storageClassName")
    held = case.cluster.get(Ref("StorageClass", "", named))
    if held is None or held.raw.get("allowVolumeExpansion") is not True:
        return case.advice("class_forbids_growth", storage_class=named)
    if text(claim.status, "phase") != "Bound":
        return case.advice("claim_not_bound")
    if case.told("what") == "inodes":
        return case.advice("inodes_are_full")
    asked = quantity(text(claim.spec, "resources", "requests", "storage") or None)
    holds = quantity(text(claim.status, "capacity", "storage") or None)
    if asked is None or (holds is not None and asked > holds):
        return case.advice("already_growing")
    return None


def _operator_of(case: Case, claim: Resource) -> str:
    """Who keeps the StatefulSet whose template the claim is of, if that is an operator."""
    for owner in case.cluster.all("StatefulSet", claim.namespace):
        stems = [text(one, "metadata", "name") for one in rows(owner.spec, "volumeClaimTemplates")]
        made = [f"{stem}-{owner.name}-" for stem in stems if stem]
        keeper = manifest_owner(owner)
        if keeper and keeper.by == "operator" and claim.name.startswith(tuple(made)):
            return keeper.name
    return ""


def _grown(case: Case, claim: Resource, old: Fraction) -> Fraction:
    used = _used(case, claim)
    wanted = max(old * GROWTH, Fraction(used or 0) / FILLED)
    return Fraction(math.ceil(min(wanted, old * MOST) / GIB) * GIB)


def _used(case: Case, claim: Resource) -> float | None:
    labels = {"namespace": claim.namespace, "persistentvolumeclaim": claim.name}
    series = [one for one in case.cluster.series_for(USED, **labels) if one.points]
    return max((one.points[-1][1] for one in series), default=None)


def raise_ephemeral(case: Case) -> Outcome:
    """The limit that a pod was evicted for, half as high again or more, and within a node's room.

    Only proposed where what its pods write was not measured, or not all of it: volumes that go with
    the pod count for the limit and not for that figure. Growth without end is advised on.
    """
    owner = workload(case)
    if isinstance(owner, Advice):
        return owner
    limited = [one for one in every_container(template_of(owner)) if _limit(one)]
    if len(limited) != 1:
        return case.advice("ephemeral_unclear")
    name, old = text(limited[0], "name"), _limit(limited[0])
    assert old is not None
    new = _bounded(case, name, old)
    return new if isinstance(new, Advice) else _allowed(case, owner, name, old, new)


def _bounded(case: Case, container: str, old: Fraction) -> Fraction | Advice:
    evicted = [ref for ref in (case.finding.affected if case.finding else ()) if ref.kind == "Pod"]
    peak = peak_written(case.cluster, pods_of(case), container)
    new = memory_up(max(old * Fraction(3, 2), Fraction(peak or 0) * GROWTH))
    endless = grows(case.cluster, pods_of(case), container)
    if len(evicted) > MOST or endless or new > old * MOST:
        return case.advice("ephemeral_unbounded", pods=max(1, len(evicted)))
    whole_node = largest(case.cluster, STORAGE)
    if whole_node is not None and new > whole_node:
        return case.advice("bounded_by_node", container=container, bound=as_bytes(whole_node))
    return new


def _allowed(case: Case, owner: Resource, name: str, old: Fraction, new: Fraction) -> Outcome:
    def change(spec: Json) -> None:
        subsection(spec, "resources", "limits")[STORAGE] = as_memory(new)

    params = {"old": as_bytes(old), "new": as_memory(new)}
    step = container_edit("raise_ephemeral", owner, name, change, **params)
    measured = peak_written(case.cluster, pods_of(case), name) is not None
    if not measured or _has_scratch_volume(owner):
        return case.proposal(owner, step.after or {}, "no_usage_data", **step.params)
    return single(step)


def _has_scratch_volume(owner: Resource) -> bool:
    scratch = (one.get("emptyDir") for one in rows(template_of(owner), "spec", "volumes"))
    return any(one is not None and text(one, "medium") != "Memory" for one in scratch)


def _limit(spec: Json) -> Fraction | None:
    return quantity(section(spec, "resources", "limits").get(STORAGE))
