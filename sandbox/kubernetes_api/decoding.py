"""The shape every object has, checked as a real server does when it decodes a body."""

from typing import Any, cast

from sandbox.kubernetes_api.fields import section
from sandbox.kubernetes_api.kinds import Kind
from sandbox.kubernetes_api.statuses import Refusal, bad_request

Json = dict[str, Any]

_TEXT_FIELDS = (
    "name", "generateName", "namespace", "uid", "resourceVersion", "creationTimestamp",
    "deletionTimestamp",
)  # fmt: skip
_NAMES = {
    str: "string",
    bool: "bool",
    int: "number",
    float: "number",
    list: "array",
    dict: "object",
}


def decoded(told: Any, kind: Kind) -> Json:
    """`told` as an object of this kind, nulls in its metadata dropped. Refused if it has another shape."""
    if not isinstance(told, dict):
        raise _mismatch(kind, told, "value", kind.kind)
    one = {key: value for key, value in cast("Json", told).items() if value is not None}
    for field in ("metadata", "spec", "status"):
        if not isinstance(one.get(field, {}), dict):
            raise _mismatch(kind, one[field], f"struct field {kind.kind}.{field}", "object")
    for field, expected in (("apiVersion", kind.group_version), ("kind", kind.kind)):
        if not isinstance(one.setdefault(field, expected), str):
            raise _mismatch(kind, one[field], f"struct field {kind.kind}.{field}", "string")
    one["metadata"] = _metadata(section(one, "metadata"), kind)
    return one


def _metadata(told: Json, kind: Kind) -> Json:
    metadata = {key: value for key, value in told.items() if value is not None}
    for field in _TEXT_FIELDS:
        _expect_text(kind, field, metadata.get(field, ""))
    for field in ("labels", "annotations"):
        named = metadata.get(field, {})
        if not isinstance(named, dict):
            raise _mismatch(kind, named, _place(field), "map[string]string")
        for text in cast("Json", named).values():
            _expect_text(kind, field, text)
    for field, inner in (("finalizers", str), ("ownerReferences", dict), ("managedFields", dict)):
        _expect_list(kind, field, metadata.get(field, []), inner)
    return metadata


def _expect_list(kind: Kind, field: str, value: Any, inner: type[Any]) -> None:
    if not isinstance(value, list):
        raise _mismatch(kind, value, _place(field), "array")
    for entry in cast("list[Any]", value):
        if not isinstance(entry, inner):
            raise _mismatch(kind, entry, _place(field), _NAMES[inner])


def _expect_text(kind: Kind, field: str, value: Any) -> None:
    if not isinstance(value, str):
        raise _mismatch(kind, value, _place(field), "string")


def _place(field: str) -> str:
    return f"struct field ObjectMeta.metadata.{field}"


def _mismatch(kind: Kind, value: Any, place: str, wanted: str) -> Refusal:
    found = _NAMES.get(cast("type[Any]", type(value)), "null")
    return bad_request(
        f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: '
        f"json: cannot unmarshal {found} into Go {place} of type {wanted}"
    )
