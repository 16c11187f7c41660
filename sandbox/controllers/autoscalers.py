"""Autoscalers: the load of the picture, spread over as many pods as there are."""

import math
from typing import Any

from sandbox.controllers.conditions import with_condition
from sandbox.controllers.events import record
from sandbox.controllers.replica_sets import replicas_of
from sandbox.controllers.rooms import requests_of
from sandbox.controllers.world import AUTOSCALERS, RESOURCES, World
from sandbox.fields import at, entries, number, section
from sandbox.store import Key

Json = dict[str, Any]

_ME = "horizontal-pod-autoscaler"
_EVERY_S = 15.0
# A ratio so near to one changes nothing.
_TOLERANCE = 0.1


def reconcile(world: World, key: Key) -> None:
    scaler = world.store.get(key)
    if scaler is None:
        return
    reference = section(scaler, "spec", "scaleTargetRef")
    resource = RESOURCES.get(str(reference.get("kind")), "")
    target = world.get(resource, key.namespace, str(reference.get("name")))
    if target is None:
        what = f'{str(reference.get("kind")).lower()}s.apps "{reference.get("name")}" not found'
        message = f"the HPA controller was unable to get the target's current scale: {what}"
        _say(world, scaler, "AbleToScale", "False", "FailedGetScale", message)
        return
    if not replicas_of(target):
        message = "scaling is disabled since the replica count of the target is zero"
        _say(world, scaler, "ScalingActive", "False", "ScalingDisabled", message)
        return
    _scale(world, key, scaler, resource, target)


def _scale(world: World, key: Key, scaler: Json, resource: str, target: Json) -> None:
    now = replicas_of(target)
    wanted, metrics, why = _recommended(world, scaler, target)
    bounded = min(max(wanted, _least(scaler)), number(scaler, "spec", "maxReplicas") or wanted)
    status = {
        **section(scaler, "status"),
        "currentReplicas": number(target, "status", "replicas"),
        "desiredReplicas": bounded,
    }
    if metrics:
        status["currentMetrics"] = metrics
    if bounded != now:
        world.change(resource, target, spec={**section(target, "spec"), "replicas": bounded})
        message = f"New size: {bounded}; reason: {why or _bound_reason(now, bounded)}"
        record(world, scaler, "SuccessfulRescale", message, by=_ME)
        status["lastScaleTime"] = world.timing.stamp
        world.timing.look_again(key, world.timing.after(_EVERY_S))
    status["conditions"] = _conditions(world, scaler, wanted, bounded, active=bool(metrics))
    world.set_status(AUTOSCALERS, scaler, status)


def _least(scaler: Json) -> int:
    told = section(scaler, "spec").get("minReplicas")
    return 1 if told is None else int(told)


def _bound_reason(now: int, bounded: int) -> str:
    if bounded < now:
        return "Current number of replicas above Spec.MaxReplicas"
    return "Current number of replicas below Spec.MinReplicas"


def _recommended(world: World, scaler: Json, target: Json) -> tuple[int, list[Json], str]:
    """The largest size that any metric asks for, what the metrics are now, and the reason."""
    now, metrics, why = replicas_of(target), list[Json](), ""
    sizes: list[int] = []
    workload = f"{target['kind']}/{target['metadata']['name']}".lower()
    for metric in entries(scaler, "spec", "metrics"):
        name = str(at(metric, "resource", "name") or "")
        goal = at(metric, "resource", "target", "averageUtilization")
        load = world.loads.get((target["metadata"]["namespace"], workload, name))
        asked = requests_of(section(target, "spec", "template", "spec")).get(name)
        if load is None or not asked or not isinstance(goal, int):
            continue
        share = round(load / now / float(asked) * 100)
        ratio = share / goal
        size = now if abs(ratio - 1) <= _TOLERANCE else math.ceil(now * ratio)
        sizes.append(size)
        current = {"averageUtilization": share, "averageValue": _amount(name, load / now)}
        metrics.append({"type": "Resource", "resource": {"name": name, "current": current}})
        if size > now and size == max(sizes):
            why = f"{name} resource utilization (percentage of request) above target"
    if sizes and max(sizes) < now:
        why = "All metrics below target"
    return max(sizes, default=now), metrics, why


def _amount(name: str, amount: float) -> str:
    return f"{round(amount * 1000)}m" if name == "cpu" else str(round(amount))


def _conditions(
    world: World, scaler: Json, wanted: int, bounded: int, *, active: bool
) -> list[Json]:
    conditions = entries(scaler, "status", "conditions")
    told = [("AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size")]
    if active:
        message = "the HPA was able to successfully calculate a replica count"
        told.append(("ScalingActive", "True", "ValidMetricFound", message))
    else:
        message = "the HPA was unable to compute the replica count: no metrics returned from resource metrics API"
        told.append(("ScalingActive", "False", "FailedGetResourceMetric", message))
    if bounded < wanted:
        message = "the desired replica count is more than the maximum replica count"
        told.append(("ScalingLimited", "True", "TooManyReplicas", message))
    elif bounded > wanted:
        message = "the desired replica count is less than the minimum replica count"
        told.append(("ScalingLimited", "True", "TooFewReplicas", message))
    else:
        message = "the desired count is within the acceptable range"
        told.append(("ScalingLimited", "False", "DesiredWithinRange", message))
    for kind, status, reason, message in told:
        conditions = with_condition(
            conditions, world.timing, kind, status, reason=reason, message=message
        )
    return conditions


def _say(world: World, scaler: Json, kind: str, status: str, reason: str, message: str) -> None:
    record(world, scaler, reason, message, by=_ME, kind="Warning")
    conditions = with_condition(
        entries(scaler, "status", "conditions"),
        world.timing,
        kind,
        status,
        reason=reason,
        message=message,
    )
    told = {**section(scaler, "status"), "conditions": conditions}
    world.set_status(AUTOSCALERS, scaler, told)
