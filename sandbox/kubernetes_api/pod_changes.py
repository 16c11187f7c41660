"""What may be changed of a pod through `resize` and `ephemeralcontainers`, and what that leaves alone."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandbox.kubernetes_api.admission.pod_additions import quality_of
from sandbox.kubernetes_api.fields import entries, section

Json = dict[str, Any]
Cause = Json

RESIZE, EPHEMERAL = "resize", "ephemeralcontainers"
PARTS = (RESIZE, EPHEMERAL)

_SIZES = frozenset({"cpu", "memory"})
_GROUPS = ("containers", "initContainers")
_NOT_EPHEMERAL = (
    "lifecycle", "livenessProbe", "ports", "readinessProbe", "resources", "startupProbe",
)  # fmt: skip


def with_part(part: str, before: Json, told: Json) -> Json:
    """The pod as it was, but for what this part of it is told to be."""
    spec, wanted = section(before, "spec"), section(told, "spec")
    if part == EPHEMERAL:
        return {**before, "spec": {**spec, "ephemeralContainers": entries(wanted, _LIST)}}
    resized = {field: _resized(entries(spec, field), wanted, field) for field in _GROUPS}
    return {**before, "spec": {**spec, **{k: v for k, v in resized.items() if v}}}


def violations(part: str, one: Json, told: Json, before: Json) -> Iterator[Cause]:
    """What stands against `one`, which `told` would make of the pod."""
    return _CHECKS[part](one, told, before)


def _resized(known: list[Json], wanted: Json, field: str) -> list[Json]:
    by_name = {one.get("name"): one for one in entries(wanted, field)}
    return [
        {**one, "resources": section(by_name.get(one.get("name"), one), "resources")}
        for one in known
    ]


def _resize(one: Json, told: Json, before: Json) -> Iterator[Cause]:
    if quality_of(section(one, "spec")) != quality_of(section(before, "spec")):
        quality = quality_of(section(before, "spec"))
        why = "Pod QOS Class may not change as a result of resizing"
        message = f'Invalid value: "{quality}": {why}'
        yield {"reason": "FieldValueInvalid", "field": "spec", "message": message}
    for field in _GROUPS:
        known, now = entries(before, "spec", field), entries(one, "spec", field)
        wanted = entries(told, "spec", field)
        if {each.get("name") for each in wanted} != {each.get("name") for each in known}:
            why = "containers may not be added or removed on resize"
            yield _forbidden(f"spec.{field}", why)
            continue
        for number, (old, new) in enumerate(zip(known, now, strict=True)):
            yield from _shrunk(old, new, f"spec.{field}[{number}].resources")
        policies = [each.get("resizePolicy") for each in known]
        by_name = {each.get("name"): each.get("resizePolicy") for each in wanted}
        if policies != [by_name[each.get("name")] for each in known]:
            yield _forbidden("spec", "only cpu and memory resources are mutable")


def _shrunk(before: Json, after: Json, place: str) -> Iterator[Cause]:
    for part in ("requests", "limits"):
        old, new = section(before, "resources", part), section(after, "resources", part)
        if _SIZES & (old.keys() - new.keys()):
            yield _forbidden(f"{place}.{part}", f"resource {part} cannot be removed")
        if any(old.get(name) != new.get(name) for name in (old.keys() | new.keys()) - _SIZES):
            yield _forbidden("spec", "only cpu and memory resources are mutable")


def _ephemeral(one: Json, _told: Json, before: Json) -> Iterator[Cause]:
    now = {each.get("name"): each for each in entries(one, "spec", _LIST)}
    for known in entries(before, "spec", _LIST):
        name = known.get("name")
        what = "removed" if name not in now else "changed" if now[name] != known else ""
        if what:
            why = f'existing ephemeral containers "{name}" may not be {what}\n'
            yield _forbidden(f"spec.{_LIST}", why)


def too_early(pod: Json) -> Iterator[Cause]:
    """What a pod may get later, but not be created with."""
    if entries(pod, "spec", _LIST):
        yield _forbidden(f"spec.{_LIST}", "cannot be set on create")


def check_ephemeral(pod: Json) -> Iterator[Cause]:
    """What is wrong with ephemeral containers, whenever they are there."""
    names = {each.get("name") for field in _GROUPS for each in entries(pod, "spec", field)}
    seen = set(names)
    for number, each in enumerate(entries(pod, "spec", _LIST)):
        place, name = f"spec.{_LIST}[{number}]", each.get("name")
        if not name:
            yield _required(f"{place}.name")
        elif name in seen:
            message = f'Duplicate value: "{name}"'
            yield {"reason": "FieldValueDuplicate", "field": f"{place}.name", "message": message}
        seen.add(name)
        if not each.get("image"):
            yield _required(f"{place}.image")
        target = each.get("targetContainerName")
        if target and target not in names:
            field, message = f"{place}.targetContainerName", f'Not found: "{target}"'
            yield {"reason": "FieldValueNotFound", "field": field, "message": message}
        for field in _NOT_EPHEMERAL:
            if each.get(field):
                yield _forbidden(f"{place}.{field}", "cannot be set for an Ephemeral Container")


def _required(field: str) -> Cause:
    return {"reason": "FieldValueRequired", "field": field, "message": "Required value"}


def _forbidden(field: str, why: str) -> Cause:
    return {"reason": "FieldValueForbidden", "field": field, "message": f"Forbidden: {why}"}


_LIST = "ephemeralContainers"
_CHECKS: Mapping[str, Callable[[Json, Json, Json], Iterator[Cause]]] = {
    RESIZE: _resize,
    EPHEMERAL: _ephemeral,
}
