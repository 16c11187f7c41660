"""Deleting as controllers do it, and letting go of what only they held."""

from typing import Any

from sandbox.controllers.world import PODS, World
from sandbox.fields import at, texts
from sandbox.store import Key

Json = dict[str, Any]

FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"


def delete(world: World, key: Key, one: Json, *, foreground: bool = False) -> None:
    """The object goes, or is marked when something holds it; in the foreground its dependents do."""
    if key.resource == PODS:
        world.end_pod(one)
        return
    finalizers = texts(one, "metadata", "finalizers")
    if foreground and FOREGROUND not in finalizers:
        finalizers = [*finalizers, FOREGROUND]
    if not finalizers:
        world.store.remove(key)
        return
    metadata: Json = {
        **one["metadata"],
        "finalizers": finalizers,
        "deletionTimestamp": world.timing.stamp,
        "deletionGracePeriodSeconds": 0,
    }
    if generation := metadata.get("generation"):
        metadata["generation"] = generation + 1
    world.store.put(key, {**one, "metadata": metadata})


def let_go(world: World, key: Key, one: Json, finalizer: str) -> None:
    """Take a finalizer off; a deleted object that nothing else holds goes."""
    metadata = dict(one["metadata"])
    left = [name for name in texts(metadata, "finalizers") if name != finalizer]
    stopping = key.resource == PODS and metadata.get("deletionGracePeriodSeconds")
    emptied = key.resource != "namespaces" or not at(one, "spec", "finalizers")
    if metadata.get("deletionTimestamp") and not left and not stopping and emptied:
        world.store.remove(key)
        return
    metadata.pop("finalizers")
    metadata |= {"finalizers": left} if left else {}
    world.store.put(key, {**one, "metadata": metadata})
