"""OpenAPI schemas laid out flat, so that those of two servers can be laid side by side."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

_NAMED = frozenset({"IntOrString", "Quantity"})


def kinds_of(document: Json) -> dict[tuple[str, str], Json]:
    """Version and kind → the schema of the whole object."""
    return {
        (about["version"], about["kind"]): one
        for one in document["components"]["schemas"].values()
        for about in one.get("x-kubernetes-group-version-kind", [])
    }


def fields_of(document: Json, name: str, schema: Json) -> dict[str, str]:
    """`Type.field` → its type, for all types that one kind is made of."""
    return dict(_fields(document, name, schema, set()))


def _fields(document: Json, name: str, schema: Json, seen: set[str]) -> Iterator[tuple[str, str]]:
    if name in seen:
        return
    seen.add(name)
    for field, told in schema.get("properties", {}).items():
        yield f"{name}.{field}", _type(document, told)
        inner_name, inner = _inmost(document, told)
        if "properties" in inner:
            yield from _fields(document, inner_name or f"{name}.{field}", inner, seen)


def _type(document: Json, schema: Json) -> str:
    name, told = _resolved(document, schema)
    if name in _NAMED:
        return name
    if "items" in told:
        return f"[]{_type(document, told['items'])}"
    if isinstance(told.get("additionalProperties"), dict):
        return f"map of {_type(document, told['additionalProperties'])}"
    return name if "properties" in told else told.get("type", "any")


def _inmost(document: Json, schema: Json) -> tuple[str, Json]:
    """The type that lists and maps are of."""
    name, told = _resolved(document, schema)
    if "items" in told:
        return _inmost(document, told["items"])
    more = told.get("additionalProperties")
    return _inmost(document, more) if isinstance(more, dict) else (name, told)


def _resolved(document: Json, schema: Json) -> tuple[str, Json]:
    """The schema that is referred to, and the last part of its name."""
    name = ""
    while "$ref" in schema or len(schema.get("allOf", [])) == 1:
        if "$ref" in schema:
            full = schema["$ref"].rpartition("/")[2]
            name, schema = full.rpartition(".")[2], document["components"]["schemas"][full]
        else:
            schema = schema["allOf"][0]
    return name, schema
