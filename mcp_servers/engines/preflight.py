"""What can be known before a server is asked: protection, quota, budgets, room, owners."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, cast

from mcp_servers.engines.budgets_of_pods import budgets_of, headroom
from mcp_servers.engines.fields import rows, strings, text
from mcp_servers.engines.fixes.earlier import runs_or_ran
from mcp_servers.engines.owners import manifest_owner, replicas_owner
from mcp_servers.engines.patches import patched
from mcp_servers.engines.protection import WRITTEN, is_protected
from mcp_servers.engines.quantities import as_amount, quantity
from mcp_servers.engines.revisions import template_of
from mcp_servers.engines.rollout_effects import effect_of, gone_before
from mcp_servers.engines.room import Left, added, as_pod, exceeded, places, pod_charges
from mcp_servers.engines.settling import desired_replicas
from mcp_servers.facts.fixes import Check, Plan, Step, Verb
from mcp_servers.facts.kubernetes import Cluster, Json, Resource

# What keeps a container in bounds. A repair may change it, never take it away.
SAFETY = ("limits", "livenessProbe", "readinessProbe", "startupProbe", "securityContext")
# Where going back to what ran before may take away what the present revision has added.
GOES_BACK = frozenset({"fix.rollback"})
CLEARED = ("finalizers", "ownerReferences")
NEVER_TOLERATED = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable", "pressure")


@dataclass(frozen=True)
class _Change:
    """One step of a plan with the object it changes, as far as that is in sight."""

    plan: Plan
    step: Step
    cluster: Cluster
    protected: frozenset[str]

    @cached_property
    def before(self) -> Resource | None:
        return self.cluster.get(self.step.write.target)

    @cached_property
    def after(self) -> Json:
        """The object that the write leaves, worked out without a server."""
        write = self.step.write
        if write.verb is Verb.CREATE or self.before is None:
            return write.body
        return patched(self.before.raw, write.body, write.target.kind)


def preflight(
    plan: Plan, cluster: Cluster, *, protected: frozenset[str] = frozenset()
) -> tuple[Check, ...]:
    """The checks that need no server, one of each kind; the first that fails is the one told.

    `protected` are namespaces beyond those of the cluster. Access review, schema and dry run are
    the server's.
    """
    changes = [_Change(plan, step, cluster, protected) for step in plan.steps]
    return tuple(_worst(look, changes) for look in _LOOKS)


Look = Callable[[_Change], Check]


def _worst(look: Look, changes: list[_Change]) -> Check:
    told = [look(one) for one in changes]
    return next((one for one in told if not one.ok), told[0])


def _protection(change: _Change) -> Check:
    target, write = change.step.write.target, change.step.write
    named = {"namespace": target.namespace, "kind": target.kind}
    if is_protected(target.namespace, change.protected):
        return Check("protected", False, "namespace_protected", named)
    if target.kind not in WRITTEN or write.verb is Verb.DELETE:
        return Check("protected", False, "kind_protected", named)
    if taken := _taken_away(change):
        return Check("protected", False, "takes_safety_away", {**named, "field": taken})
    if image := _unknown_image(change):
        return Check("protected", False, "image_never_ran", {**named, "image": image})
    return Check("protected", True, "not_protected", named)


def _taken_away(change: _Change) -> str:
    """The field of safety, or the mark of who holds the object, that a patch removes or weakens."""
    write = change.step.write
    if write.verb is Verb.CREATE:
        return ""
    gone = [name for name in _removed(write.body) if name in CLEARED]
    if change.plan.fix not in GOES_BACK:
        gone += [name for name in _removed(write.body) if name in SAFETY]
    if any(_suspicious(one) for one in _added_tolerations(change)):
        gone.append("tolerations")
    return gone[0] if gone else ""


def _removed(patch: Any) -> Iterator[str]:
    """The names of all fields that a patch sets to nothing."""
    if isinstance(patch, dict):
        for key, value in cast("Json", patch).items():
            if value is None:
                yield key
            elif key.startswith("$deleteFromPrimitiveList/"):
                yield key.partition("/")[2]
            else:
                yield from _removed(value)
    elif isinstance(patch, list):
        for one in cast("list[Any]", patch):
            yield from _removed(one)


def _added_tolerations(change: _Change) -> list[Json]:
    before = rows(template_of(change.before), "spec", "tolerations")
    after = rows(template_of(Resource(change.after)), "spec", "tolerations")
    return [one for one in after if one not in before]


def _suspicious(toleration: Json) -> bool:
    key = text(toleration, "key")
    return not key or any(part in key for part in NEVER_TOLERATED)


def _unknown_image(change: _Change) -> str:
    if change.before is None or change.step.write.verb is not Verb.STRATEGIC:
        return ""
    old = _images(template_of(change.before))
    new = _images(template_of(Resource(change.after))) - old
    return next(
        (one for one in sorted(new) if not runs_or_ran(change.cluster, change.before, one)), ""
    )


def _images(template: Json) -> set[str]:
    parts = ("initContainers", "containers")
    return {text(one, "image") for part in parts for one in rows(template, "spec", part)}


def _quota(change: _Change) -> Check:
    broken = _over_quota(change)
    if broken is not None:
        told = {"quota": broken.quota, "resource": broken.resource, "hard": broken.hard}
        return Check("quota", False, "quota_exceeded", told)
    if bound := _out_of_range(change):
        return Check("quota", False, "limit_range_broken", bound)
    return Check("quota", True, "quota_holds")


def _over_quota(change: _Change) -> Left | None:
    namespace = change.step.write.target.namespace
    if change.step.write.verb is Verb.CREATE:
        more = pod_charges(template_of(Resource(change.after)))
    elif change.before is None or not template_of(change.before):
        more = _claimed(change)
    else:
        now = desired_replicas(change.before)
        then = desired_replicas(Resource(change.after))
        template = template_of(Resource(change.after))
        more = added(template_of(change.before), template, max(1, now))
        for name, one in pod_charges(template).items():
            more[name] = more.get(name, one * 0) + one * max(0, then - now)
    return next(iter(exceeded(change.cluster, namespace, more)), None)


def _claimed(change: _Change) -> dict[str, Any]:
    if change.before is None or change.before.kind != "PersistentVolumeClaim":
        return {}
    old, new = (
        quantity(text(one, "spec", "resources", "requests", "storage") or None)
        for one in (change.before.raw, change.after)
    )
    return {"requests.storage": new - old} if old is not None and new is not None else {}


def _out_of_range(change: _Change) -> dict[str, str]:
    """The first amount that a LimitRange of its namespace does not admit, of a container or of the
    pod in all."""
    template = template_of(Resource(change.after))
    for one in change.cluster.all("LimitRange", change.step.write.target.namespace):
        for row in rows(one.spec, "limits"):
            for name, held in _bounded(template, text(row, "type")):
                if bound := _first_broken(held, row):
                    return {"container": name, **bound}
    return {}


def _bounded(template: Json, kind: str) -> Iterator[tuple[str, dict[tuple[str, str], Fraction]]]:
    """What a row of a LimitRange is about: each container, or their sum."""
    every = [(text(one, "name"), _amounts(one)) for one in rows(template, "spec", "containers")]
    if kind == "Container":
        yield from every
    elif kind == "Pod" and every:
        sums = {
            key: sum((held[key] for _, held in every), Fraction(0))
            for key in every[0][1]
            if all(key in held for _, held in every)
        }
        yield ", ".join(name for name, _ in every), sums


def _amounts(container: Json) -> dict[tuple[str, str], Fraction]:
    return {
        (part, resource): amount
        for part in ("limits", "requests")
        for resource, told in strings(container, "resources", part).items()
        if (amount := quantity(told)) is not None
    }


def _first_broken(held: dict[tuple[str, str], Fraction], row: Json) -> dict[str, str]:
    for (part, resource), amount in held.items():
        most, least = (quantity(strings(row, one).get(resource)) for one in ("max", "min"))
        shown = {"amount": as_amount(resource, amount)}
        if part == "limits" and most is not None and amount > most:
            return {**shown, "bound": as_amount(resource, most)}
        if part == "requests" and least is not None and amount < least:
            return {**shown, "bound": as_amount(resource, least)}
    return {}


def _budget(change: _Change) -> Check:
    write = change.step.write
    pod = change.before
    if write.verb is Verb.EVICT and pod is not None:
        left = headroom(change.cluster, pod)
        names = ", ".join(one.name for one in budgets_of(change.cluster, pod))
        told = {"budget": names, "pod": pod.name, "left": "" if left is None else str(left)}
        return Check(
            "pdb", left != 0, "eviction_allowed" if left != 0 else "eviction_forbidden", told
        )
    return Check("pdb", True, "budget_not_asked")


def _owner(change: _Change) -> Check:
    before = change.before
    if before is None or change.step.write.verb is Verb.EVICT or change.step.action == "restart":
        return Check("owner", True, "nobody_undoes")
    scales = change.step.write.verb is Verb.SCALE and desired_replicas(before) > 0
    owner = manifest_owner(before) or (
        replicas_owner(change.cluster, before.ref) if scales else None
    )
    if owner is None:
        return Check("owner", True, "nobody_undoes")
    return Check("owner", False, f"undone_by_{owner.by}", {"owner": owner.name})


def _scheduling(change: _Change) -> Check:
    """Whether the new pods find a place: beside the old ones, or in theirs."""
    cluster, before = change.cluster, change.before
    if before is None or not cluster.all("Node") or change.step.write.verb is Verb.EVICT:
        return Check("scheduling", True, "no_new_pods")
    template = template_of(Resource(change.after))
    more = desired_replicas(Resource(change.after)) - desired_replicas(before)
    pod = as_pod(template, before.namespace)
    if change.step.write.verb is Verb.SCALE and more > 0:
        found = places(cluster, pod)
        told = {"places": str(found), "wanted": str(more)}
        return Check(
            "scheduling", found >= more, "places_found" if found >= more else "too_few_places", told
        )
    effect = effect_of(cluster, before, change.after)
    if effect is None or not effect.pods:
        return Check("scheduling", True, "no_new_pods")
    found = places(cluster, pod, instead_of=gone_before(cluster, before, effect))
    told = {"places": str(found), "wanted": "1"}
    return Check("scheduling", found >= 1, "places_found" if found else "too_few_places", told)


_LOOKS: tuple[Look, ...] = (_protection, _owner, _quota, _budget, _scheduling)
