"""The objects of the practice cluster, their resourceVersions, and the log that watchers read."""

from collections import deque
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from core.errors import Conflict
from sandbox.shelves import IndexBy, Objects, Shelf

Json = dict[str, Any]
ChangeType = Literal["ADDED", "MODIFIED", "DELETED"]

# As many changes of a resource as its watchers may fall behind before they must list anew.
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


Changes = list[Change]
Listener = Callable[[], None]
Follower = Callable[[Change], None]


class Expired(Exception):
    """Changes since that version are no longer remembered."""


class _Log:
    """The latest changes, oldest first."""

    def __init__(self) -> None:
        self._changes: deque[Change] = deque(maxlen=REMEMBERED_CHANGES)
        self.forgotten_up_to = 0

    def add(self, change: Change) -> None:
        if len(self._changes) == REMEMBERED_CHANGES:
            self.forgotten_up_to = self._changes[0].version
        self._changes.append(change)

    def since(self, version: int) -> list[Change]:
        """Read from the end, because nearly all readers are nearly there."""
        found: list[Change] = []
        for change in reversed(self._changes):
            if change.version <= version:
                break
            found.append(change)
        return found[::-1]


class Store:
    """Objects are never altered in place: a write puts a new one, so a reader may keep what it got."""

    def __init__(self) -> None:
        self.version = 1
        self._shelves: dict[str, Shelf] = {}
        # The changes of each resource, and under "" those of all together.
        self._logs: dict[str, _Log] = {"": _Log()}
        self._loaded_at = 1
        self._listeners: dict[str, set[Listener]] = {"": set()}
        self._followers: set[Follower] = set()

    def load(self, key: Key, one: Json) -> None:
        """Put an object that was there before the cluster started: no change is recorded."""
        self._shelf(key.resource).put(key.namespace, key.name, one)
        self.version = max(self.version, int(one["metadata"]["resourceVersion"]))
        self._loaded_at = self.version

    def get(self, key: Key) -> Json | None:
        return self._shelf(key.resource).get(key.namespace, key.name)

    def list(self, resource: str, namespace: str = "") -> Objects:
        """All objects of a resource, by namespace and name; of one namespace if it is given."""
        return self._shelf(resource).list(namespace)

    def find(self, resource: str, index_by: IndexBy, value: Hashable) -> Objects:
        """The objects of which `index_by` gives this value, in the order of `list`, without a scan.

        `index_by` must tell the same of the same object always; it is called once a write.
        """
        return self._shelf(resource).find(index_by, value)

    def count(self, resource: str, index_by: IndexBy, value: Hashable) -> int:
        """How many objects `find` would find."""
        return self._shelf(resource).count(index_by, value)

    def changes_of(self, resource: str, index_by: IndexBy, value: Hashable) -> int:
        """A number that stays the same only while `find` finds the very same objects."""
        return self._shelf(resource).changes(index_by, value)

    def everything(self, namespace: str = "") -> Iterator[tuple[Key, Json]]:
        """Every object and where it is kept, of one namespace if it is given."""
        for resource in sorted(self._shelves):
            for one in self.list(resource, namespace):
                metadata = one["metadata"]
                yield Key(resource, metadata.get("namespace") or "", metadata["name"]), one

    def put(self, key: Key, one: Json, *, if_version: str = "") -> Json:
        """Write an object under its next resourceVersion. `Conflict` if it is not at `if_version`."""
        before = self.get(key)
        self._expect(before, if_version)
        stored = self._versioned(one)
        self._shelf(key.resource).put(key.namespace, key.name, stored)
        self._record("MODIFIED" if before else "ADDED", key, stored, before)
        return stored

    def remove(self, key: Key, *, if_version: str = "") -> Json | None:
        before = self.get(key)
        self._expect(before, if_version)
        if before is None:
            return None
        gone = self._versioned(before)
        self._shelf(key.resource).remove(key.namespace, key.name)
        self._record("DELETED", key, gone, before)
        return gone

    def changes_since(self, version: int, resource: str = "") -> Changes:
        """Later changes, oldest first, of a resource if it is given. `Expired` if some are forgotten."""
        log = self._logs.get(resource) or _Log()
        oldest = max(self._loaded_at, log.forgotten_up_to)
        if version < oldest:
            raise Expired(f"too old resource version: {version} ({oldest})")
        return log.since(version)

    def subscribe(self, listener: Listener, resource: str = "") -> Callable[[], None]:
        """Call `listener` after every change, until the returned function is called.

        Of one resource if it is given.
        """
        listeners = self._listeners.setdefault(resource, set())
        listeners.add(listener)
        return lambda: listeners.discard(listener)

    def follow(self, follower: Follower) -> Callable[[], None]:
        """Tell `follower` each change, none of them forgotten, until the returned function is called."""
        self._followers.add(follower)
        return lambda: self._followers.discard(follower)

    def wake(self) -> None:
        """Call every listener, as after a change."""
        self._call(*self._listeners)

    def _call(self, *resources: str) -> None:
        for listener in [one for name in resources for one in self._listeners.get(name, ())]:
            listener()

    def _shelf(self, resource: str) -> Shelf:
        return self._shelves.setdefault(resource, Shelf())

    def _expect(self, before: Json | None, if_version: str) -> None:
        if before and if_version and before["metadata"].get("resourceVersion") != if_version:
            raise Conflict("the object has been modified")

    def _versioned(self, one: Json) -> Json:
        self.version += 1
        return {**one, "metadata": {**one["metadata"], "resourceVersion": str(self.version)}}

    def _record(self, kind: ChangeType, key: Key, now: Json, before: Json | None) -> None:
        change = Change(self.version, kind, key, now, before)
        self._logs[""].add(change)
        self._logs.setdefault(key.resource, _Log()).add(change)
        for follower in list(self._followers):
            follower(change)
        self._call("", key.resource)
