"""What every owner of pods does: count them, make one from the template, take one away."""

from datetime import timedelta
from typing import Any

from sandbox.controllers.conditions import condition_of
from sandbox.controllers.events import record
from sandbox.controllers.timing import Timing, moment
from sandbox.controllers.world import PODS, World, leaving, reference_to
from sandbox.fields import at, entries, number, section
from sandbox.store import Key

Json = dict[str, Any]


def is_active(pod: Json) -> bool:
    return not leaving(pod) and at(pod, "status", "phase") not in {"Succeeded", "Failed"}


def is_ready(pod: Json) -> bool:
    return condition_of(pod, "Ready").get("status") == "True"


def available_at(pod: Json, min_ready_s: int, timing: Timing) -> Any:
    """When a ready pod counts as available; None while it is not ready."""
    if not is_ready(pod):
        return None
    since = moment(condition_of(pod, "Ready").get("lastTransitionTime"))
    return (since or timing.now()) + timedelta(seconds=min_ready_s / timing.speed)


def count_available(world: World, key: Key, pods: list[Json], min_ready_s: int) -> int:
    """The available ones; looks again at `key` when the next one will be."""
    moments = [available_at(pod, min_ready_s, world.timing) for pod in pods]
    waiting = [one for one in moments if one is not None and one > world.timing.now()]
    if waiting:
        world.timing.look_again(key, min(waiting))
    return sum(1 for one in moments if one is not None) - len(waiting)


def new_pod(owner: Json, name: str, *, generated_from: str = "") -> Json:
    """A pod of the owner's template, as it is handed to admission."""
    template = section(owner, "spec", "template")
    told = section(template, "metadata")
    metadata: Json = {
        "name": name,
        "namespace": owner["metadata"]["namespace"],
        "labels": dict(section(told, "labels")),
        "ownerReferences": [reference_to(owner)],
    }
    if generated_from:
        metadata["generateName"] = generated_from
    if annotations := section(told, "annotations"):
        metadata["annotations"] = dict(annotations)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"serviceAccountName": "default", **section(template, "spec")},
        "status": {"phase": "Pending"},
    }


def create_pod(world: World, owner: Json, pod: Json, *, by: str) -> str:
    """Create a pod for its owner, who tells of it. Why it was refused, "" when it was not."""
    if refused := world.admit(pod):
        message = f"Error creating: {refused}"
        record(world, owner, "FailedCreate", message, by=by, kind="Warning")
        return refused
    world.create(PODS, pod)
    message = f"Created pod: {pod['metadata']['name']}"
    record(world, owner, "SuccessfulCreate", message, by=by)
    return ""


def delete_pod(world: World, owner: Json, pod: Json, *, by: str) -> None:
    world.end_pod(pod)
    record(world, owner, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}", by=by)


def first_to_go(pods: list[Json]) -> list[Json]:
    """In the order in which surplus pods are deleted: unplaced, pending, unready, young ones first."""

    def order(pod: Json) -> Any:
        restarts = sum(number(one, "restartCount") for one in statuses(pod))
        return (
            bool(at(pod, "spec", "nodeName")),
            at(pod, "status", "phase") == "Running",
            is_ready(pod),
            -restarts,
        )

    youngest_first = sorted(
        pods, key=lambda pod: pod["metadata"]["creationTimestamp"], reverse=True
    )
    return sorted(youngest_first, key=order)


def statuses(pod: Json) -> list[Json]:
    return entries(pod, "status", "containerStatuses")
