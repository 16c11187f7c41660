"""Server-side apply: the named fields are set; those a manager no longer names go away.

Conflicts between managers are not detected: every apply acts as if it were forced, and the
answer says so in a warning.
"""

from typing import Any, cast

from sandbox.kubernetes_api.fields import entries, section
from sandbox.kubernetes_api.patching.lists import entry_keys, is_set
from sandbox.kubernetes_api.patching.owned_fields import entry_name, owned_fields, without

Json = dict[str, Any]
Path = tuple[str, ...]


def applied(original: Json | None, config: Json, *, kind: str, manager: str, at: str) -> Json:
    """`config` applied by `manager` to the object, or to nothing. `at` is written as the time."""
    before: Json = original or {}
    managers = entries(before, "metadata", "managedFields")
    others = [entry for entry in managers if not _is_own(entry, manager)]
    own = section([*(e for e in managers if _is_own(e, manager)), {}][0], "fieldsV1")
    now = owned_fields(config, kind=kind)
    kept = _union(now, *(section(entry, "fieldsV1") for entry in others))
    left: Json = without(before, own, kept, (), kind) if own else before
    result = cast("Json", _merged(left, config, (), kind))
    entry = {
        "manager": manager,
        "operation": "Apply",
        "apiVersion": config["apiVersion"],
        "time": at,
        "fieldsType": "FieldsV1",
        "fieldsV1": now,
    }
    result["metadata"] = {**result["metadata"], "managedFields": [*others, entry]}
    return result


def _is_own(entry: Json, manager: str) -> bool:
    return entry.get("manager") == manager and entry.get("operation") == "Apply"


def _union(*sets: Json) -> Json:
    result: Json = {}
    for one in sets:
        for name, inner in one.items():
            result[name] = _union(result.get(name, {}), inner)
    return result


def _merged(original: Any, config: Any, path: Path, kind: str) -> Any:
    if isinstance(config, dict):
        result: Json = dict(cast("Json", original)) if isinstance(original, dict) else {}
        for key, value in cast("Json", config).items():
            result[key] = _merged(result.get(key), value, (*path, key), kind)
        return result
    told: Any = config
    if isinstance(config, list) and isinstance(original, list):
        return _merged_list(cast("list[Any]", original), cast("list[Any]", told), path, kind)
    return told


def _merged_list(original: list[Any], config: list[Any], path: Path, kind: str) -> list[Any]:
    if is_set(path):
        return [*original, *(value for value in config if value not in original)]
    keys = entry_keys(kind, path)
    if not keys or not all(isinstance(entry, dict) for entry in (*original, *config)):
        return config
    result = {entry_name(entry, keys): entry for entry in original}
    for entry in config:
        name = entry_name(entry, keys)
        result[name] = _merged(result.get(name), entry, path, kind)
    return list(result.values())
