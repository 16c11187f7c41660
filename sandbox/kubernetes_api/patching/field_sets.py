"""Sets of fields, and their form in `managedFields` (FieldsV1).

A path is `("f:spec", "f:containers", 'k:{"name":"app"}', "f:image")`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import orjson

from sandbox.kubernetes_api.fields import section
from sandbox.kubernetes_api.patching.layouts import Layout, Steps

Json = dict[str, Any]
Path = tuple[str, ...]
Fields = frozenset[Path]

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
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
        "managedFields",
    }
)
# Parts that are there in every object, so that nobody can have added them.
_ALWAYS_THERE = frozenset(
    f"f:{name}"
    for name in (
        "containers",
        "jobTemplate",
        "metadata",
        "spec",
        "status",
        "strategy",
        "template",
        "updateStrategy",
    )
)


@dataclass(frozen=True, slots=True)
class Difference:
    """Between two states of one object."""

    written: Fields  # new, or with another value than before
    removed: Fields


def difference(before: Json, after: Json, layout: Layout) -> Difference:
    old, new = dict(_fields(before, layout)), dict(_fields(after, layout))
    written = {
        path
        for path, value in new.items()
        if path not in old or (old[path] is not value and old[path] != value)
    }
    own = {p for p in written if not (new[p] is dict or new[p] is list) or not _always_there(p)}
    return Difference(frozenset(own), frozenset(old.keys() - new.keys()))


def named_fields(config: Json, layout: Layout) -> Fields:
    """What whoever applies `config` owns: its values and entries, not the mappings around them."""
    found = dict(_fields(config, layout))
    around = {path[:-1] for path in found}
    return frozenset(
        path
        for path, value in found.items()
        if path not in around or value not in (dict, list) or path[-1][:2] in {"k:", "v:"}
    )


def encoded(fields: Iterable[Path]) -> Json:
    """As FieldsV1: a field owned beside fields inside it is marked with a dot."""
    tree: Json = {}
    for path in sorted(fields, key=len, reverse=True):
        node = tree
        for step in path:
            node = node.setdefault(step, {})
        if node:
            node["."] = {}
    return _in_order(tree)


def decoded_fields(told: Json) -> Fields:
    return frozenset(_members(told, ()))


def entry_name(entry: Json, steps: Steps, layout: Layout) -> str:
    """How a list entry is told apart: `k:{"name":"app"}`."""
    found = {key: entry.get(key, layout.default(steps, key)) for key in layout.keys(steps)}
    return "k:" + orjson.dumps(found, option=orjson.OPT_SORT_KEYS).decode()


def value_name(value: Any) -> str:
    return "v:" + orjson.dumps(value).decode()


def shown(path: Path) -> str:
    """As messages write it: `.spec.containers[name="app"].image`."""
    return "".join(_shown_step(step) for step in path)


def _shown_step(step: str) -> str:
    kind, told = step[:2], step[2:]
    if kind == "f:":
        return f".{told}"
    if kind == "v:":
        return f"[={told}]"
    keys = orjson.loads(told).items()
    return "[" + ",".join(f"{key}={orjson.dumps(value).decode()}" for key, value in keys) + "]"


def _always_there(path: Path) -> bool:
    return path[-1] in _ALWAYS_THERE


def _fields(one: Json, layout: Layout) -> Iterator[tuple[Path, Any]]:
    """Every field and its value; `dict` or `list` stands for one that is merged by entry."""
    for key, value in one.items():
        if key == "metadata":
            metadata = section(one, "metadata").items()
            about = {k: v for k, v in metadata if k not in _IDENTITY_METADATA}
            inner = _visited(about, ("f:metadata",), ("metadata",), layout)
            yield from (found for found in inner if found[0] != ("f:metadata",))
        elif key not in _IDENTITY:
            yield from _visited(value, (f"f:{key}",), (key,), layout)


def _visited(value: Any, path: Path, steps: Steps, layout: Layout) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, dict) and not layout.is_atomic(steps):
        yield path, dict
        for key, one in cast("Json", value).items():
            yield from _visited(one, (*path, f"f:{key}"), (*steps, str(key)), layout)
    elif isinstance(value, list) and layout.is_set(steps):
        yield path, list
        yield from (((*path, value_name(one)), one) for one in cast("list[Any]", value))
    elif isinstance(value, list) and is_keyed(cast("list[Any]", value), steps, layout):
        yield path, list
        for entry in cast("list[Json]", value):
            name = entry_name(entry, steps, layout)
            yield from _visited(entry, (*path, name), steps, layout)
    else:
        yield path, value


def is_keyed(value: list[Any], steps: Steps, layout: Layout) -> bool:
    """A list whose entries are told apart by keys, and all are such entries."""
    return bool(layout.keys(steps)) and all(isinstance(entry, dict) for entry in value)


def _members(node: Json, path: Path) -> Iterator[Path]:
    for step, inner in node.items():
        if step == ".":
            yield path
        elif not inner:
            yield (*path, step)
        elif isinstance(inner, dict):
            yield from _members(cast("Json", inner), (*path, step))


def _in_order(tree: Json) -> Json:
    return {step: _in_order(tree[step]) for step in sorted(tree)}
