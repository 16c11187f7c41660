"""Values of the wrong type in an object of a standard kind, refused as a decoder refuses them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import orjson

from sandbox.kubernetes_api.calls import Call
from sandbox.kubernetes_api.fields import section
from sandbox.kubernetes_api.kinds import Kind
from sandbox.kubernetes_api.quantities import QUANTITIES, is_quantity
from sandbox.kubernetes_api.schemas import resolved
from sandbox.kubernetes_api.strictness import undecodable

Json = dict[str, Any]

_FOUND: dict[type[Any], str] = {
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
WHOLE = frozenset({"int32", "int64"})
# Texts with a type of their own in Go.
CHOICES = {
    "dnsPolicy": "v1.DNSPolicy",
    "imagePullPolicy": "v1.PullPolicy",
    "protocol": "v1.Protocol",
    "restartPolicy": "v1.RestartPolicy",
    "terminationMessagePolicy": "v1.TerminationMessagePolicy",
}
_YEAR = re.compile(r"\d{4}", re.ASCII)
_LONG = frozenset(
    {
        "activeDeadlineSeconds", "gracePeriodSeconds", "terminationGracePeriodSeconds",
        "tolerationSeconds", "expirationSeconds", "startingDeadlineSeconds", "runAsUser",
        "runAsGroup", "fsGroup", "observedGeneration", "generation",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Mistyped:
    """What is wrong, whose field it is, where, what it should be, and what is said if not that."""

    value: Any
    owner: str
    steps: tuple[str, ...]
    wanted: str
    said: str = ""


def check_types(call: Call, one: Json, kind: Kind, schema: Json) -> None:
    for wrong in mistyped(one, schema, kind.kind):
        place, wanted = f"{wrong.owner}.{'.'.join(wrong.steps)}", wrong.wanted
        found = _found(wrong.value)
        if wanted in WHOLE and isinstance(wrong.value, float):
            found = f"number {wrong.value}"
        about = ""
        if call.verb == "patch" and wrong.steps in (("apiVersion",), ("kind",)):
            place, about = f".{wrong.steps[0]}", "couldn't get version/kind; json parse error: "
        told = f"json: cannot unmarshal {found} into Go struct field {place} of type {wanted}"
        why = f"{about}{told}" if wanted else wrong.said
        raise undecodable(call, kind, why, patched=orjson.dumps(one).decode())


def mistyped(
    value: Any, schema: Json, owner: str, steps: tuple[str, ...] = ()
) -> Iterator[Mistyped]:
    """Every value that is not of the type its schema tells."""
    about = resolved(schema)
    # A resolved reference is a type of its own; all else belongs to the type around it.
    name = str(schema.get("$ref", "")).rpartition(".")[2]
    wanted = about.get("type")
    if value is None:
        return
    if told := _special(value, name or str(about.get("format"))):
        yield Mistyped(value, owner, steps, *told)
    if not isinstance(wanted, str):
        return
    if not _fits(value, wanted):
        yield Mistyped(value, owner, steps, _go_type(schema, about, steps))
        return
    yield from _inside(value, about, name or owner, steps)


def _inside(value: Any, about: Json, owner: str, steps: tuple[str, ...]) -> Iterator[Mistyped]:
    if isinstance(value, list):
        for entry in cast("list[Any]", value):
            yield from mistyped(entry, section(about, "items"), owner, steps)
    if isinstance(value, dict):
        known, more = section(about, "properties"), about.get("additionalProperties")
        free = cast("Json", more) if isinstance(more, dict) else {}
        for key, entry in cast("Json", value).items():
            inner, place = known.get(key), (*steps, key) if key in known else steps
            yield from mistyped(entry, inner or free, owner, place)


def _special(value: Any, name: str) -> tuple[str, str] | None:
    """What is wanted, and what is said, of values that read themselves from a text."""
    if name == "IntOrString" and isinstance(value, bool | list | dict):
        found = _found(cast("object", value))
        return "int32", f"json: cannot unmarshal {found} into Go value of type int32"
    if name == "Quantity" and not is_quantity(value):
        return "", QUANTITIES
    if name == "date-time" and isinstance(value, str) and not _YEAR.match(value):
        layout = "2006-01-02T15:04:05Z07:00"
        return "", f'parsing time "{value}" as "{layout}": cannot parse "{value}" as "2006"'
    return None


def _found(value: object) -> str:
    return _FOUND.get(type(value), "null")


def _fits(value: Any, wanted: str) -> bool:
    fitting = _FITTING.get(wanted, (object,))
    is_flag = isinstance(value, bool)
    return isinstance(value, fitting) and (not is_flag or bool in fitting or object in fitting)


def _go_type(schema: Json, about: Json, steps: tuple[str, ...]) -> str:
    if name := str(schema.get("$ref", "")).rpartition(".")[2]:
        return f"v1.{name}"
    wanted = str(about["type"])
    if wanted == "string" and steps:
        return CHOICES.get(steps[-1], "string")
    if wanted == "integer" and steps and steps[-1] in _LONG:
        return "int64"
    if wanted == "array":
        return f"[]{_go_type(section(about, 'items'), resolved(section(about, 'items')), ())}"
    if wanted == "object":
        inner = about.get("additionalProperties")
        told = cast("Json", inner) if isinstance(inner, dict) else {"type": "string"}
        return f"map[string]{_go_type(told, resolved(told), ())}"
    return _GO.get(wanted, wanted)
