"""What a real server refuses in finalizers and ownerReferences."""

from collections.abc import Iterator
from typing import Any

from sandbox.kubernetes_api.fields import entries, texts

Json = dict[str, Any]

_STANDARD = frozenset({"foregroundDeletion", "kubernetes", "orphan"})
_OWNER = "metadata.ownerReferences"


def check_finalizers(one: Json, before: Json | None) -> Iterator[Json]:
    told = texts(one, "metadata", "finalizers")
    for number, name in enumerate(told):
        if name not in _STANDARD and "/" not in name:
            why = "name is neither a standard finalizer name nor is it fully qualified"
            yield _wrong(f"metadata.finalizers[{number}]", f'"{name}"', why)
    if {"foregroundDeletion", "orphan"} <= set(told):
        shown = "[" + ",".join(f'"{name}"' for name in told) + "]"
        why = "finalizer orphan and foregroundDeletion cannot be both set"
        yield _wrong("metadata.finalizers", shown, why)
    if before and before["metadata"].get("deletionTimestamp"):
        known = texts(before, "metadata", "finalizers")
        if new := [name for name in told if name not in known]:
            why = "no new finalizers can be added if the object is being deleted"
            message = f"Forbidden: {why}, found new finalizers {new}"
            field = "metadata.finalizers"
            yield {"reason": "FieldValueForbidden", "field": field, "message": message}


def check_owners(one: Json) -> Iterator[Json]:
    references = entries(one, "metadata", "ownerReferences")
    for reference in references:
        for field in ("apiVersion", "kind", "name", "uid"):
            if not reference.get(field):
                yield _wrong(f"{_OWNER}.{field}", '""', "must not be empty")
    controllers = [reference for reference in references if reference.get("controller")]
    if len(controllers) > 1:
        named = " and ".join(f"{each.get('kind')}/{each.get('name')}" for each in controllers[:2])
        why = (
            "Only one reference can have Controller set to true. "
            f'Found "true" in references for {named}'
        )
        yield _wrong(_OWNER, "[...]", why)


def _wrong(field: str, shown: str, why: str) -> Json:
    message = f"Invalid value: {shown}: {why}"
    return {"reason": "FieldValueInvalid", "field": field, "message": message}
