"""Fields that a body tells twice. The last one counts, which is seldom what its author meant."""

import json
from collections.abc import Iterator
from typing import Any, cast

import yaml

Steps = tuple[str | int, ...]


class _Pairs(tuple[tuple[str, Any], ...]):
    """A JSON object as it was written: names and values, in order, none lost."""

    __slots__ = ()


def fields_of(body: bytes) -> Iterator[tuple[Steps, bool]]:
    """Every field of a JSON body in the order of the text, and whether it was told before."""
    try:
        told = json.loads(body or b"{}", object_pairs_hook=_Pairs)
    except ValueError:
        return
    yield from _fields(told, ())


def repeated_lines(body: bytes) -> list[str]:
    """What a YAML body, or a JSON body read as such, says twice: a sentence for each line."""
    try:
        root = yaml.compose(body, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return []
    return [
        f'line {key.start_mark.line + 1}: key "{key.value}" already set in map'
        for key in _repeated(root)
    ]


def as_error(lines: list[str]) -> str:
    return "yaml: unmarshal errors:\n  " + "\n  ".join(lines)


def _fields(value: Any, steps: Steps) -> Iterator[tuple[Steps, bool]]:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for name, inner in value:
            place = (*steps, name)
            yield place, name in seen
            seen.add(name)
            yield from _fields(inner, place)
    elif isinstance(value, list):
        for number, inner in enumerate(cast("list[Any]", value)):
            yield from _fields(inner, (*steps, number))


def _repeated(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.SequenceNode):
        for inner in node.value:
            yield from _repeated(inner)
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value in seen:
                yield key
            seen.add(key.value)
        yield from _repeated(value)
