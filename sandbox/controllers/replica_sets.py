"""ReplicaSets keep as many pods as they are told."""

from typing import Any

from sandbox.controllers.conditions import with_condition, without_condition
from sandbox.controllers.replicas import (
    count_available,
    create_pod,
    delete_pod,
    first_to_go,
    is_active,
    is_ready,
    new_pod,
)
from sandbox.controllers.world import PODS, REPLICA_SETS, World, leaving
from sandbox.fields import entries, number, section
from sandbox.labels import matches_label_selector
from sandbox.names import random_ending
from sandbox.store import Key

Json = dict[str, Any]

_ME = "replicaset-controller"
_RETRY_S = 30


def reconcile(world: World, key: Key) -> None:
    owner = world.store.get(key)
    if owner is None or leaving(owner):
        return
    pods = [pod for pod in world.adopted(PODS, owner) if is_active(pod)]
    refused = _adjust(world, owner, pods)
    if refused:
        world.timing.look_again(key, world.timing.after(_RETRY_S))
    pods = [pod for pod in world.owned("pods", owner) if is_active(pod)]
    world.set_status(REPLICA_SETS, owner, _status(world, key, owner, pods, refused))


def _adjust(world: World, owner: Json, pods: list[Json]) -> str:
    wanted = replicas_of(owner)
    for pod in first_to_go(pods)[: max(0, len(pods) - wanted)]:
        delete_pod(world, owner, pod, by=_ME)
    stem = f"{owner['metadata']['name']}-"
    for _ in range(wanted - len(pods)):
        pod = new_pod(owner, stem + random_ending(), generated_from=stem)
        if refused := create_pod(world, owner, pod, by=_ME):
            return refused
    return ""


def _status(world: World, key: Key, owner: Json, pods: list[Json], refused: str) -> Json:
    labels = {"matchLabels": section(owner, "spec", "template", "metadata", "labels")}
    min_ready_s = number(owner, "spec", "minReadySeconds")
    status: Json = {"replicas": len(pods)}
    counts = {
        "fullyLabeledReplicas": sum(matches_label_selector(labels, pod) for pod in pods),
        "readyReplicas": sum(map(is_ready, pods)),
        "availableReplicas": count_available(world, key, pods, min_ready_s),
    }
    status |= {name: count for name, count in counts.items() if count}
    if generation := number(owner, "metadata", "generation"):
        status["observedGeneration"] = generation
    told = entries(owner, "status", "conditions")
    conditions = without_condition(told, "ReplicaFailure")
    # Each try has a pod of another name; telling the newest would be a change that asks for a try.
    if refused and len(conditions) < len(told):
        conditions = told
    elif refused:
        conditions = with_condition(
            told,
            world.timing,
            "ReplicaFailure",
            "True",
            reason="FailedCreate",
            message=refused,
        )
    return {**status, "conditions": conditions} if conditions else status


def replicas_of(owner: Json) -> int:
    """As many as the spec says; one when it says nothing."""
    told = section(owner, "spec").get("replicas")
    return 1 if told is None else int(told)
