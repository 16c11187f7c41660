"""Server-side apply: the named fields are set; those a manager no longer names go away."""

from collections.abc import Sequence
from typing import Any, cast

from sandbox.kubernetes_api.fields import entries, section
from sandbox.kubernetes_api.patching.field_sets import (
    Fields,
    Path,
    difference,
    encoded,
    entry_name,
    is_keyed,
    named_fields,
    shown,
)
from sandbox.kubernetes_api.patching.layouts import Layout, Steps
from sandbox.kubernetes_api.patching.ownership import Writer, in_order, less, owned
from sandbox.kubernetes_api.patching.removing import without
from sandbox.kubernetes_api.statuses import Refusal

Json = dict[str, Any]

# Owns what was there before anybody's fields were recorded.
_BEFORE = "before-first-apply"


def applied(
    original: Json | None,
    config: Json,
    *,
    writer: Writer,
    layout: Layout,
    force: bool = False,
    yielding: Fields = frozenset(),
) -> Json:
    """`config` applied to the object, or to nothing.

    Refused when a field gets another value than another manager gave it, unless forced or the
    field is among the `yielding` ones.
    """
    before: Json = original or {}
    managers = _managers(original, writer, layout)
    own = [entry for entry in managers if writer.wrote(entry, "Apply")]
    others = [entry for entry in managers if entry not in own]
    now = named_fields(config, layout)
    gone, kept = encoded(owned(own)), encoded(now | owned(others))
    after: Json = without(_merged(before, config, (), layout), gone, kept, (), layout)
    changes = difference(before, after, layout)
    contested = [(e, path) for e in others for path in sorted(owned([e]) & changes.written)]
    if not force and any(path not in yielding for _, path in contested):
        raise _conflicts([(e, path) for e, path in contested if path not in yielding])
    left = less(others, changes.written | changes.removed)
    entry = [writer.entry("Apply", now)] if now else []
    metadata = {**section(after, "metadata"), "managedFields": in_order([*left, *entry])}
    return {**after, "metadata": metadata}


def _managers(original: Json | None, writer: Writer, layout: Layout) -> list[Json]:
    known = entries(original, "metadata", "managedFields")
    if known or original is None:
        return known
    made = str(original["metadata"].get("creationTimestamp") or writer.at)
    before = Writer(_BEFORE, original["apiVersion"], made)
    return [before.entry("Update", difference({}, original, layout).written)]


def _conflicts(found: Sequence[tuple[Json, Path]]) -> Refusal:
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f"conflict with {_described(entry)}",
            "field": shown(path),
        }
        for entry, path in found
    ]
    return Refusal(409, "Conflict", _message(found), {"causes": causes})


def _message(found: Sequence[tuple[Json, Path]]) -> str:
    if len(found) == 1:
        [(entry, path)] = found
        return f"Apply failed with 1 conflict: conflict with {_described(entry)}: {shown(path)}"
    by_manager: dict[str, list[str]] = {}
    for entry, path in found:
        by_manager.setdefault(_described(entry), []).append(f"- {shown(path)}")
    told = [
        "\n".join((f"conflicts with {name}:", *paths)) for name, paths in sorted(by_manager.items())
    ]
    return f"Apply failed with {len(found)} conflicts: " + "\n".join(told)


def _described(entry: Json) -> str:
    name = f'"{entry.get("manager", "")}"'
    if entry.get("subresource"):
        name += f' with subresource "{entry["subresource"]}"'
    return f"{name} using {entry['apiVersion']}" if entry.get("operation") == "Update" else name


def _merged(original: Any, config: Any, steps: Steps, layout: Layout) -> Any:
    told: Any = config
    if isinstance(config, dict) and isinstance(original, dict) and not layout.is_atomic(steps):
        result: Json = dict(cast("Json", original))
        for key, value in cast("Json", config).items():
            result[key] = _merged(result.get(key), value, (*steps, str(key)), layout)
        return result
    if isinstance(config, list) and isinstance(original, list):
        return _merged_list(cast("list[Any]", original), cast("list[Any]", told), steps, layout)
    return told


def _merged_list(original: list[Any], config: list[Any], steps: Steps, layout: Layout) -> list[Any]:
    if layout.is_set(steps):
        return [*original, *(value for value in config if value not in original)]
    if not is_keyed([*original, *config], steps, layout):
        return config
    before = {entry_name(entry, steps, layout): entry for entry in original}
    told = {entry_name(entry, steps, layout): entry for entry in config}
    after = {name: _merged(before.get(name), entry, steps, layout) for name, entry in told.items()}
    return [({**before, **after})[name] for name in _order(list(before), list(told))]


def _order(before: list[str], told: list[str]) -> list[str]:
    """As told; entries that are not told of stay in front of what they stood in front of."""
    result: list[str] = []
    waiting = list(told)
    for name in before:
        if name not in told:
            result.append(name)
        elif name in waiting:
            place = waiting.index(name) + 1
            result += waiting[:place]
            waiting = waiting[place:]
    return [*result, *waiting]
