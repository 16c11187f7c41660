"""The objects of one resource, found by namespace and name, or by anything else they say."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Objects = list[Json]
Place = tuple[str, str]  # namespace and name
# What an object is found by, e.g. the name of its node. The function itself names the index.
IndexBy = Callable[[Json], Iterable[Hashable]]


@dataclass(slots=True)
class _Bucket:
    """The objects that have one value in common; `changes` counts what happened to them."""

    objects: dict[Place, Json] = field(default_factory=dict[Place, Json])
    changes: int = 0


class _Index:
    def __init__(self, values_of: IndexBy) -> None:
        self._values_of = values_of
        self._buckets: dict[Hashable, _Bucket] = {}

    def add(self, place: Place, one: Json) -> None:
        for value in self._values_of(one):
            bucket = self._buckets.setdefault(value, _Bucket())
            bucket.objects[place] = one
            bucket.changes += 1

    def discard(self, place: Place, one: Json) -> None:
        """A bucket that becomes empty stays, with its count of changes."""
        for value in self._values_of(one):
            bucket = self._buckets[value]
            bucket.objects.pop(place, None)
            bucket.changes += 1

    def bucket(self, value: Hashable) -> _Bucket:
        return self._buckets.get(value, _Bucket())


class Shelf:
    """An index is built when it is first asked for, and follows every write from then on."""

    def __init__(self) -> None:
        self._by_namespace: dict[str, dict[str, Json]] = {}
        self._indexes: dict[IndexBy, _Index] = {}

    def get(self, namespace: str, name: str) -> Json | None:
        return self._by_namespace.get(namespace, {}).get(name)

    def put(self, namespace: str, name: str, one: Json) -> None:
        before = self.get(namespace, name)
        self._by_namespace.setdefault(namespace, {})[name] = one
        for index in self._indexes.values():
            if before is not None:
                index.discard((namespace, name), before)
            index.add((namespace, name), one)

    def remove(self, namespace: str, name: str) -> None:
        objects = self._by_namespace[namespace]
        before = objects.pop(name)
        if not objects:
            del self._by_namespace[namespace]
        for index in self._indexes.values():
            index.discard((namespace, name), before)

    def list(self, namespace: str = "") -> Objects:
        """By namespace and name; of one namespace if it is given."""
        chosen = [namespace] if namespace else sorted(self._by_namespace)
        parts = (self._by_namespace.get(one, {}) for one in chosen)
        return [objects[name] for objects in parts for name in sorted(objects)]

    def find(self, index_by: IndexBy, value: Hashable) -> Objects:
        """The objects of which `index_by` gives this value, by namespace and name."""
        objects = self._index(index_by).bucket(value).objects
        return [objects[place] for place in sorted(objects)]

    def count(self, index_by: IndexBy, value: Hashable) -> int:
        return len(self._index(index_by).bucket(value).objects)

    def changes(self, index_by: IndexBy, value: Hashable) -> int:
        """A number that grows whenever something happens to an object with this value."""
        return self._index(index_by).bucket(value).changes

    def _index(self, index_by: IndexBy) -> _Index:
        if index_by not in self._indexes:
            index = self._indexes[index_by] = _Index(index_by)
            for namespace, objects in self._by_namespace.items():
                for name, one in objects.items():
                    index.add((namespace, name), one)
        return self._indexes[index_by]
