"""OpenAPI v3 of one group and version: its paths, and the schemas of its kinds.

Patches name no media types: clients then merge lists as their own types say, and need no more.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

from sandbox.kubernetes_api.discovery import VERSION
from sandbox.kubernetes_api.fields import section, values
from sandbox.kubernetes_api.kinds import Kind, Kinds
from sandbox.kubernetes_api.models import EMBEDDED, OBJECT_META, REF, model_schema, reference
from sandbox.kubernetes_api.schemas import component_of

Json = dict[str, Any]
SchemaOf = Callable[[Kind], Json]

_METHODS = {
    "list": ("get", ""),
    "create": ("post", ""),
    "get": ("get", "/{name}"),
    "update": ("put", "/{name}"),
    "patch": ("patch", "/{name}"),
    "delete": ("delete", "/{name}"),
}
_WRITING = frozenset({"create", "update", "patch"})


def legacy() -> bytes:
    """The OpenAPI v2 document, of no kind at all, as protobuf.

    Clients look into it for what they miss in v3, and trust the server where it says nothing.
    """
    title, version = b"Midwatch practice cluster", str(VERSION["gitVersion"]).encode()
    info = _text_field(1, title) + _text_field(2, version)
    return _text_field(1, b"2.0") + _text_field(2, info)


def _text_field(number: int, told: bytes) -> bytes:
    return bytes([number << 3 | 2, len(told)]) + told


def index(kinds: Kinds) -> Json:
    places = [
        _place(group, version) for group, found in kinds.groups().items() for version in found
    ]
    return {"paths": {place: {"serverRelativeURL": f"/openapi/v3/{place}"} for place in places}}


def group_version(kinds: Kinds, place: str, schema_of: SchemaOf) -> Json | None:
    for group, versions in kinds.groups().items():
        for version, found in versions.items():
            if _place(group, version) == place:
                return {
                    "openapi": "3.0.0",
                    "info": {
                        "title": "Midwatch practice cluster",
                        "version": VERSION["gitVersion"],
                    },
                    "paths": _paths(found),
                    "components": {"schemas": _schemas(found, schema_of)},
                }
    return None


def _place(group: str, version: str) -> str:
    return f"apis/{group}/{version}" if group else f"api/{version}"


def _paths(kinds: Iterable[Kind]) -> Json:
    paths: Json = {}
    for kind in kinds:
        namespace = "namespaces/{namespace}/" if kind.namespaced else ""
        root = f"/{_place(kind.group, kind.version)}/{namespace}{kind.plural}"
        for verb in _METHODS.keys() & set(kind.verbs):
            method, name = _METHODS[verb]
            paths.setdefault(root + name, {})[method] = _operation(kind, verb)
    return paths


def _operation(kind: Kind, verb: str) -> Json:
    names = ("dryRun", "fieldManager", "fieldValidation") if verb in _WRITING else ()
    names = (*names, "force") if verb == "patch" else names
    content = {"application/json": {"schema": reference(component_of(kind))}}
    return {
        "x-kubernetes-action": verb,
        "x-kubernetes-group-version-kind": _about(kind),
        "parameters": [
            {"name": name, "in": "query", "schema": {"type": "string"}} for name in names
        ],
        "responses": {"200": {"description": "OK", "content": content}},
    }


def _about(kind: Kind) -> Json:
    return {"group": kind.group, "version": kind.version, "kind": kind.kind}


def _schemas(kinds: Iterable[Kind], schema_of: SchemaOf) -> Json:
    """Those of the kinds, and of all that these refer to."""
    found: Json = {}
    for kind in kinds:
        whole = schema_of(kind)
        about = whole.get("description", "")
        found[component_of(kind)] = {
            **_told(whole),
            "description": about,
            "x-kubernetes-group-version-kind": [_about(kind)],
        }
    missing = set(_references(found)) - found.keys()
    while missing:
        for name in missing:
            found[name] = _of_type(name)
        missing = {name for new in missing for name in _references(found[new])} - found.keys()
    return found


def _of_type(name: str) -> Json:
    """What it is for is said wherever it is referred to, so that lists of fields say it too."""
    told = cast("Json", _told(model_schema(name)))
    return {k: v for k, v in told.items() if k != "description" or name == OBJECT_META}


def _told(schema: Any) -> Any:
    """A schema whose references carry the description of what they refer to."""
    if isinstance(schema, list):
        return [_told(one) for one in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    about = cast("Json", schema)
    if about.get("x-kubernetes-embedded-resource") is True:
        known, needed = section(about, "properties"), values(about, "required")
        both = {**known, **{name: one for name, one in EMBEDDED.items() if name not in known}}
        needed = sorted({*needed, "apiVersion", "kind"})
        about = {**about, "properties": both, "required": needed}
    told = {key: _told(value) for key, value in about.items()}
    if name := _referred(told):
        del told["$ref"]
        of_type = {"description": (model_schema(name) or {}).get("description", "")}
        told = {**of_type, **told, "allOf": [reference(name)]}
    return told


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for one in cast("list[Any]", schema):
            yield from _references(one)
    elif isinstance(schema, dict):
        about = cast("Json", schema)
        if name := _referred(about):
            yield name
        for value in about.values():
            yield from _references(value)


def _referred(schema: Json) -> str:
    """Whom a schema refers to; "" for none. A field may itself be called $ref."""
    name = schema.get("$ref")
    return name.removeprefix(REF) if isinstance(name, str) else ""
