"""What a Deployment's status says of its rollout, and when its patience ends."""

from datetime import datetime, timedelta
from typing import Any

from sandbox.controllers.conditions import condition_of, with_condition, without_condition
from sandbox.controllers.replica_sets import replicas_of
from sandbox.controllers.strategies import limits_of
from sandbox.controllers.timing import moment
from sandbox.controllers.world import DEPLOYMENTS, World
from sandbox.fields import at, entries, number, section

Json = dict[str, Any]

_TOLD = {
    "NewReplicaSetCreated": 'Created new replica set "{name}"',
    "FoundNewReplicaSet": 'Found new replica set "{name}"',
    "ReplicaSetUpdated": 'ReplicaSet "{name}" is progressing.',
    "NewReplicaSetAvailable": 'ReplicaSet "{name}" has successfully progressed.',
    "ProgressDeadlineExceeded": 'ReplicaSet "{name}" has timed out progressing.',
    "DeploymentPaused": "Deployment is paused",
    "DeploymentResumed": "Deployment is resumed",
}
_STATUS = {
    "ProgressDeadlineExceeded": "False",
    "DeploymentPaused": "Unknown",
    "DeploymentResumed": "Unknown",
}
_WITHOUT_DEADLINE = 2**31 - 1


def note(world: World, owner: Json, reason: str, name: str) -> None:
    """Progress is made: this is its reason, and the deadline begins anew."""
    conditions = _progressing(world, entries(owner, "status", "conditions"), reason, name)
    world.set_status(DEPLOYMENTS, owner, {**section(owner, "status"), "conditions": conditions})


def status_of(world: World, owner: Json, current: Json | None, sets: list[Json]) -> Json:
    status = _counts(owner, current, sets)
    conditions = _availability(world, owner, status)
    conditions = _failure(world, conditions, current, sets)
    name = current["metadata"]["name"] if current else owner["metadata"]["name"]
    if reason := _reason(world, owner, status):
        conditions = _progressing(world, conditions, reason, name)
    return {**status, "conditions": conditions}


def _counts(owner: Json, current: Json | None, sets: list[Json]) -> Json:
    def total(field: str) -> int:
        return sum(number(one, "status", field) for one in sets)

    available = total("availableReplicas")
    counts = {
        "replicas": total("replicas"),
        "updatedReplicas": number(current, "status", "replicas"),
        "readyReplicas": total("readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, sum(map(replicas_of, sets)) - available),
        "collisionCount": number(owner, "status", "collisionCount"),
    }
    kept = {name: count for name, count in counts.items() if count}
    return {"observedGeneration": number(owner, "metadata", "generation"), **kept}


def _availability(world: World, owner: Json, status: Json) -> list[Json]:
    conditions = entries(owner, "status", "conditions")
    wanted, (_, unavailable) = replicas_of(owner), limits_of(owner)
    if at(owner, "spec", "strategy", "type") == "Recreate":
        unavailable = 0
    enough = number(status, "availableReplicas") >= wanted - unavailable
    reason = "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable"
    message = f"Deployment {'has' if enough else 'does not have'} minimum availability."
    return with_condition(
        conditions,
        world.timing,
        "Available",
        "True" if enough else "False",
        updates=True,
        reason=reason,
        message=message,
    )


def _failure(
    world: World, conditions: list[Json], current: Json | None, sets: list[Json]
) -> list[Json]:
    """A ReplicaSet whose pods are refused makes the Deployment say so."""
    failing = [condition_of(one, "ReplicaFailure") for one in ([current] if current else sets)]
    told = next((one for one in failing if one), None)
    if told is None:
        return without_condition(conditions, "ReplicaFailure")
    return with_condition(
        conditions,
        world.timing,
        "ReplicaFailure",
        "True",
        updates=True,
        reason=str(told.get("reason")),
        message=str(told.get("message")),
    )


def _reason(world: World, owner: Json, status: Json) -> str:
    """Why the Progressing condition is to be told anew, "" when it stays."""
    before = condition_of(owner, "Progressing")
    told = str(before.get("reason") or "")
    if at(owner, "spec", "paused"):
        return "DeploymentPaused"
    if told == "DeploymentPaused":
        return "DeploymentResumed"
    if is_complete(owner, status):
        return "NewReplicaSetAvailable"
    if told == "NewReplicaSetAvailable" and not _is_new_rollout(owner, status):
        return ""
    if _moved(owner, status):
        return "ReplicaSetUpdated"
    deadline = deadline_of(world, owner)
    if told and deadline is not None and deadline <= world.timing.now():
        return "ProgressDeadlineExceeded"
    return ""


def is_complete(owner: Json, status: Json) -> bool:
    wanted = replicas_of(owner)
    counts = ("updatedReplicas", "replicas", "availableReplicas")
    return all(number(status, name) == wanted for name in counts)


def _is_new_rollout(owner: Json, status: Json) -> bool:
    """A rollout that was complete loses only availability when its pods break: that is no rollout."""
    return number(status, "updatedReplicas") < number(status, "replicas") or _grew(
        owner, status, "updatedReplicas"
    )


def _moved(owner: Json, status: Json) -> bool:
    old_before = number(owner, "status", "replicas") - number(owner, "status", "updatedReplicas")
    old_now = number(status, "replicas") - number(status, "updatedReplicas")
    grown = ("updatedReplicas", "readyReplicas", "availableReplicas")
    return old_now < old_before or any(_grew(owner, status, name) for name in grown)


def _grew(owner: Json, status: Json, name: str) -> bool:
    return number(status, name) > number(owner, "status", name)


def deadline_of(world: World, owner: Json) -> datetime | None:
    """When an unfinished rollout will have taken too long; None for one that may take its time."""
    condition = condition_of(owner, "Progressing")
    told = section(owner, "spec").get("progressDeadlineSeconds", 600)
    over = {"NewReplicaSetAvailable", "ProgressDeadlineExceeded", "DeploymentPaused"}
    since = moment(condition.get("lastUpdateTime"))
    if condition.get("reason") in over or told == _WITHOUT_DEADLINE or since is None:
        return None
    return since + timedelta(seconds=float(told) / world.timing.speed)


def _progressing(world: World, conditions: list[Json], reason: str, name: str) -> list[Json]:
    before = next((one for one in conditions if one.get("type") == "Progressing"), Json())
    told = {"reason": reason, "message": _TOLD[reason].format(name=name)}
    if reason == "ReplicaSetUpdated" and before.get("lastUpdateTime") != world.timing.stamp:
        conditions = [
            {**one, "message": ""} if one.get("type") == "Progressing" else one
            for one in conditions
        ]
    status = _STATUS.get(reason, "True")
    return with_condition(conditions, world.timing, "Progressing", status, updates=True, **told)
