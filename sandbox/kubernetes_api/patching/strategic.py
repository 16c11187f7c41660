"""Strategic merge patch: a merge patch that knows which lists are merged by key."""

from typing import Any, cast

from sandbox.kubernetes_api.fields import at, values
from sandbox.kubernetes_api.patching.lists import is_set, merge_key
from sandbox.kubernetes_api.patching.printing import go_printed
from sandbox.kubernetes_api.statuses import Refusal

Json = dict[str, Any]
Path = tuple[str, ...]

_DELETE_VALUES = "$deleteFromPrimitiveList/"
_ORDER = "$setElementOrder/"
_DIRECTIVE, _RETAIN = "$patch", "$retainKeys"


def strategically_merged(original: Json, patch: Json, *, kind: str) -> Json:
    """`original` with `patch` merged in, its `$` directives obeyed."""
    return _mapping(original, patch, (), kind)


def _mapping(original: Json, patch: Json, path: Path, kind: str) -> Json:
    result = _start(original, patch)
    for key, value in patch.items():
        if key.startswith(_DELETE_VALUES):
            _remove_values(result, key.removeprefix(_DELETE_VALUES), value)
        elif not key.startswith("$"):
            _put(result, key, value, (*path, key), kind)
    for key, order in patch.items():
        if key.startswith(_ORDER):
            _reorder(result, key.removeprefix(_ORDER), order, path, kind)
    return result


def _start(original: Json, patch: Json) -> Json:
    """What the fields of `patch` are merged into."""
    directive = patch.get(_DIRECTIVE, "merge")
    if directive not in {"delete", "replace", "merge"}:
        told = f"unknown patch type: {directive} in map: {go_printed(patch)}"
        raise Refusal(500, "", told)
    if directive != "merge":
        return {}
    retained = patch.get(_RETAIN, original)
    return {key: value for key, value in original.items() if key in retained}


def _put(result: Json, key: str, value: Any, path: Path, kind: str) -> None:
    before = result.get(key)
    if value is None:
        result.pop(key, None)
    elif isinstance(value, dict):
        patch = cast("Json", value)
        if patch.get(_DIRECTIVE) == "delete":
            result.pop(key, None)
        else:
            result[key] = _mapping(
                cast("Json", before) if isinstance(before, dict) else {}, patch, path, kind
            )
    elif isinstance(value, list):
        known = cast("list[Any]", before) if isinstance(before, list) else []
        result[key] = _list(known, cast("list[Any]", value), path, kind)
    else:
        result[key] = value


def _list(original: list[Any], patch: list[Any], path: Path, kind: str) -> list[Any]:
    key = merge_key(kind, path)
    if key and all(isinstance(entry, dict) for entry in (*original, *patch)):
        return _entries(original, cast("list[Json]", patch), key, path, kind)
    if key and original and patch:
        told = f"list element types are not identical: [{go_printed(original)} {go_printed(patch)}]"
        raise Refusal(500, "", told)
    if is_set(path):
        return [*original, *(value for value in patch if value not in original)]
    return patch


def _entries(
    original: list[Json], patch: list[Json], key: str, path: Path, kind: str
) -> list[Json]:
    if any(entry.get(_DIRECTIVE) == "replace" and key not in entry for entry in patch):
        return [entry for entry in patch if _DIRECTIVE not in entry]  # as they are, doubles too
    result = list(original)
    for entry in patch:
        if key not in entry:
            told = f"map: {go_printed(entry)} does not contain declared merge key: {key}"
            raise Refusal(500, "", told)
        place = _place(result, key, entry[key])
        if entry.get(_DIRECTIVE) == "delete":
            result = [one for one in result if one.get(key) != entry[key]]
        elif place is None:
            result.append(_mapping({}, entry, path, kind))
        else:
            result[place] = _mapping(result[place], entry, path, kind)
    return result


def _place(entries: list[Json], key: str, value: Any) -> int | None:
    return next((n for n, entry in enumerate(entries) if entry.get(key) == value), None)


def _remove_values(result: Json, key: str, values: list[Any]) -> None:
    if isinstance(result.get(key), list):
        result[key] = [value for value in result[key] if value not in values]


def _reorder(result: Json, field: str, order: list[Any], path: Path, kind: str) -> None:
    """Entries in the order told; those not told of keep their place after them."""
    key = merge_key(kind, (*path, field))
    told = [_name(one, key) for one in order]

    def rank(entry: Any) -> int:
        name = _name(entry, key)
        return told.index(name) if name in told else len(told)

    if field in result:
        result[field] = sorted(values(result, field), key=rank)


def _name(entry: Any, key: str) -> Any:
    return at(entry, key) if isinstance(entry, dict) else entry
