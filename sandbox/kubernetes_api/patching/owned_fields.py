"""Which fields a configuration names, written as `managedFields` writes them (FieldsV1)."""

from typing import Any, cast

import orjson

from sandbox.kubernetes_api.fields import section
from sandbox.kubernetes_api.patching.lists import entry_keys, is_set

Json = dict[str, Any]
Path = tuple[str, ...]

# No manager owns what identifies the object.
_IDENTITY = frozenset({"apiVersion", "kind"})
_IDENTITY_METADATA = frozenset(
    {
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "managedFields",
    }
)


def owned_fields(config: Json, *, kind: str) -> Json:
    """The set of fields that `config` names; a leaf is an empty mapping."""
    named = {key: value for key, value in config.items() if key not in _IDENTITY}
    about = section(named, "metadata").items()
    metadata = {key: value for key, value in about if key not in _IDENTITY_METADATA}
    named = {key: value for key, value in named.items() if key != "metadata"}
    return _fields({"metadata": metadata, **named} if metadata else named, (), kind)


def entry_name(entry: Json, keys: Path) -> str:
    """How a list entry is told apart: `k:{"name":"app"}`. An absent protocol is TCP."""
    found = {key: entry.get(key, "TCP" if key == "protocol" else None) for key in keys}
    return "k:" + orjson.dumps(found, option=orjson.OPT_SORT_KEYS).decode()


def without(value: Any, gone: Json, kept: Json, path: Path, kind: str) -> Any:
    """`value` less the fields in `gone`, but for those in `kept`."""
    if isinstance(value, dict):
        return _mapping_without(cast("Json", value), gone, kept, path, kind)
    keys = entry_keys(kind, path)
    result: list[Any] = []
    for entry in cast("list[Any]", value):
        is_named = keys and isinstance(entry, dict)
        name = entry_name(cast("Json", entry), keys) if is_named else _value_name(entry)
        if name not in gone:
            result.append(entry)
        elif name in kept:
            result.append(without(entry, gone[name], kept[name], path, kind) if keys else entry)
    return result


def _mapping_without(value: Json, gone: Json, kept: Json, path: Path, kind: str) -> Json:
    result = dict(value)
    for name, inner in gone.items():
        key = name.removeprefix("f:")
        if not name.startswith("f:") or key not in result:
            continue
        if inner and isinstance(result[key], (dict, list)):
            left = without(result[key], inner, kept.get(name) or {}, (*path, key), kind)
            if left or name in kept:
                result[key] = left
            else:
                del result[key]
        elif name not in kept:
            del result[key]
    return result


def _fields(value: Any, path: Path, kind: str) -> Json:
    if isinstance(value, dict):
        return {
            f"f:{key}": _fields(one, (*path, key), kind) for key, one in cast("Json", value).items()
        }
    if isinstance(value, list) and path:
        entries = cast("list[Any]", value)
        if is_set(path):
            return {_value_name(entry): {} for entry in entries}
        keys = entry_keys(kind, path)
        if keys and all(isinstance(entry, dict) for entry in entries):
            return {
                entry_name(entry, keys): {".": {}, **_fields(entry, path, kind)}
                for entry in entries
            }
    return {}


def _value_name(value: Any) -> str:
    return "v:" + orjson.dumps(value).decode()
