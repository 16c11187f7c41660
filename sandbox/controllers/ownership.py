"""Who owns whom, by uid, kept up to date with the store."""

from collections.abc import Iterator
from typing import Any

from sandbox.fields import entries
from sandbox.store import Change, Expired, Key, Store

Json = dict[str, Any]

# Before all versions: the first question makes it read everything.
_NOTHING_SEEN = -1


class Ownership:
    """Answers about what is in the store now, without searching it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen = _NOTHING_SEEN
        self._places: dict[str, Key] = {}
        self._dependents: dict[str, set[Key]] = {}
        self._owners: dict[Key, frozenset[str]] = {}

    def find(self, uid: str) -> tuple[Key, Json] | None:
        """Where the object of this uid is, and what; None when there is none."""
        self._catch_up()
        place = self._places.get(uid)
        one = self._store.get(place) if place else None
        return (place, one) if place and one else None

    def dependents(self, uid: str) -> Iterator[tuple[Key, Json]]:
        """The objects that name this uid as an owner."""
        self._catch_up()
        for key in sorted(self._dependents.get(uid, ())):
            if one := self._store.get(key):
                yield key, one

    def _catch_up(self) -> None:
        if self._seen == self._store.version:
            return
        try:
            changes = list(self._store.changes_since(self._seen))
        except Expired:
            self._read_all()
        else:
            for change in changes:
                self._follow(change)
        self._seen = self._store.version

    def _read_all(self) -> None:
        for kept in (self._places, self._dependents, self._owners):
            kept.clear()
        for key, one in self._store.everything():
            self._note(key, one)

    def _follow(self, change: Change) -> None:
        for owner in self._owners.pop(change.key, frozenset()):
            self._dependents[owner].discard(change.key)
        if change.type != "DELETED":
            self._note(change.key, change.now)
        elif self._places.get(uid := change.now["metadata"]["uid"]) == change.key:
            del self._places[uid]

    def _note(self, key: Key, one: Json) -> None:
        self._places[one["metadata"]["uid"]] = key
        found = entries(one, "metadata", "ownerReferences")
        owners = frozenset(str(reference.get("uid")) for reference in found)
        if owners:
            self._owners[key] = owners
        for owner in owners:
            self._dependents.setdefault(owner, set()).add(key)
