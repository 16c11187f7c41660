"""Lists whose entries are told apart hold none of them twice."""

from collections.abc import Iterator
from typing import Any, cast

from sandbox.kubernetes_api.patching.field_sets import (
    Path,
    entry_name,
    is_keyed,
    shown,
    value_name,
)
from sandbox.kubernetes_api.patching.layouts import Layout, Steps

Json = dict[str, Any]


def duplicates(one: Json, layout: Layout) -> Iterator[str]:
    """Where there is a second, and what it is: `.spec.ports: duplicate entries for key [port=80]`."""
    return _within(one, (), (), layout)


def _within(value: Any, path: Path, steps: Steps, layout: Layout) -> Iterator[str]:
    if isinstance(value, dict) and not layout.is_atomic(steps):
        for key, inner in cast("Json", value).items():
            yield from _within(inner, (*path, f"f:{key}"), (*steps, str(key)), layout)
    elif isinstance(value, list) and (names := _names(cast("list[Any]", value), steps, layout)):
        for number, name in enumerate(names):
            if name in names[:number]:
                yield f"{shown(path)}: duplicate entries for key {shown((name,))}"
        for name, entry in zip(names, cast("list[Any]", value), strict=True):
            yield from _within(entry, (*path, name), steps, layout)


def _names(value: list[Any], steps: Steps, layout: Layout) -> list[str]:
    if layout.is_set(steps):
        return [value_name(one) for one in value]
    if is_keyed(value, steps, layout):
        return [entry_name(one, steps, layout) for one in value]
    return []
