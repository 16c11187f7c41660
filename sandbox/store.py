"""The objects of the practice cluster, their resourceVersions, and the log that watchers read."""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from core.errors import Conflict

Json = dict[str, Any]
ChangeType = Literal["ADDED", "MODIFIED", "DELETED"]

# As many changes as watchers may fall behind before they must list anew.
REMEMBERED_CHANGES = 10_000


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Where an object is kept: resource (`deployments.apps`), namespace ("" for none), name."""

    resource: str
    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to one object at `version`; `before` is None for a new one."""

    version: int
    type: ChangeType
    key: Key
    now: Json
    before: Json | None


class Expired(Exception):
    """Changes since that version are no longer remembered."""


class Store:
    """Objects are never altered in place: a write puts a new one, so a reader may keep what it got."""

    def __init__(self) -> None:
        self.version = 1
        self._objects: dict[str, dict[tuple[str, str], Json]] = {}
        self._changes: deque[Change] = deque(maxlen=REMEMBERED_CHANGES)
        self._forgotten_up_to = 1
        self._listeners: set[Callable[[], None]] = set()

    def load(self, key: Key, one: Json) -> None:
        """Put an object that was there before the cluster started: no change is recorded."""
        self._objects.setdefault(key.resource, {})[key.namespace, key.name] = one
        self.version = max(self.version, int(one["metadata"]["resourceVersion"]))
        self._forgotten_up_to = self.version

    def get(self, key: Key) -> Json | None:
        return self._objects.get(key.resource, {}).get((key.namespace, key.name))

    def list(self, resource: str, namespace: str = "") -> list[Json]:
        """All objects of a resource, by namespace and name; of one namespace if it is given."""
        kept = self._objects.get(resource, {})
        return [kept[place] for place in sorted(kept) if not namespace or place[0] == namespace]

    def everything(self, namespace: str = "") -> Iterator[tuple[Key, Json]]:
        """Every object and where it is kept, of one namespace if it is given."""
        for resource in sorted(self._objects):
            for place, one in list(self._objects[resource].items()):
                if namespace in {"", place[0]}:
                    yield Key(resource, *place), one

    def put(self, key: Key, one: Json, *, if_version: str = "") -> Json:
        """Write an object under its next resourceVersion. `Conflict` if it is not at `if_version`."""
        before = self.get(key)
        self._expect(before, if_version)
        stored = self._versioned(one)
        self._objects.setdefault(key.resource, {})[key.namespace, key.name] = stored
        self._record("MODIFIED" if before else "ADDED", key, stored, before)
        return stored

    def remove(self, key: Key, *, if_version: str = "") -> Json | None:
        before = self.get(key)
        self._expect(before, if_version)
        if before is None:
            return None
        gone = self._versioned(before)
        del self._objects[key.resource][key.namespace, key.name]
        self._record("DELETED", key, gone, before)
        return gone

    def changes_since(self, version: int, resource: str = "") -> Iterator[Change]:
        """Later changes, oldest first, of a resource if it is given. `Expired` if some are forgotten."""
        if version < self._forgotten_up_to:
            raise Expired(f"too old resource version: {version} ({self._forgotten_up_to})")
        changes = list(self._changes)
        first = bisect_right(changes, version, key=lambda change: change.version)
        return (change for change in changes[first:] if resource in {"", change.key.resource})

    def subscribe(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after every change, until the returned function is called."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    def wake(self) -> None:
        """Call every listener, as after a change."""
        for listener in list(self._listeners):
            listener()

    def _expect(self, before: Json | None, if_version: str) -> None:
        if before and if_version and before["metadata"].get("resourceVersion") != if_version:
            raise Conflict("the object has been modified")

    def _versioned(self, one: Json) -> Json:
        self.version += 1
        return {**one, "metadata": {**one["metadata"], "resourceVersion": str(self.version)}}

    def _record(self, kind: ChangeType, key: Key, now: Json, before: Json | None) -> None:
        if len(self._changes) == REMEMBERED_CHANGES:
            self._forgotten_up_to = self._changes[0].version
        self._changes.append(Change(self.version, kind, key, now, before))
        self.wake()
