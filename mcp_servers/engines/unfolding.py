# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""YAML read into plain trees, unless its aliases would make a small text a tree without end."""

from collections.abc import Iterator
from typing import Any

import yaml

# As many values as the longest text that is taken can write out itself.
MOST_VALUES = 200_000


class UnfoldsError(yaml.YAMLError):
    """More than `MOST_VALUES` values, or nested too deeply to be read."""


def documents(text: str, loader: type[yaml.SafeLoader] = yaml.SafeLoader) -> list[Any]:
    """The documents of a text. Raises `yaml.YAMLError`, and `UnfoldsError` for one that is too large."""
    reading = loader(text)
    try:
        return list(_documents(reading))
    except RecursionError as error:
        raise UnfoldsError("nested too deeply") from error
    finally:
        reading.dispose()


def _documents(reading: yaml.SafeLoader) -> Iterator[Any]:
    left = MOST_VALUES
    while reading.check_node() and (root := reading.get_node()):
        left -= _size(root, {})
        if left < 0:
            raise UnfoldsError("too many values")
        yield reading.construct_document(root)


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Values below a node and itself, each as often as it is spoken of. A node inside itself is endless."""
    if id(node) not in known:
        known[id(node)] = MOST_VALUES + 1
        known[id(node)] = 1 + sum(_size(one, known) for one in _below(node))
    return known[id(node)]


def _below(node: yaml.Node) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    if isinstance(node, yaml.MappingNode):
        for key, held in node.value:
            yield from (key, held)
