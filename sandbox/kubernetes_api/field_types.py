"""Values of the wrong type in an object of a standard kind, refused as a decoder refuses them."""

from collections.abc import Iterator
from typing import Any, cast

import orjson

from sandbox.kubernetes_api.calls import Call
from sandbox.kubernetes_api.fields import section
from sandbox.kubernetes_api.kinds import Kind
from sandbox.kubernetes_api.schemas import resolved
from sandbox.kubernetes_api.strictness import undecodable

Json = dict[str, Any]

_FOUND = {
    str: "string",
    bool: "bool",
    int: "number",
    float: "number",
    list: "array",
    dict: "object",
}
_FITTING: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}
_GO = {"string": "string", "boolean": "bool", "integer": "int32", "number": "float64"}
_LONG = frozenset(
    {
        "activeDeadlineSeconds", "gracePeriodSeconds", "terminationGracePeriodSeconds",
        "tolerationSeconds", "expirationSeconds", "startingDeadlineSeconds", "runAsUser",
        "runAsGroup", "fsGroup", "observedGeneration", "generation",
    }
)  # fmt: skip


def check_types(call: Call, one: Json, kind: Kind, schema: Json) -> None:
    for value, owner, steps, wanted in _mistyped(one, schema, kind.kind, ()):
        found = _FOUND.get(cast("type[Any]", type(value)), "null")
        place = f"{owner}.{'.'.join(steps)}"
        why = f"json: cannot unmarshal {found} into Go struct field {place} of type {wanted}"
        raise undecodable(call, kind, why, patched=orjson.dumps(one).decode())


def _mistyped(
    value: Any, schema: Json, owner: str, steps: tuple[str, ...]
) -> Iterator[tuple[Any, str, tuple[str, ...], str]]:
    """What is wrong, whose field it is, where, and what it should be."""
    about = resolved(schema)
    # A resolved reference is a type of its own; all else belongs to the type around it.
    own = str(schema.get("$ref", "")).rpartition(".")[2] or owner
    wanted = about.get("type")
    if value is None or not isinstance(wanted, str):
        return
    if not _fits(value, wanted):
        yield value, owner, steps, _go_type(schema, about, steps)
        return
    if isinstance(value, list):
        for entry in cast("list[Any]", value):
            yield from _mistyped(entry, section(about, "items"), own, steps)
    if isinstance(value, dict):
        known, more = section(about, "properties"), about.get("additionalProperties")
        free = cast("Json", more) if isinstance(more, dict) else {}
        for name, entry in cast("Json", value).items():
            inner, place = known.get(name), (*steps, name) if name in known else steps
            yield from _mistyped(entry, inner or free, own, place)


def _fits(value: Any, wanted: str) -> bool:
    fitting = _FITTING.get(wanted, (object,))
    is_flag = isinstance(value, bool)
    return isinstance(value, fitting) and (not is_flag or bool in fitting or object in fitting)


def _go_type(schema: Json, about: Json, steps: tuple[str, ...]) -> str:
    if name := str(schema.get("$ref", "")).rpartition(".")[2]:
        return f"v1.{name}"
    wanted = str(about["type"])
    if wanted == "integer" and steps and steps[-1] in _LONG:
        return "int64"
    if wanted == "array":
        return f"[]{_go_type(section(about, 'items'), resolved(section(about, 'items')), ())}"
    if wanted == "object":
        inner = about.get("additionalProperties")
        told = cast("Json", inner) if isinstance(inner, dict) else {"type": "string"}
        return f"map[string]{_go_type(told, resolved(told), ())}"
    return _GO.get(wanted, wanted)
