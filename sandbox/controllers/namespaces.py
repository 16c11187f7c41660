"""A deleted namespace is emptied, and goes when nothing is left in it."""

from collections import Counter
from typing import Any

from sandbox.controllers.conditions import with_condition
from sandbox.controllers.removal import delete
from sandbox.controllers.world import World, leaving
from sandbox.fields import entries, section, texts
from sandbox.store import Key

Json = dict[str, Any]

NAMESPACES = "namespaces"
_MINE = "kubernetes"


def reconcile(world: World, key: Key) -> None:
    namespace = world.store.get(key)
    if namespace is None or not leaving(namespace):
        return
    if _MINE not in texts(namespace, "spec", "finalizers"):
        return
    for place, one in _content(world, key.name):
        if not leaving(one):
            delete(world, place, one)
    remaining = _content(world, key.name)
    status = _status(world, namespace, remaining)
    if remaining:
        world.change(NAMESPACES, namespace, status=status)
    else:
        _finish(world, key, {**namespace, "status": status})


def _content(world: World, name: str) -> list[tuple[Key, Json]]:
    return list(world.store.everything(name))


def _finish(world: World, key: Key, namespace: Json) -> None:
    others = [one for one in texts(namespace, "spec", "finalizers") if one != _MINE]
    if not others and not namespace["metadata"].get("finalizers"):
        world.store.remove(key)
    else:
        world.store.put(key, {**namespace, "spec": {"finalizers": others} if others else {}})


def _status(world: World, namespace: Json, remaining: list[tuple[Key, Json]]) -> Json:
    resources = Counter(place.resource for place, _ in remaining)
    finalizers = Counter(
        finalizer for _, one in remaining for finalizer in texts(one, "metadata", "finalizers")
    )
    found = entries(namespace, "status", "conditions")
    for kind, reason, message in _QUIET:
        found = with_condition(found, world.timing, kind, "False", reason=reason, message=message)
    held = ", ".join(f"{name} in {count} resource instances" for name, count in finalizers.items())
    left = ", ".join(
        f"{name if '.' in name else f'{name}.'} has {count} resource instances"
        for name, count in resources.items()
    )
    for kind, told, some, none in (
        ("NamespaceContentRemaining", left, _SOME_CONTENT, _NO_CONTENT),
        ("NamespaceFinalizersRemaining", held, _SOME_FINALIZERS, _NO_FINALIZERS),
    ):
        state, (reason, message) = ("True", some) if told else ("False", none)
        found = with_condition(
            found, world.timing, kind, state, reason=reason, message=message + told
        )
    return {**section(namespace, "status"), "phase": "Terminating", "conditions": found}


_QUIET = (
    (
        "NamespaceDeletionDiscoveryFailure",
        "ResourcesDiscovered",
        "All resources successfully discovered",
    ),
    (
        "NamespaceDeletionGroupVersionParsingFailure",
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ),
    (
        "NamespaceDeletionContentFailure",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
)
_SOME_CONTENT = ("SomeResourcesRemain", "Some resources are remaining: ")
_NO_CONTENT = ("ContentRemoved", "All content successfully removed")
_SOME_FINALIZERS = (
    "SomeFinalizersRemain",
    "Some content in the namespace has finalizers remaining: ",
)
_NO_FINALIZERS = ("ContentHasNoFinalizers", "All content-preserving finalizers finished")
