"""Values of the wrong type in a strategic patch, refused in the words of a real server.

It does not decode what such a patch makes of an object, it converts it, and shows the patch as Go
prints it.
"""

from typing import Any, cast

import orjson

from sandbox.kubernetes_api.field_types import CHOICES, WHOLE, mistyped
from sandbox.kubernetes_api.kinds import Kind
from sandbox.kubernetes_api.patching import go_printed
from sandbox.kubernetes_api.statuses import Refusal

Json = dict[str, Any]

_KINDS: dict[type[Any], str] = {
    str: "string", bool: "bool", int: "int64", float: "float64", list: "slice", dict: "map"
}  # fmt: skip
_TEXTS = frozenset({"string", *CHOICES.values()})


def whole_numbers(value: Any) -> Any:
    """The same with numbers that have nothing behind their point as whole ones."""
    if isinstance(value, dict):
        return {name: whole_numbers(one) for name, one in cast("Json", value).items()}
    if isinstance(value, list):
        return [whole_numbers(one) for one in cast("list[Any]", value)]
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < 2**63
    return int(value) if is_whole else value


def check_converted(patch: Json, after: Json, kind: Kind, schema: Json) -> None:
    """Refused if what the patch made cannot be an object of its kind."""
    for wrong in mistyped(after, schema, kind.kind):
        why = wrong.said or _why(wrong.value, wrong.wanted)
        shown = orjson.dumps(go_printed(patch)).decode()
        message = f"Invalid value: {shown}: {why}"
        cause = {"reason": "FieldValueInvalid", "message": message, "field": "patch"}
        raise Refusal(422, "Invalid", f' "" is invalid: patch: {message}', {"causes": [cause]})


def _why(value: object, wanted: str) -> str:
    found = _KINDS.get(type(value), "nil")
    if wanted.startswith("[]"):
        return f"cannot restore slice from {found}"
    if wanted.startswith("map["):
        return f"cannot restore map from {found}"
    if wanted in _TEXTS:
        return (
            f"cannot convert int64 to {wanted}" if found == "int64" else "unrecognized type: string"
        )
    if wanted.startswith("v1.") or wanted == "object":
        return f"cannot restore struct from: {found}"
    if found == "float64" and wanted in WHOLE:
        return f"cannot convert float64 to {wanted}"
    return f"unrecognized type: {wanted}"
