"""What a PromQL expression stands for, at all steps of a query at once."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sandbox.promql.errors import Unanswerable
from sandbox.series import Floats, Labels, Millis

Mask = NDArray[np.bool_]
Indices = NDArray[np.int64]
Key = TypeVar("Key")

NAME = "__name__"


@dataclass(frozen=True)
class Text:
    """A string; only some functions take one."""

    value: str


@dataclass(frozen=True)
class Scalar:
    """A number for each step."""

    values: Floats


@dataclass(frozen=True)
class Vector:
    """Series by steps: `values[series, step]` counts only where `present`; NaN is a value too."""

    labels: Sequence[Labels]
    values: Floats
    present: Mask

    def rows(self, indices: Sequence[int] | Indices) -> "Vector":
        """Some of the series, in the order given."""
        labels = [self.labels[i] for i in indices]
        chosen = np.asarray(indices, dtype=np.int64)
        return Vector(labels, self.values[chosen], self.present[chosen])

    def where(self, present: Mask) -> "Vector":
        """The same with fewer elements; series that are left without any go."""
        left = present.any(axis=1)
        kept = Vector(self.labels, self.values, present)
        return kept if left.all() else kept.rows(np.flatnonzero(left))

    def with_values(self, values: Floats) -> "Vector":
        """Other numbers under labels that no longer name the metric."""
        return relabelled([without(one, (NAME,)) for one in self.labels], values, self.present)


@dataclass(frozen=True)
class Ranges:
    """A window of samples for every series and step.

    The samples of all series stand one after the other; the window of a series at a step is
    `first[series, step]` to before `last[series, step]`. A window was asked for from `starts_ms`
    to `ends_ms`, both included, and is looked at from `evaluated_ms`.
    """

    labels: Sequence[Labels]
    times_ms: Millis
    values: Floats
    first: Indices
    last: Indices
    starts_ms: Millis
    ends_ms: Millis
    evaluated_ms: Millis

    @property
    def counts(self) -> Indices:
        return self.last - self.first


Value = Text | Scalar | Vector | Ranges


def nothing(steps: int) -> Vector:
    return Vector([], np.empty((0, steps)), np.empty((0, steps), dtype=np.bool_))


def relabelled(labels: Sequence[Labels], values: Floats, present: Mask) -> Vector:
    """A vector under new labels. Rows that became one series are joined.

    Raises `Unanswerable` if two of them have a value at the same step.
    """
    rows = grouped(labels)
    if len(rows) == len(labels):
        return Vector(labels, values, present).where(present)
    joined = np.full((len(rows), values.shape[1]), np.nan)
    have = np.zeros(joined.shape, dtype=np.bool_)
    for at, members in enumerate(rows.values()):
        for row in members:
            if np.any(have[at] & present[row]):
                raise Unanswerable("vector cannot contain metrics with the same labelset")
            joined[at, present[row]] = values[row, present[row]]
            have[at] |= present[row]
    return Vector(list(rows), joined, have).where(have)


def grouped(keys: Iterable[Key]) -> dict[Key, list[int]]:
    """Where each key stands, in the order of first appearance."""
    found: dict[Key, list[int]] = {}
    for at, key in enumerate(keys):
        found.setdefault(key, []).append(at)
    return found


def without(labels: Labels, names: Collection[str]) -> Labels:
    return tuple(pair for pair in labels if pair[0] not in names)


def only(labels: Labels, names: Collection[str]) -> Labels:
    return tuple(pair for pair in labels if pair[0] in names)


def with_label(labels: Labels, name: str, value: str) -> Labels:
    """The labels with one set, or removed if the value is empty."""
    others = without(labels, (name,))
    return tuple(sorted([*others, (name, value)])) if value else others


def written(labels: Labels) -> str:
    """As Prometheus writes them in its messages."""
    return "{" + ", ".join(f'{name}="{_escaped(value)}"' for name, value in labels) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
