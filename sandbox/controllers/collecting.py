"""The garbage collector: what becomes of dependents when their owner goes."""

from collections.abc import Iterator
from typing import Any

from sandbox.controllers.ownership import Ownership
from sandbox.controllers.removal import FOREGROUND, ORPHAN, delete, let_go
from sandbox.controllers.world import World, leaving
from sandbox.fields import entries, texts
from sandbox.store import Change, Key

Json = dict[str, Any]

# Not a resource: objects are asked about by their uid, also those that are gone.
GARBAGE = "garbage"


def questionable(change: Change) -> Iterator[Key]:
    """Whose owners or dependents must be looked at after a change."""
    gone, references = change.type == "DELETED", _references(change.now)
    moved = change.before is None or _references(change.before) != references
    if gone or _asks(change.now) or (moved and references):
        yield Key(GARBAGE, change.key.namespace, change.now["metadata"]["uid"])
    if gone or moved:
        for reference in (*references, *_references(change.before)):
            yield Key(GARBAGE, change.key.namespace, str(reference.get("uid")))


def reconcile(ownership: Ownership, world: World, key: Key) -> None:
    found = ownership.find(key.name)
    if found is None:
        for place, dependent in list(ownership.dependents(key.name)):
            _judge(ownership, world, place, dependent)
        return
    place, one = found
    if not leaving(one):
        _judge(ownership, world, place, one)
    elif FOREGROUND in texts(one, "metadata", "finalizers"):
        _delete_dependents(ownership, world, place, one)
    elif ORPHAN in texts(one, "metadata", "finalizers"):
        for dependent in list(ownership.dependents(key.name)):
            _disown(world, *dependent, {key.name})
        let_go(world, place, one, ORPHAN)


def _delete_dependents(ownership: Ownership, world: World, place: Key, owner: Json) -> None:
    """The owner waits for those of its dependents that say so."""
    uid = owner["metadata"]["uid"]
    for key, dependent in list(ownership.dependents(uid)):
        _judge(ownership, world, key, dependent)
    left = (one for _, one in ownership.dependents(uid))
    if not any(
        reference.get("uid") == uid and reference.get("blockOwnerDeletion")
        for one in left
        for reference in _references(one)
    ):
        let_go(world, place, owner, FOREGROUND)


def _judge(ownership: Ownership, world: World, key: Key, one: Json) -> None:
    """An object stays while one of its owners does; one without owners is nobody's garbage."""
    references = _references(one)
    if leaving(one) or not references:
        return
    states = {
        str(reference.get("uid")): _state(ownership, key, reference) for reference in references
    }
    if "there" in states.values():
        _disown(world, key, one, {uid for uid, state in states.items() if state != "there"})
        return
    waited_for = "waiting" in states.values()
    has_dependents = any(ownership.dependents(one["metadata"]["uid"]))
    delete(world, key, one, foreground=waited_for and has_dependents)


def _state(ownership: Ownership, key: Key, reference: Json) -> str:
    found = ownership.find(str(reference.get("uid")))
    if found is None or found[0].namespace not in {"", key.namespace}:
        return "gone"
    waiting = FOREGROUND in texts(found[1], "metadata", "finalizers")
    return "waiting" if leaving(found[1]) and waiting else "there"


def _disown(world: World, key: Key, one: Json, owners: set[str]) -> None:
    left = [reference for reference in _references(one) if reference.get("uid") not in owners]
    if left == _references(one):
        return
    metadata = {name: value for name, value in one["metadata"].items() if name != "ownerReferences"}
    metadata |= {"ownerReferences": left} if left else {}
    world.store.put(key, {**one, "metadata": metadata})


def _asks(one: Json) -> bool:
    finalizers = texts(one, "metadata", "finalizers")
    return leaving(one) and (FOREGROUND in finalizers or ORPHAN in finalizers)


def _references(one: Json | None) -> list[Json]:
    return entries(one, "metadata", "ownerReferences")
