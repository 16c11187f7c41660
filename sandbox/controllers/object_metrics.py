"""kube-state-metrics: what is told of objects follows them, once something has happened.

Only for a cluster whose picture has such series. Those of the picture go on under their labels;
families that it lacks begin, for every object, with the first change of any.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from sandbox.controllers.object_families import LABELS, RESOURCES, label_of, samples_of
from sandbox.controllers.world import PODS, World
from sandbox.series import Family, Labels, Matcher, Series, is_growing
from sandbox.store import Key

Json = dict[str, Any]
Reconcile = Callable[[World, Key], None]

_ALL = Matcher("__name__", "=~", "kube_.*")
# A picture may hold fewer samples than were taken.
_SCRAPED_MS = 60_000
_COUNTER, _EXPORTED = "_total", "exported_"
# With more pods than this, a cluster's new series would be too many: it keeps to its families.
_MOST_PODS = 2_000


@dataclass
class Shape:
    """How the picture labels a family: which labels of ours under which names, and further ones."""

    names: dict[str, str] = field(default_factory=dict[str, str])
    added: dict[str, str] = field(default_factory=dict[str, str])

    def labels(self, family: str, told: dict[str, str], *, complete: bool) -> Labels:
        """`complete`: labels that the picture's series do not have are kept too."""
        kept = {
            self.names.get(name, name): value
            for name, value in told.items()
            if value and (complete or name in self.names)
        }
        return tuple(sorted({**self.added, **kept, "__name__": family}.items()))


class ObjectMetrics:
    """Follows the objects of a store; does nothing where there is nothing to follow."""

    def __init__(self, world: World) -> None:
        self._world = world
        found = world.series.matching([_ALL])
        growing = [one for one in found if is_growing(one.growths)]
        self._follows = bool(growing)
        self._interval_ms = min([_SCRAPED_MS, *(one.growths[-1].interval_ms for one in growing)])
        self._shapes, self._shape = _shapes(found)
        self._live: dict[Key, set[Labels]] = {}
        for one in growing:
            if key := _key(one, self._shapes[dict(one.labels)["__name__"]]):
                self._live.setdefault(key, set()).add(one.labels)
        self._families: set[str] | None = None

    def following(self, reconcile: Reconcile | None) -> Reconcile:
        """The same controller, and the metrics after what it did."""

        def followed(world: World, key: Key) -> None:
            if reconcile:
                reconcile(world, key)
            if self._follows:
                self._begin()
                self._tell(key, world.store.get(key))

        return followed

    def _begin(self) -> None:
        if self._families is not None:
            return
        self._families = set(self._shapes)
        if len(self._world.store.list(PODS)) > _MOST_PODS:
            return
        for resource in RESOURCES:
            for one in self._world.store.list(resource):
                metadata = one["metadata"]
                key = Key(resource, metadata.get("namespace", ""), metadata["name"])
                for family, told, value in samples_of(resource, one):
                    if family not in self._shapes:
                        self._families.add(family)
                        labels = self._shape.labels(family, told, complete=True)
                        self._live.setdefault(key, set()).add(labels)
                        self._hold(labels, value)

    def _tell(self, key: Key, one: Json | None) -> None:
        now: dict[Labels, float] = {}
        for family, told, value in samples_of(key.resource, one) if one else ():
            shape = self._shapes.get(family)
            if shape is not None:
                now[shape.labels(family, told, complete=False)] = value
            elif len(self._families or ()) > len(self._shapes):
                now[self._shape.labels(family, told, complete=True)] = value
        before = self._live.pop(key, set[Labels]())
        frozen = one is not None and key.resource == PODS and not self._world.is_awake(one)
        at_s = self._world.timing.now().timestamp()
        for labels in before - now.keys():
            self._world.series.end_one(labels, at_s)
        for labels, value in now.items():
            if not (frozen and labels in before and _counts(labels)):
                self._hold(labels, value)
        if now:
            self._live[key] = set(now)

    def _hold(self, labels: Labels, value: float) -> None:
        """A counter of the picture that ran on without its object does not fall back to it."""
        series, at_s = self._world.series, self._world.timing.now().timestamp()
        if value and _counts(labels):
            value = max(value, series.value_at(labels, at_s) or 0.0)
        name = dict(labels)["__name__"]
        kind = "counter" if _counts(labels) else "gauge"
        series.families.setdefault(name.removesuffix(_COUNTER), Family(kind))
        series.hold(labels, value, at_s, interval_ms=self._interval_ms)


def _shapes(found: Iterable[Series]) -> tuple[dict[str, Shape], Shape]:
    """By family, and what all families have in common, for those that are new."""
    by_family: dict[str, list[dict[str, str]]] = {}
    for one in found:
        labels = dict(one.labels)
        by_family.setdefault(labels.pop("__name__"), []).append(labels)
    shapes = {name: _shape(members) for name, members in by_family.items()}
    added = [list(shape.added.items()) for shape in shapes.values()]
    common = [one for one in added[0] if all(one in others for others in added)] if added else []
    names = {ours: name for shape in shapes.values() for ours, name in shape.names.items()}
    return shapes, Shape(names, dict(common))


def _shape(members: list[dict[str, str]]) -> Shape:
    """A scraper with a label of the same name as one it finds puts `exported_` before the latter."""
    present = {name for labels in members for name in labels}
    exported = {name.removeprefix(_EXPORTED): name for name in present if _EXPORTED in name}
    own = {name for name in present if name in LABELS and name not in exported}
    added = {
        name: value
        for name, value in members[0].items()
        if name not in own
        and name not in exported.values()
        and all(labels.get(name) == value for labels in members)
    }
    return Shape({**{name: name for name in own}, **exported}, added)


def _key(one: Series, shape: Shape) -> Key | None:
    labels = dict(one.labels)
    resource, label = label_of(labels["__name__"])
    name = labels.get(shape.names.get(label, label), "")
    namespace = labels.get(shape.names.get("namespace", "namespace"), "")
    return Key(resource, namespace, name) if resource and name else None


def _counts(labels: Labels) -> bool:
    return dict(labels)["__name__"].endswith(_COUNTER)
