"""The smallest strategic merge patch that makes one object of another, in the words of the API.

Which lists are merged, and by which key, is what the API's own types say (`patchMergeKey` in
k8s.io/api). Lists whose entries the key does not tell apart are replaced as a whole.
"""

from collections.abc import Sequence
from typing import Any, cast

from mcp_servers.facts.kubernetes import Json

# Field → the field that tells its entries apart in a strategic merge.
_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "imagePullSecrets": "name",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
    "ownerReferences": "uid",
    "resourceClaims": "name",
    "schedulingGates": "name",
}
_PORTS = {"containers": "containerPort", "initContainers": "containerPort", "spec": "port"}
# A server takes whatever it finds in these lists for one of the same name, key or not.
_SETS = frozenset({"finalizers"})

Path = tuple[str, ...]
_ORDER = "$setElementOrder/"


def patch_between(before: Json, after: Json, kind: str = "") -> Json:
    """The strategic merge patch from `before` to `after`; {} when they are the same.

    Applied to `before` it gives exactly `after`, the order of merged lists included. `kind` is
    that of the objects; some lists are merged in one kind and replaced in another.
    """
    return _mapping(before, after, (), kind)


def merge_key(path: Path, kind: str) -> str:
    """The key by which a list is merged; "" for one that is replaced as a whole."""
    field = path[-1]
    if field == "ports":
        above = path[-2] if len(path) > 1 else ""
        return "" if kind == "NetworkPolicy" else _PORTS.get(above, "")
    if field == "imagePullSecrets" and kind == "ServiceAccount":
        return ""
    return _KEYS.get(field, "")


def _mapping(before: Json, after: Json, path: Path, kind: str) -> Json:
    patch: Json = {key: None for key in before if key not in after}
    for key, value in after.items():
        old = before.get(key)
        if key not in before or old is None:
            patch[key] = value
        elif old != value:
            patch.update(_field(key, old, value, (*path, key), kind))
    return {key: value for key, value in patch.items() if not _says_nothing(before, key, value)}


def _says_nothing(before: Json, key: str, value: Any) -> bool:
    return value is None and before.get(key) is None


def _field(key: str, old: Any, new: Any, path: Path, kind: str) -> Json:
    if isinstance(old, dict) and isinstance(new, dict):
        inner = _mapping(cast("Json", old), cast("Json", new), path, kind)
        return {key: inner} if inner else {}
    if isinstance(old, list) and isinstance(new, list):
        return _list(key, cast("list[Any]", old), cast("list[Any]", new), path, kind)
    return {key: new}


def _list(key: str, old: list[Any], new: list[Any], path: Path, kind: str) -> Json:
    by = merge_key(path, kind)
    if not by:
        return {key: new} if key not in _SETS else _set(key, old, new)
    if not _told_apart(old, by) or not _told_apart(new, by):
        return {key: [{"$patch": "replace"}, *new]}
    return _entries(key, cast("list[Json]", old), cast("list[Json]", new), by, path, kind)


def _set(key: str, old: list[Any], new: list[Any]) -> Json:
    gone = [one for one in old if one not in new]
    come = [one for one in new if one not in old]
    patch: Json = {f"$deleteFromPrimitiveList/{key}": gone} if gone else {}
    return {**patch, f"$setElementOrder/{key}": new, **({key: come} if come else {})}


def _told_apart(entries: Sequence[Any], by: str) -> bool:
    names = [cast("Json", one).get(by) if isinstance(one, dict) else None for one in entries]
    return None not in names and len({str(name) for name in names}) == len(names)


def _entries(key: str, old: list[Json], new: list[Json], by: str, path: Path, kind: str) -> Json:
    known = {one[by]: one for one in old}
    wanted = [one[by] for one in new]
    patch: list[Json] = []
    for one in new:
        before = known.get(one[by])
        if before is None:
            patch.append(one)
        elif changed := _mapping(before, one, path, kind):
            patch.append({by: one[by], **changed})
    patch += [{by: name, "$patch": "delete"} for name in known if name not in wanted]
    if list(known) == wanted:
        return {key: patch}
    # A server puts entries it did not know first; the order says where they belong.
    return {f"$setElementOrder/{key}": [{by: name} for name in wanted], key: patch}


def patched(before: Json, patch: Json, kind: str = "") -> Json:
    """What a patch of `patch_between` makes of an object, as the API server would.

    It knows the directives that such patches hold (delete, replace, the order of a list) and no
    others; neither argument is altered.
    """
    return _applied(before, patch, (), kind)


def _applied(before: Json, patch: Json, path: Path, kind: str) -> Json:
    result = dict(before)
    for key, value in patch.items():
        if key.startswith("$"):
            continue
        old = result.get(key)
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            held = cast("Json", old) if isinstance(old, dict) else {}
            result[key] = _applied(held, cast("Json", value), (*path, key), kind)
        elif isinstance(value, list):
            held_list = cast("list[Any]", old) if isinstance(old, list) else []
            order = patch.get(f"{_ORDER}{key}")
            new_list = cast("list[Any]", value)
            result[key] = _applied_list(held_list, new_list, order, (*path, key), kind)
        else:
            result[key] = value
    return result


def _applied_list(
    old: list[Any], new: list[Any], order: list[Any] | None, path: Path, kind: str
) -> list[Any]:
    by = merge_key(path, kind)
    if not by:
        return new
    if any(one == {"$patch": "replace"} for one in new):
        return [one for one in new if one != {"$patch": "replace"}]
    merged = {one[by]: one for one in cast("list[Json]", old)}
    for one in cast("list[Json]", new):
        if one.get("$patch") == "delete":
            merged.pop(one[by], None)
        else:
            merged[one[by]] = _applied(merged.get(one[by], {}), one, path, kind)
    if order is None:
        return list(merged.values())
    places = {one[by]: n for n, one in enumerate(cast("list[Json]", order))}
    return sorted(merged.values(), key=lambda one: places.get(one[by], len(places)))
