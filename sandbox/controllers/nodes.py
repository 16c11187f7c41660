"""Nodes that nobody hears from: their pods count as unready, and are evicted after a while."""

from datetime import timedelta
from typing import Any

from sandbox.controllers.conditions import condition_of, with_condition
from sandbox.controllers.events import record
from sandbox.controllers.scheduler import tolerates
from sandbox.controllers.timing import moment
from sandbox.controllers.world import CONTROLLER_MANAGER, NODES, PODS, World, leaving
from sandbox.fields import at, entries, section
from sandbox.store import Key

Json = dict[str, Any]

_ME = "node-controller"
_TAINTS = {"Unknown": "node.kubernetes.io/unreachable", "False": "node.kubernetes.io/not-ready"}
_CORDON = "node.kubernetes.io/unschedulable"
_NO_EXECUTE, _NO_SCHEDULE = "NoExecute", "NoSchedule"


def reconcile(world: World, key: Key) -> None:
    """Called only after a change of the node, so a node lost in the picture stays as it is."""
    node = world.store.get(key)
    if node is None:
        return
    node = _taint(world, node)
    lost = condition_of(node, "Ready").get("status") in _TAINTS
    for pod in world.pods_on(key.name):
        if lost:
            _mark_unready(world, pod)
        elif world.is_awake(pod) or leaving(pod):
            world.timing.look_again(Key(PODS, *_place(pod)), world.timing.now())
        _evict(world, key, node, pod)


def _taint(world: World, node: Json) -> Json:
    """Taints as the conditions and the cordon ask for."""
    status = str(condition_of(node, "Ready").get("status"))
    # One that never was heard of keeps the taint it was created with.
    own = {*_TAINTS.values(), _CORDON} if status != "None" else {_CORDON}
    taints = entries(node, "spec", "taints")
    wanted = [
        {"key": _TAINTS[status], "effect": effect}
        for effect in (_NO_SCHEDULE, _NO_EXECUTE)
        if status in _TAINTS
    ]
    if at(node, "spec", "unschedulable"):
        wanted.append({"key": _CORDON, "effect": _NO_SCHEDULE})
    told: list[Json] = [taint for taint in taints if taint.get("key") not in own]
    for taint in wanted:
        same = [one for one in taints if _kind(one) == _kind(taint)]
        told.append(same[0] if same else {**taint, "timeAdded": world.timing.stamp})
    spec = {name: part for name, part in section(node, "spec").items() if name != "taints"}
    return world.change(NODES, node, spec={**spec, "taints": told} if told else spec)


def _kind(taint: Json) -> tuple[Any, Any]:
    return taint.get("key"), taint.get("effect")


def _mark_unready(world: World, pod: Json) -> None:
    if condition_of(pod, "Ready").get("status") != "True":
        return
    world.wake(pod)
    conditions = with_condition(
        entries(pod, "status", "conditions"), world.timing, "Ready", "False"
    )
    status = {**section(pod, "status"), "conditions": conditions}
    pod = world.set_status(PODS, pod, status, by=CONTROLLER_MANAGER)
    record(world, pod, "NodeNotReady", "Node is not ready", by=_ME, kind="Warning")


def _evict(world: World, key: Key, node: Json, pod: Json) -> None:
    """Delete a pod that does not tolerate a NoExecute taint, or does no longer."""
    if leaving(pod):
        return
    for taint in entries(node, "spec", "taints"):
        if taint.get("effect") != _NO_EXECUTE:
            continue
        until = _tolerated_s(pod, taint)
        if until is None:
            continue
        added = moment(taint.get("timeAdded")) or world.timing.now()
        ends = added + timedelta(seconds=until / world.timing.speed)
        if ends > world.timing.now():
            world.timing.look_again(key, ends)
            continue
        name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        message = f"Marking for deletion Pod {name}"
        record(world, pod, "TaintManagerEviction", message, by="taint-eviction-controller")
        conditions = with_condition(
            entries(pod, "status", "conditions"),
            world.timing,
            "DisruptionTarget",
            "True",
            reason="DeletionByTaintManager",
            message="Taint manager: deleting due to NoExecute taint",
        )
        status = {**section(pod, "status"), "conditions": conditions}
        world.end_pod(world.set_status(PODS, pod, status, by=CONTROLLER_MANAGER))
        return


def _tolerated_s(pod: Json, taint: Json) -> float | None:
    """How long a pod bears a taint; None for ever, 0 not at all."""
    fitting = [one for one in entries(pod, "spec", "tolerations") if tolerates(one, taint)]
    if not fitting:
        return 0.0
    limits = [one.get("tolerationSeconds") for one in fitting]
    known = [float(limit) for limit in limits if isinstance(limit, int)]
    return None if len(known) < len(limits) else min(known)


def _place(pod: Json) -> tuple[str, str]:
    return pod["metadata"]["namespace"], pod["metadata"]["name"]
