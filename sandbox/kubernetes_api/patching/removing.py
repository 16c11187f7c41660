"""Taking away the fields that nobody applies any more."""

from typing import Any, cast

from sandbox.kubernetes_api.patching.field_sets import entry_name, is_keyed, value_name
from sandbox.kubernetes_api.patching.layouts import Layout, Steps

Json = dict[str, Any]


def without(value: Any, gone: Json, kept: Json, steps: Steps, layout: Layout) -> Any:
    """`value` less the fields in `gone`, but for those in `kept`, both written as FieldsV1."""
    if isinstance(value, dict):
        return _mapping_without(cast("Json", value), gone, kept, steps, layout)
    told = cast("list[Any]", value)
    keyed = is_keyed(told, steps, layout)
    result: list[Any] = []
    for entry in told:
        name = entry_name(entry, steps, layout) if keyed else value_name(entry)
        if name not in gone:
            result.append(entry)
        elif name in kept:
            rest = without(entry, gone[name], kept[name], steps, layout) if keyed else entry
            result.append(rest)
    return result


def _mapping_without(value: Json, gone: Json, kept: Json, steps: Steps, layout: Layout) -> Json:
    result = dict(value)
    for name, inner in gone.items():
        key = name.removeprefix("f:")
        if not name.startswith("f:") or key not in result:
            continue
        if inner and isinstance(result[key], (dict, list)):
            left = without(result[key], inner, kept.get(name) or {}, (*steps, key), layout)
            if left or name in kept:
                result[key] = left
            else:
                del result[key]
        elif name not in kept:
            del result[key]
    return result
