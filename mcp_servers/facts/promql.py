"""An expression of PromQL as a tree, and the rules that hold them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Node:
    """`kind`: selector, range (of a selector), subquery, call, aggregate, binary, number or text.

    `labels` are those of by, without, on or ignoring, whichever `how` says. `name` is the metric, the
    function, or the operator.
    """

    kind: str
    name: str = ""
    below: "tuple[Node, ...]" = ()
    matchers: tuple[tuple[str, str, str], ...] = ()
    range_s: float = 0.0
    how: str = ""  # by | without | on | ignoring
    labels: tuple[str, ...] = ()
    grouped: bool = False  # group_left or group_right
    returns_bool: bool = False
    value: float = 0.0

    def walk(self) -> "Iterator[Node]":
        yield self
        for one in self.below:
            yield from one.walk()


@dataclass(frozen=True, slots=True)
class PromRule:
    """One rule as it is written. `tree` None: its expression cannot be read, `fault` says why."""

    group: str
    name: str
    is_alert: bool
    expression: str
    tree: Node | None
    fault: str = ""
    held: str = ""
    held_s: float | None = None
    interval_s: float | None = None
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    annotations: Mapping[str, str] = field(default_factory=dict[str, str])
    extra: tuple[str, ...] = ()  # fields that a rule of its kind may not have


@dataclass(frozen=True, slots=True)
class RuleRemark:
    """`code` names the check; `facts` fill its sentence."""

    code: str
    rule: PromRule
    facts: Mapping[str, str] = field(default_factory=dict[str, str])
