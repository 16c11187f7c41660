"""`fix.scale` and `fix.hpa`: how many replicas there are, and between which bounds."""

import math
import re

from mcp_servers.engines.fields import text, whole
from mcp_servers.engines.fixes.drafting import Case, Edit, Outcome, edit, single
from mcp_servers.engines.fixes.editing import subsection
from mcp_servers.engines.fixes.purposes import is_asleep_on_purpose
from mcp_servers.engines.fixes.slips import slips
from mcp_servers.engines.fixes.standing import JUST_NOW
from mcp_servers.engines.owners import replicas_owner
from mcp_servers.engines.revisions import template_of
from mcp_servers.engines.room import as_pod, exceeded, places, pod_charges
from mcp_servers.engines.scalers import HPA, readings, scalers_by_target, target_of
from mcp_servers.engines.settling import desired_replicas
from mcp_servers.engines.stamps import last_writer
from mcp_servers.facts.fixes import Level, Verb
from mcp_servers.facts.kubernetes import Json, Resource

# What people type at; whatever else writes replicas does so by itself.
BY_HAND = ("kubectl", "k9s", "lens", "dashboard", "headlamp", "rancher", "argocd-server")
SCALED = ("Deployment", "StatefulSet", "ReplicaSet")
# `Scaled down replica set web-7d… from 3 to 0`, and without the first number in older clusters.
_FROM = re.compile(r"from (\d+) to 0")
# A ceiling that is reached is raised by half, so many more at most; where its metrics ask for more
# than that, to what they ask for, twice as many or so many more at most.
CEILING, TWICE, AT_ONCE = 1.5, 2, 5
# How far above its target a metric may be before an autoscaler wants more:
# --horizontal-pod-autoscaler-tolerance, whose default this is.
TOLERANCE = 0.1
# Where nothing remembers how many there were.
WITHOUT_MEMORY = 1


def scale(case: Case) -> Outcome:
    """To as many as a person says, or as there were before somebody scaled to zero.

    Within quota and nodes; not where an autoscaler decides.
    """
    owner = case.cluster.get(case.target)
    if owner is None or owner.kind not in SCALED:
        return case.advice("not_in_sight" if owner is None else "unknown_kind")
    scaler = replicas_owner(case.cluster, owner.ref)
    now = desired_replicas(owner)
    if scaler is not None and not _wakes_autoscaler(case, owner):
        return case.advice(f"{scaler.by}_owns_replicas", owner=scaler.name)
    if case.request is None and now == 0 and (why := _asleep(case, owner)):
        return case.advice(why)
    wanted = _wanted(case, owner)
    if wanted is None:
        return case.advice("replicas_unknown")
    if wanted > now and (why := _no_room(case, owner, wanted - now)):
        return why
    step = edit("scale", owner, lambda raw: _set(raw, wanted), old=now, new=wanted)
    level = Level.HIGH if wanted == 0 else Level.MEDIUM
    return single(Edit("scale", owner, step.after, step.params, Verb.SCALE), level)


def _asleep(case: Case, owner: Resource) -> str:
    """Why it is not woken: a mark says so, or somebody sent it to sleep within the last day."""
    if is_asleep_on_purpose(owner):
        return "suspended_on_purpose"
    at, by = last_writer(owner, "f:replicas")
    lately = at is not None and case.cluster.now - at < JUST_NOW
    return "suspended_lately" if lately and by.startswith(BY_HAND) else ""


def _wakes_autoscaler(case: Case, owner: Resource) -> bool:
    """An HPA does nothing at zero replicas; one replica lets it decide again."""
    hands = [one.kind for one in scalers_by_target(case.cluster).get(owner.ref, [])]
    return case.request is None and desired_replicas(owner) == 0 and set(hands) == {HPA}


def _wanted(case: Case, owner: Resource) -> int | None:
    if case.request is not None:
        asked = case.request.replicas
        return asked if asked is not None and asked >= 0 else None
    hpas = [one for one in scalers_by_target(case.cluster).get(owner.ref, []) if one.kind == HPA]
    if hpas:
        return max(1, whole(hpas[0].spec, "minReplicas", default=1))
    said = [
        match
        for event in case.cluster.events_about(owner)
        if (match := _FROM.search(event.message))
    ]
    return max(1, int(said[-1].group(1))) if said else WITHOUT_MEMORY


def _set(raw: Json, replicas: int) -> None:
    subsection(raw, "spec")["replicas"] = replicas


def _no_room(case: Case, owner: Resource, more: int) -> Outcome | None:
    template = template_of(owner)
    charged = {name: one * more for name, one in pod_charges(template).items()}
    if broken := exceeded(case.cluster, owner.namespace, charged):
        return case.advice("bounded_by_quota", container="", bound=broken[0].hard)
    nodes = case.cluster.all("Node")
    if nodes and places(case.cluster, as_pod(template, owner.namespace)) < more:
        return case.advice("nodes_are_full", more=more)
    return None


def mend_autoscaler(case: Case) -> Outcome:
    """A ceiling that is pressed against goes up; a target that does not exist gets the near name."""
    scaler = case.cluster.get(case.target)
    if scaler is None or scaler.kind != HPA:
        return case.advice("not_in_sight")
    if case.rule == "hpa.target_invalid":
        return _target(case, scaler)
    return _ceiling(case, scaler)


def _target(case: Case, scaler: Resource) -> Outcome:
    asked = target_of(scaler)
    known = [one.name for one in case.cluster.all(asked.kind, asked.namespace)]
    near = slips(asked.name, known)
    if asked.name in known:
        return case.advice("already_so")
    if len(near) != 1:
        return case.advice(
            "value_unknown", missing=f"{asked.kind} {asked.name}", near=", ".join(near)
        )

    def change(raw: Json) -> None:
        subsection(raw, "spec", "scaleTargetRef")["name"] = near[0]

    return single(edit("mend_scaler_target", scaler, change, old=asked.name, new=near[0]))


def _ceiling(case: Case, scaler: Resource) -> Outcome:
    """Raised so far that its metrics no longer press against it, if one step may go there, and as far
    as quota and nodes hold that many pods."""
    target = case.cluster.get(target_of(scaler))
    most = whole(scaler.spec, "maxReplicas")
    if target is None or most < 1:
        return case.advice("not_in_sight")
    running = whole(scaler.status, "currentReplicas", default=most)
    asked = running * max((one.ratio for one in readings(scaler)), default=0.0)
    at_once = max(most * TWICE, most + AT_ONCE)
    usual = min(math.ceil(most * CEILING), most + AT_ONCE)
    wanted = max(usual, min(math.ceil(asked), at_once))
    if asked > wanted * (1 + TOLERANCE):
        return case.advice("ceiling_far_below", most=most, wanted=math.ceil(asked), at_once=at_once)
    if why := _no_room(case, target, wanted - min(running, most)):
        return why
    if text(scaler.spec, "maxReplicas") == str(wanted):
        return case.advice("already_so")

    def change(raw: Json) -> None:
        subsection(raw, "spec")["maxReplicas"] = wanted

    return single(edit("raise_ceiling", scaler, change, old=most, new=wanted))
