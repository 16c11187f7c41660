"""The state behind the API: what a snapshot became when the practice cluster started."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from sandbox.journal import Journal
from sandbox.kubernetes_api.defaulting.workloads import completed
from sandbox.kubernetes_api.fields import entries, section
from sandbox.kubernetes_api.kinds import Kind, Kinds
from sandbox.kubernetes_api.patching import Layout
from sandbox.kubernetes_api.schemas import schema_of
from sandbox.kubernetes_api.views import stored_form
from sandbox.snapshot import Snapshot
from sandbox.store import Key, Store

Json = dict[str, Any]

DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"


@dataclass
class Cluster:
    """Objects and logs of one practice cluster, and the kinds it serves."""

    name: str
    captured_at: datetime
    store: Store = field(default_factory=Store)
    kinds: Kinds = field(default_factory=Kinds)
    journal: Journal = field(default_factory=Journal)
    derived: dict[str, Callable[[], list[Json]]] = field(
        default_factory=dict[str, Callable[[], list[Json]]]
    )

    @classmethod
    def of(cls, snapshot: Snapshot) -> Self:
        cluster = cls(snapshot.cluster, snapshot.captured_at, journal=Journal(snapshot.logs))
        cluster._load(snapshot.objects)
        return cluster

    def offer(self, kind: Kind, objects: Callable[[], list[Json]]) -> None:
        """Serve a kind that is not stored but worked out each time it is read."""
        self.kinds.add(kind)
        self.derived[kind.resource] = objects

    def list(self, resource: str, namespace: str = "") -> list[Json]:
        """All objects of a resource, of one namespace if it is given."""
        if resource not in self.derived:
            return self.store.list(resource, namespace)
        found = self.derived[resource]()
        return [one for one in found if namespace in {"", one["metadata"].get("namespace", "")}]

    def get(self, key: Key) -> Json | None:
        if key.resource not in self.derived:
            return self.store.get(key)
        found = self.list(key.resource, key.namespace)
        return next((one for one in found if one["metadata"]["name"] == key.name), None)

    def learn_definitions(self) -> None:
        """Serve what the CustomResourceDefinitions define now."""
        self.kinds.learn(self.store.list(DEFINITIONS))

    def schema(self, kind: Kind) -> Json:
        """What its definition says of a custom kind; {} if it says nothing."""
        definition = self.store.get(Key(DEFINITIONS, "", kind.key))
        versions = entries(definition, "spec", "versions")
        found = next((one for one in versions if one.get("name") == kind.version), None)
        return section(found, "schema", "openAPIV3Schema")

    def whole_schema(self, kind: Kind) -> Json:
        """The schema of the objects of any kind that is served."""
        return schema_of(kind, {} if kind.builtin else self.schema(kind))

    def layout(self, kind: Kind) -> Layout:
        return Layout(kind.kind, None if kind.builtin else self.schema(kind))

    def _load(self, objects: Iterable[Json]) -> None:
        definitions = [one for one in objects if one["kind"] == "CustomResourceDefinition"]
        self.kinds.learn(definitions)
        for told in objects:
            one = stored_form(told)
            kind = self.kinds.of(one) or self.kinds.guess(one)
            self.store.load(place(kind, one), completed(kind.resource, one))


def place(kind: Kind, one: Json) -> Key:
    """Where an object belongs. Its metadata.namespace is set right on the way."""
    metadata = one["metadata"]
    if kind.namespaced:
        metadata.setdefault("namespace", "default")
    else:
        metadata.pop("namespace", None)
    return Key(kind.resource, metadata.get("namespace") or "", metadata["name"])
