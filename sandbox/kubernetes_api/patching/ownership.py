"""`managedFields`: who owns which fields of an object."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.kubernetes_api.fields import entries, section, values
from sandbox.kubernetes_api.patching.field_sets import (
    Fields,
    decoded_fields,
    difference,
    encoded,
)
from sandbox.kubernetes_api.patching.layouts import Layout

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes, in which version of the kind, through which subresource, and when."""

    manager: str
    version: str
    at: str
    subresource: str = ""

    def entry(self, operation: str, fields: Fields) -> Json:
        about = {
            "manager": self.manager,
            "operation": operation,
            "apiVersion": self.version,
            "time": self.at,
            "fieldsType": "FieldsV1",
            "fieldsV1": encoded(fields),
        }
        return {**about, "subresource": self.subresource} if self.subresource else about

    def wrote(self, entry: Json, operation: str) -> bool:
        """This writer's own entry. For what is applied, the version makes no difference."""
        told = (entry.get("manager"), entry.get("operation"), entry.get("subresource", ""))
        is_same = told == (self.manager, operation, self.subresource)
        return is_same and (operation == "Apply" or entry.get("apiVersion") == self.version)


def recorded(before: Json | None, after: Json, writer: Writer, layout: Layout) -> list[Json]:
    """The `managedFields` after a write that was no apply."""
    told = values(after, "metadata", "managedFields")
    if told == [{}]:
        return []
    known = entries(after, "metadata", "managedFields") or entries(
        before, "metadata", "managedFields"
    )
    changes = difference(before or {}, after, layout)
    if not changes.written and not changes.removed:
        return known
    own = [entry for entry in known if writer.wrote(entry, "Update")]
    others = less([entry for entry in known if entry not in own], changes.written | changes.removed)
    fields = (owned(own) | changes.written) - changes.removed
    if fields == owned(own):
        return in_order([*own, *others])
    return in_order([writer.entry("Update", fields), *others] if fields else others)


def owned(managers: Iterable[Json]) -> Fields:
    """The fields that any of these owns."""
    found = (decoded_fields(section(entry, "fieldsV1")) for entry in managers)
    return frozenset[tuple[str, ...]]().union(*found)


def less(managers: Sequence[Json], gone: Fields) -> list[Json]:
    """The entries without these fields; who owns nothing any more is dropped."""
    result: list[Json] = []
    for entry in managers:
        fields = owned([entry])
        if not fields & gone:
            result.append(entry)
        elif fields - gone:
            result.append({**entry, "fieldsV1": encoded(fields - gone)})
    return result


def in_order(managers: Iterable[Json]) -> list[Json]:
    """Appliers first, then by time; the object itself before its parts."""
    return sorted(managers, key=_rank)


def _rank(entry: Json) -> tuple[str, ...]:
    keys = ("operation", "time", "manager", "apiVersion", "subresource")
    return tuple(str(entry.get(key, "")) for key in keys)
