"""What a step may do beyond what it is meant to do, computed from the cluster.

Every fact is a key of a sentence and what fills it; some raise the level, none lowers it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from mcp_servers.engines.budgets_of_pods import allowed, budgets_of
from mcp_servers.engines.dependents import dependents_of
from mcp_servers.engines.fields import rows, section, text, words
from mcp_servers.engines.fixes.earlier import runs_or_ran
from mcp_servers.engines.fixes.watching import span
from mcp_servers.engines.owners import manifest_owner, replicas_owner
from mcp_servers.engines.ownership import pods_under
from mcp_servers.engines.revisions import template_of
from mcp_servers.engines.rollout_effects import Effect, effect_of, gone_before, restarting
from mcp_servers.engines.room import added, as_pod, exceeded, places, pod_charges, quota_left
from mcp_servers.engines.settling import desired_replicas
from mcp_servers.facts.fixes import Level, Plan, Risk, Step, Verb
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource

NAMED_AT_MOST = 5
SHARED_DISKS = frozenset({"ReadWriteMany", "ReadOnlyMany"})
ACCESS_AND_NETWORK = frozenset(
    {"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "NetworkPolicy", "Ingress"}
)


@dataclass(frozen=True, slots=True)
class _Fact:
    """`least`: the level that a step has at least because of it."""

    key: str
    params: Mapping[str, str]
    least: Level = Level.LOW


@dataclass(frozen=True, slots=True)
class _Change:
    plan: Plan
    step: Step
    before: Resource | None
    after: Json
    cluster: Cluster

    @property
    def effect(self) -> Effect | None:
        """What happens to the pods of the object, if it has a template that changes."""
        if self.before is None or self.step.write.verb is not Verb.STRATEGIC:
            return None
        if self.step.action in ("restart", "resume_deployment"):
            return restarting(self.cluster, self.before)
        return effect_of(self.cluster, self.before, self.after)


def assess(
    plan: Plan, step: Step, before: Json | None, after: Json | None, cluster: Cluster
) -> Risk:
    """The risk of one step: never below the plan's base, raised by what the facts say.

    `before` is the live object, `after` what a dry run answered (None: it is not there).
    """
    change = _Change(plan, step, Resource(before) if before else None, after or {}, cluster)
    facts = [
        *_reversible(change),
        *_watched(change),
        *_restarts(change),
        *_budgets(change),
        *_replicas(change),
        *_room(change),
        *_quota(change),
        *_owner(change),
        *_images(change),
        *_stateful(change),
        *_kind(change),
        *_last_change(change),
        *_traffic(change),
        *_dependents(change),
    ]
    level = max((plan.base, *(one.least for one in facts)), key=lambda one: one.weight)
    return Risk(level, tuple((one.key, dict(one.params)) for one in facts))


def _reversible(change: _Change) -> Iterator[_Fact]:
    if change.step.inverse is not None:
        yield _Fact("reversible", {})
    elif change.step.action in ("restart", "evict_pod"):
        yield _Fact("nothing_to_reverse", {})
    else:
        yield _Fact("not_reversible", {}, Level.MEDIUM)


def _watched(change: _Change) -> Iterator[_Fact]:
    """How long the fault must stay gone, where it is known how long it took to come."""
    plan = change.plan
    if plan.life:
        told = {"life": span(plan.life), "watched": span(plan.settle)}
        yield _Fact("watched_for" if plan.outlasts else "watched_too_briefly", told)


def _restarts(change: _Change) -> Iterator[_Fact]:
    effect = change.effect
    if effect is None or not effect.pods:
        if change.step.write.verb is Verb.EVICT:
            yield _Fact("pod_is_evicted", {"pod": change.step.write.target.name}, Level.MEDIUM)
        elif effect is None:
            yield _Fact("no_restart", {})
        return
    count = {"pods": str(effect.pods), "ready": str(effect.ready)}
    if effect.at_once:
        yield _Fact("pods_restart_at_once", count, Level.HIGH if effect.ready else Level.MEDIUM)
    else:
        away = {**count, "away": str(max(effect.away, 1))}
        yield _Fact("pods_restart", away, Level.MEDIUM)
    if not effect.ready:
        yield _Fact("nothing_serves_now", {})
    elif effect.pods == 1 or effect.interrupts:
        yield _Fact("single_replica", {}, Level.HIGH)


def _budgets(change: _Change) -> Iterator[_Fact]:
    """Headroom now, and while the step is under way."""
    effect, target = change.effect, change.step.write.target
    evicts = change.step.write.verb is Verb.EVICT
    if effect is None and not evicts:
        return
    pods = [change.before] if evicts and change.before else pods_under(change.cluster, target)
    guarding = budgets_of(change.cluster, pods[0]) if pods else []
    if not guarding:
        yield _Fact("no_budget", {})
        return
    now = min(allowed(one) for one in guarding)
    away = 1 if evicts else effect.away if effect else 0
    told = {"budget": guarding[0].name, "now": str(now), "during": str(max(0, now - away))}
    tight = away > 0 and now - away < 0
    yield _Fact("budget_headroom", told, Level.HIGH if tight else Level.LOW)


def _replicas(change: _Change) -> Iterator[_Fact]:
    if change.before is None or change.before.kind not in ("Deployment", "StatefulSet"):
        return
    old = desired_replicas(change.before)
    body = section(change.step.write.body, "spec")
    new = int(body["replicas"]) if isinstance(body.get("replicas"), int) else old
    if new == old:
        return
    least = Level.HIGH if new == 0 else Level.MEDIUM
    yield _Fact("replicas_change", {"old": str(old), "new": str(new)}, least)


def _room(change: _Change) -> Iterator[_Fact]:
    """Whether the nodes have a place for the pods that are made before others go."""
    effect, cluster = change.effect, change.cluster
    if effect is None or not cluster.all("Node") or not effect.pods:
        return
    target = change.step.write.target
    pod = as_pod(template_of(Resource(change.after)), target.namespace)
    before = change.before or Resource(change.after)
    found = places(cluster, pod, instead_of=gone_before(cluster, before, effect))
    if not found:
        yield _Fact("no_room_for_surge", {"surge": str(max(1, effect.surge))}, Level.HIGH)
    elif places(cluster, pod, instead_of=pods_under(cluster, target)) < effect.pods:
        yield _Fact("no_room_for_all", {"pods": str(effect.pods)}, Level.HIGH)
    else:
        yield _Fact("room_for_surge", {"places": str(min(found, 99)), "surge": str(effect.surge)})


def _quota(change: _Change) -> Iterator[_Fact]:
    target, before = change.step.write.target, change.before
    if before is None or before.kind not in ("Deployment", "StatefulSet", "DaemonSet"):
        return
    more = _charged(change, before)
    for one in exceeded(change.cluster, target.namespace, more):
        told = {"quota": one.quota, "resource": one.resource, "hard": one.hard}
        yield _Fact("quota_exceeded", told, Level.HIGH)
        return
    touched = [
        one for one in quota_left(change.cluster, target.namespace) if more.get(one.resource, 0) > 0
    ]
    if touched:
        yield _Fact("quota_holds", {"quota": touched[0].quota})


def _charged(change: _Change, before: Resource) -> Mapping[str, Fraction]:
    """What quotas are charged more for: replicas that are added, or pods that ask for more."""
    body, now = section(change.step.write.body, "spec"), desired_replicas(before)
    if isinstance(body.get("replicas"), int):
        grown = max(0, int(body["replicas"]) - now)
        return {name: one * grown for name, one in pod_charges(template_of(before)).items()}
    return added(template_of(before), template_of(Resource(change.after)), max(1, now))


def _owner(change: _Change) -> Iterator[_Fact]:
    if change.before is None or change.step.write.verb is Verb.EVICT:
        return
    if change.step.action != "restart" and (owner := manifest_owner(change.before)):
        yield _Fact(f"undone_by_{owner.by}", {"owner": owner.name}, Level.HIGH)
    scaler = replicas_owner(change.cluster, change.before.ref)
    if scaler and change.step.write.verb is Verb.SCALE:
        yield _Fact(f"undone_by_{scaler.by}", {"owner": scaler.name}, Level.HIGH)


def _images(change: _Change) -> Iterator[_Fact]:
    """Images that the step brings, and whether this workload is known to have run them."""
    if change.before is None or change.effect is None:
        return
    old, new = (
        set(_image_names(template_of(one))) for one in (change.before, Resource(change.after))
    )
    for image in sorted(new - old):
        known = runs_or_ran(change.cluster, change.before, image)
        key = "image_ran_before" if known else "image_never_ran"
        yield _Fact(key, {"image": image}, Level.LOW if known else Level.CRITICAL)


def _image_names(template: Json) -> Iterator[str]:
    for part in ("initContainers", "containers"):
        yield from (text(one, "image") for one in rows(template, "spec", part))


def _stateful(change: _Change) -> Iterator[_Fact]:
    if change.before is None or change.effect is None or not change.effect.pods:
        return
    if change.before.kind == "StatefulSet":
        yield _Fact("stateful", {}, Level.HIGH)
        return
    for volume in rows(template_of(change.before), "spec", "volumes"):
        name = text(volume, "persistentVolumeClaim", "claimName")
        claim = change.cluster.get(Ref("PersistentVolumeClaim", change.before.namespace, name))
        if name and not (claim and SHARED_DISKS & set(words(claim.spec, "accessModes"))):
            yield _Fact("holds_a_disk", {"claim": name}, Level.HIGH)


def _kind(change: _Change) -> Iterator[_Fact]:
    target = change.step.write.target
    if target.kind == "Node" and change.step.action != "uncordon":
        yield _Fact("touches_a_node", {"node": target.name}, Level.HIGH)
    elif target.kind in ACCESS_AND_NETWORK:
        yield _Fact("touches_access", {}, Level.HIGH)
    elif target.kind == "PersistentVolumeClaim":
        yield _Fact("touches_data", {"claim": target.name}, Level.MEDIUM)
    elif gone := change.step.params.get("rules_gone"):
        yield _Fact("rules_go", {"rules": gone}, Level.MEDIUM)


def _last_change(change: _Change) -> Iterator[_Fact]:
    """Who wrote the object last, as its managed fields have it, else its newest rollout."""
    if change.before is None:
        return
    at, by = _writer(change.before)
    if at:
        yield _Fact("last_change", {"at": at, "by": by})


def _writer(resource: Resource) -> tuple[str, str]:
    entries = [
        one
        for one in rows(resource.metadata, "managedFields")
        if text(one, "subresource") != "status"
    ]
    last = max(entries, key=lambda one: text(one, "time"), default=Json())
    return text(last, "time"), text(last, "manager")


def _traffic(change: _Change) -> Iterator[_Fact]:
    """Requests a second now, beside the mean of what was measured before."""
    target = change.step.write.target
    names = {one.name for one in dependents_of(change.cluster, [target]) if one.kind == "Service"}
    series = [
        one
        for one in change.cluster.series_for("request_rate", namespace=target.namespace)
        if one.label("service") in names and one.points
    ]
    if series and change.effect is not None:
        now = sum(one.points[-1][1] for one in series)
        mean = sum(sum(value for _, value in one.points) / len(one.points) for one in series)
        yield _Fact("traffic", {"now": f"{now:.1f}", "mean": f"{mean:.1f}"})


def _dependents(change: _Change) -> Iterator[_Fact]:
    found = sorted(dependents_of(change.cluster, [change.step.write.target]))
    if found:
        shown = ", ".join(f"{one.kind} {one.name}" for one in found[:NAMED_AT_MOST])
        more = " …" if len(found) > NAMED_AT_MOST else ""
        yield _Fact("dependents", {"count": str(len(found)), "names": f"{shown}{more}"})
