"""Deployments: from one ReplicaSet to the next, by the strategy, within the deadline."""

import hashlib
from datetime import datetime
from typing import Any

import orjson

from sandbox.controllers import progress
from sandbox.controllers.events import record
from sandbox.controllers.replica_sets import replicas_of
from sandbox.controllers.replicas import is_active
from sandbox.controllers.strategies import limits_of
from sandbox.controllers.world import (
    DEPLOYMENTS,
    PODS,
    REPLICA_SETS,
    World,
    key_of,
    leaving,
    reference_to,
)
from sandbox.fields import at, number, section
from sandbox.names import lettered
from sandbox.store import Key

Json = dict[str, Any]

HASH, REVISION = "pod-template-hash", "deployment.kubernetes.io/revision"
_DESIRED = "deployment.kubernetes.io/desired-replicas"
_MAXIMUM = "deployment.kubernetes.io/max-replicas"
_ME = "deployment-controller"
# Told about a Deployment alone, these are not its ReplicaSets'.
_OWN_ANNOTATIONS = {
    REVISION,
    _DESIRED,
    _MAXIMUM,
    "kubectl.kubernetes.io/last-applied-configuration",
}


def reconcile(world: World, key: Key) -> None:
    owner = world.store.get(key)
    if owner is None or leaving(owner):
        return
    sets = sorted(world.adopted(REPLICA_SETS, owner), key=revision_of)
    current = _current(owner, sets)
    paused = bool(at(owner, "spec", "paused"))
    if current is None and not paused:
        current = _create(world, owner, sets)
        sets = [*sets, current] if current else sets
    if current is not None:
        _number(world, owner, current, sets)
    _roll(world, key, current, paused=paused)
    _report(world, key)


def _roll(world: World, key: Key, current: Json | None, *, paused: bool) -> None:
    owner, sets = _reread(world, key)
    new = next((one for one in sets if current and _same(one, current)), None)
    old = [one for one in sets if one is not new]
    if paused or new is None:
        _scale_paused(world, owner, sets)
    elif at(owner, "spec", "strategy", "type") == "Recreate":
        _recreate(world, owner, new, old)
    else:
        _roll_over(world, owner, new, old)
    _note_sizes(world, key)


def _scale_paused(world: World, owner: Json, sets: list[Json]) -> None:
    """A paused rollout is still scaled: its largest ReplicaSet takes the difference."""
    running = [one for one in sets if replicas_of(one)]
    if not running:
        return
    largest = max(running, key=replicas_of)
    others = sum(map(replicas_of, running)) - replicas_of(largest)
    _scale(world, owner, largest, max(0, replicas_of(owner) - others))


def _recreate(world: World, owner: Json, new: Json, old: list[Json]) -> None:
    for one in old:
        _scale(world, owner, one, 0)
    if not any(is_running(pod) for one in old for pod in world.owned(PODS, one)):
        _scale(world, owner, new, replicas_of(owner))


def is_running(pod: Json) -> bool:
    """Recreate waits for pods until they are gone, not only going."""
    return leaving(pod) or is_active(pod)


def _roll_over(world: World, owner: Json, new: Json, old: list[Json]) -> None:
    wanted, (surge, unavailable) = replicas_of(owner), limits_of(owner)
    total = sum(map(replicas_of, [new, *old]))
    if replicas_of(new) > wanted:
        new = _scale(world, owner, new, wanted)
    elif room := min(wanted - replicas_of(new), max(0, wanted + surge - total)):
        new = _scale(world, owner, new, replicas_of(new) + room)
    total = sum(map(replicas_of, [new, *old]))
    not_yet = max(0, replicas_of(new) - number(new, "status", "availableReplicas"))
    surplus = total - (wanted - unavailable) - not_yet
    old = _scale_down_unhealthy(world, owner, old, surplus)
    ready = sum(min(replicas_of(one), number(one, "status", "availableReplicas")) for one in old)
    ready += min(replicas_of(new), number(new, "status", "availableReplicas"))
    _scale_down(world, owner, old, ready - (wanted - unavailable))


def _scale_down_unhealthy(world: World, owner: Json, old: list[Json], most: int) -> list[Json]:
    """Pods that serve nobody go first."""
    left: list[Json] = []
    for one in old:
        broken = max(0, replicas_of(one) - number(one, "status", "availableReplicas"))
        less = max(0, min(broken, most))
        most -= less
        left.append(_scale(world, owner, one, replicas_of(one) - less))
    return left


def _scale_down(world: World, owner: Json, old: list[Json], most: int) -> None:
    for one in old:
        less = max(0, min(replicas_of(one), most))
        most -= less
        _scale(world, owner, one, replicas_of(one) - less)


def _scale(world: World, owner: Json, one: Json, to: int) -> Json:
    was = replicas_of(one)
    if was == to:
        return one
    scaled = world.change(REPLICA_SETS, one, spec={**section(one, "spec"), "replicas": to})
    way = "up" if to > was else "down"
    message = f"Scaled {way} replica set {one['metadata']['name']} from {was} to {to}"
    record(world, owner, "ScalingReplicaSet", message, by=_ME)
    return scaled


def _current(owner: Json, sets: list[Json]) -> Json | None:
    """The ReplicaSet of the template as it is now."""
    wanted = _plain(section(owner, "spec", "template"))
    found = [one for one in sets if _plain(section(one, "spec", "template")) == wanted]
    return found[-1] if found else None


def _plain(template: Json) -> Json:
    metadata = section(template, "metadata")
    labels = {name: value for name, value in section(metadata, "labels").items() if name != HASH}
    kept = {"labels": labels, "annotations": section(metadata, "annotations")}
    return {**template, "metadata": kept}


def template_hash(template: Json, collisions: int = 0) -> str:
    told = orjson.dumps([_plain(template), collisions], option=orjson.OPT_SORT_KEYS)
    digest = hashlib.sha256(told).digest()
    return lettered(digest[:9])


def _create(world: World, owner: Json, sets: list[Json]) -> Json | None:
    spec, metadata = section(owner, "spec"), owner["metadata"]
    template, collisions = section(spec, "template"), number(owner, "status", "collisionCount")
    ending = template_hash(template, collisions)
    name = f"{metadata['name']}-{ending}"
    if world.get(REPLICA_SETS, metadata["namespace"], name):
        status = {**section(owner, "status"), "collisionCount": collisions + 1}
        world.set_status(DEPLOYMENTS, owner, status)
        return None
    told = section(template, "metadata")
    labels = {**section(told, "labels"), HASH: ending}
    selector = section(spec, "selector")
    made: Json = {
        "selector": {
            **selector,
            "matchLabels": {**section(selector, "matchLabels"), HASH: ending},
        },
        "template": {**template, "metadata": {**told, "labels": labels}},
        "replicas": 0,
    }
    if wait := spec.get("minReadySeconds"):
        made["minReadySeconds"] = wait
    one = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "namespace": metadata["namespace"],
            "labels": labels,
            "ownerReferences": [reference_to(owner)],
        },
        "spec": made,
        "status": {"replicas": 0},
    }
    progress.note(world, owner, "NewReplicaSetCreated", name)
    return world.create(REPLICA_SETS, one)


def _number(world: World, owner: Json, current: Json, sets: list[Json]) -> None:
    """Give the current ReplicaSet the highest revision, and the Deployment the same."""
    others = [revision_of(one) for one in sets if not _same(one, current)]
    mine = revision_of(current)
    wanted = mine if mine > max(others, default=0) else max(others, default=0) + 1
    carried = {
        name: value
        for name, value in section(owner, "metadata", "annotations").items()
        if name not in _OWN_ANNOTATIONS
    }
    annotated = {**section(current, "metadata", "annotations"), **carried, REVISION: str(wanted)}
    _annotate(world, REPLICA_SETS, current, annotated)
    owner = world.store.get(key_of(DEPLOYMENTS, owner)) or owner
    if mine and wanted != mine:
        progress.note(world, owner, "FoundNewReplicaSet", current["metadata"]["name"])
        owner = world.store.get(key_of(DEPLOYMENTS, owner)) or owner
    annotated = {**section(owner, "metadata", "annotations"), REVISION: str(wanted)}
    _annotate(world, DEPLOYMENTS, owner, annotated)


def _note_sizes(world: World, key: Key) -> None:
    owner, sets = _reread(world, key)
    wanted = replicas_of(owner)
    sizes = {_DESIRED: str(wanted), _MAXIMUM: str(wanted + limits_of(owner)[0])}
    for one in sets:
        if replicas_of(one):
            annotated = {**section(one, "metadata", "annotations"), **sizes}
            _annotate(world, REPLICA_SETS, one, annotated)


def _annotate(world: World, resource: str, one: Json, annotations: Json) -> None:
    world.change(resource, one, metadata={**one["metadata"], "annotations": annotations})


def _report(world: World, key: Key) -> None:
    owner, sets = _reread(world, key)
    current = _current(owner, sets)
    status = progress.status_of(world, owner, current, sets)
    owner = world.set_status(DEPLOYMENTS, owner, status)
    deadline: datetime | None = progress.deadline_of(world, owner)
    if deadline is not None:
        world.timing.look_again(key, deadline)
    if progress.is_complete(owner, status):
        _clean_up(world, owner, current, sets)


def _clean_up(world: World, owner: Json, current: Json | None, sets: list[Json]) -> None:
    """Forget the oldest revisions beyond the history's limit."""
    told = section(owner, "spec").get("revisionHistoryLimit")
    limit = 10 if told is None else int(told)
    done = [
        one
        for one in sets
        if not (current and _same(one, current))
        and not replicas_of(one)
        and not number(one, "status", "replicas")
    ]
    for one in done[: max(0, len(done) - limit)]:
        world.store.remove(key_of(REPLICA_SETS, one))


def _reread(world: World, key: Key) -> tuple[Json, list[Json]]:
    owner = world.store.get(key) or {"metadata": {"uid": "", "namespace": key.namespace}}
    return owner, sorted(world.owned(REPLICA_SETS, owner), key=revision_of)


def revision_of(one: Json) -> int:
    text = str(section(one, "metadata", "annotations").get(REVISION, ""))
    return int(text) if text.isdecimal() else 0


def _same(one: Json, other: Json) -> bool:
    return one["metadata"]["uid"] == other["metadata"]["uid"]
