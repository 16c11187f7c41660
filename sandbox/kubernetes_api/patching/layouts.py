"""How the lists and mappings of one kind are merged: by entry, or replaced as a whole."""

from dataclasses import dataclass
from typing import Any, cast

from sandbox.kubernetes_api.fields import section, texts
from sandbox.kubernetes_api.patching.lists import entry_keys, is_set

Json = dict[str, Any]
Steps = tuple[str, ...]

# Mappings of the standard kinds that one manager owns whole.
_ATOMIC_MAPPINGS = frozenset(
    {
        "configMapKeyRef",
        "fieldRef",
        "involvedObject",
        "labelSelector",
        "namespaceSelector",
        "nodeSelector",
        "ownerReferences",
        "podSelector",
        "resourceFieldRef",
        "roleRef",
        "scaleTargetRef",
        "secretKeyRef",
        "selector",
        "targetRef",
    }
)


@dataclass(frozen=True, slots=True)
class Layout:
    """`schema` is what a definition says of its kind, None for a standard one.

    The steps to a place are the names of fields alone: an entry of a list is at the list's place.
    """

    kind: str
    schema: Json | None = None

    def keys(self, steps: Steps) -> tuple[str, ...]:
        """The fields that tell the entries of a list apart; () if it is replaced as a whole."""
        if self._is_standard(steps):
            return entry_keys(self.kind, steps) if steps else ()
        about = self._about(steps)
        is_map = about.get("x-kubernetes-list-type") == "map"
        return tuple(texts(about, "x-kubernetes-list-map-keys")) if is_map else ()

    def is_set(self, steps: Steps) -> bool:
        """A list of plain values of which each occurs once."""
        if self._is_standard(steps):
            return bool(steps) and is_set(steps)
        return self._about(steps).get("x-kubernetes-list-type") == "set"

    def is_atomic(self, steps: Steps) -> bool:
        """A mapping that is replaced as a whole."""
        if self._is_standard(steps):
            return steps[-1:] != () and steps[-1] in _ATOMIC_MAPPINGS and steps[0] != "data"
        about = self._about(steps)
        about = section(about, "items") if about.get("type") == "array" else about
        return about.get("x-kubernetes-map-type") == "atomic"

    def default(self, steps: Steps, key: str) -> Any:
        """What an entry that leaves a key out means by it."""
        if self._is_standard(steps):
            return "TCP" if key == "protocol" else None
        return section(self._about(steps), "items", "properties", key).get("default")

    def _is_standard(self, steps: Steps) -> bool:
        return self.schema is None or steps[:1] == ("metadata",)

    def _about(self, steps: Steps) -> Json:
        found = self.schema or {}
        for step in steps:
            inner = section(found, "items") if found.get("type") == "array" else found
            more = inner.get("additionalProperties")
            known = section(inner, "properties").get(step, more)
            found = cast("Json", known) if isinstance(known, dict) else {}
        return found
