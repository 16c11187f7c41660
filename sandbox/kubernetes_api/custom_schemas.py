"""Custom objects by the schema of their definition: what it fills in, and what it refuses."""

import re
from collections.abc import Iterator
from typing import Any, cast

import orjson

from sandbox.kubernetes_api.fields import section, values

Json = dict[str, Any]
Cause = Json

_NAMES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array"}


def with_defaults(value: Any, schema: Json) -> Any:
    """The value with the defaults of every field that it lacks."""
    if isinstance(value, list):
        items = section(schema, "items")
        return [with_defaults(entry, items) for entry in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    told = dict(cast("Json", value))
    for name, inner in section(schema, "properties").items():
        if name not in told and "default" in inner:
            told[name] = inner["default"]
        if name in told:
            told[name] = with_defaults(told[name], inner)
    return told


def violations(value: Any, schema: Json, place: str = "") -> Iterator[Cause]:
    """What a schema says against a value."""
    wanted = schema.get("type")
    if value is None:
        return
    if isinstance(wanted, str) and not _is_of(value, wanted, schema):
        found = _NAMES.get(cast("type[Any]", type(value)), "object")
        why = f'{place} in body must be of type {wanted}: "{found}"'
        yield {**_wrong(place, f'"{found}"', why), "reason": "FieldValueTypeInvalid"}
        return
    yield from _of_value(value, schema, place)
    if isinstance(value, dict):
        yield from _of_object(cast("Json", value), schema, place)
    if isinstance(value, list):
        yield from _of_array(cast("list[Any]", value), schema, place)


def _is_of(value: Any, wanted: str, schema: Json) -> bool:
    if schema.get("x-kubernetes-int-or-string"):
        return isinstance(value, int | str)
    if isinstance(value, bool):
        return wanted == "boolean"
    kinds = {"string": str, "integer": int, "number": (int, float), "array": list, "object": dict}
    return wanted in kinds and isinstance(value, kinds[wanted])


def _of_value(value: Any, schema: Json, place: str) -> Iterator[Cause]:
    shown = orjson.dumps(value).decode()
    allowed = values(schema, "enum")
    if allowed and value not in allowed:
        told = ", ".join(orjson.dumps(one).decode() for one in allowed)
        message = f"Unsupported value: {shown}: supported values: {told}"
        yield {"reason": "FieldValueNotSupported", "field": place, "message": message}
    if isinstance(value, int | float) and not isinstance(value, bool):
        yield from _of_number(value, schema, place)
    if isinstance(value, str):
        yield from _of_text(value, schema, place)


def _of_number(value: float, schema: Json, place: str) -> Iterator[Cause]:
    least, most = schema.get("minimum"), schema.get("maximum")
    told = f"{place} in body should be"
    if least is not None and value < least:
        yield _wrong(place, str(value), f"{told} greater than or equal to {least}")
    if most is not None and value > most:
        yield _wrong(place, str(value), f"{told} less than or equal to {most}")


def _of_text(value: str, schema: Json, place: str) -> Iterator[Cause]:
    shown, pattern = orjson.dumps(value).decode(), schema.get("pattern")
    if len(value) < (schema.get("minLength") or 0):
        why = f"{place} in body should be at least {schema['minLength']} chars long"
        yield _wrong(place, shown, why)
    if len(value) > schema.get("maxLength", len(value)):
        message = f"Too long: may not be more than {schema['maxLength']} bytes"
        yield {"reason": "FieldValueTooLong", "field": place, "message": message}
    if pattern and not re.search(pattern, value):
        yield _wrong(place, shown, f"{place} in body should match '{pattern}'")


def _of_object(value: Json, schema: Json, place: str) -> Iterator[Cause]:
    known, more = section(schema, "properties"), section(schema, "additionalProperties")
    inside = f"{place}." if place else ""
    for name in values(schema, "required"):
        if name not in value:
            field = f"{inside}{name}"
            yield {"reason": "FieldValueRequired", "field": field, "message": "Required value"}
    for name, entry in value.items():
        yield from violations(entry, known.get(name) or more, f"{inside}{name}")


def _of_array(value: list[Any], schema: Json, place: str) -> Iterator[Cause]:
    if len(value) < (schema.get("minItems") or 0):
        why = f"{place} in body should have at least {schema['minItems']} items"
        yield _wrong(place, str(len(value)), why)
    if len(value) > schema.get("maxItems", len(value)):
        most = schema["maxItems"]
        message = f"Too many: {len(value)}: must have at most {most} items"
        yield {"reason": "FieldValueTooMany", "field": place, "message": message}
    for number, entry in enumerate(value):
        yield from violations(entry, section(schema, "items"), f"{place}[{number}]")


def _wrong(place: str, shown: str, why: str) -> Cause:
    message = f"Invalid value: {shown}: {why}"
    return {"reason": "FieldValueInvalid", "field": place, "message": message}
