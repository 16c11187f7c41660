"""A PromQL expression as far as its refusal needs it: what kind each part is, and where it stands."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["scalar", "vector", "matrix", "string"]

DOCUMENTED: dict[Kind, str] = {
    "scalar": "scalar",
    "vector": "instant vector",
    "matrix": "range vector",
    "string": "string",
}


@dataclass
class Node:
    """From `start` to before `end`, in characters."""

    start: int
    end: int


@dataclass
class Literally(Node):
    kind: Kind


@dataclass
class Moved(Node):
    """What may be moved in time, once by an offset and once by `@`."""

    has_offset: bool = field(default=False, init=False)
    has_moment: bool = field(default=False, init=False)


@dataclass
class Selector(Moved):
    """`names` are the values given for the metric's name inside of the braces."""

    name: str
    names: Sequence[str]
    finds_something: bool


@dataclass
class Window(Moved):
    """A selector's samples over a time, or (`is_subquery`) an expression's."""

    inner: Node
    is_subquery: bool


@dataclass
class Bracketed(Node):
    inner: Node


@dataclass
class Signed(Node):
    inner: Node


@dataclass
class Matched:
    """How two vectors meet. `on` is nothing where neither `on` nor `ignoring` was written."""

    is_bool: bool = False
    on: bool | None = None
    labels: Sequence[str] = ()
    group: str = ""
    include: Sequence[str] = ()


@dataclass
class Operation(Node):
    operator: str
    left: Node
    right: Node
    matched: Matched


@dataclass
class Aggregation(Node):
    operator: str
    arguments: Sequence[Node]


@dataclass
class Called(Node):
    name: str
    arguments: Sequence[Node]
