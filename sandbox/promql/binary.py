"""Binary operators: numbers with numbers, with series, and series with their matching series."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from promql_parser import BinModifier, LabelModifierType, VectorMatchCardinality

from sandbox.promql.errors import Unanswerable
from sandbox.promql.values import (
    NAME,
    Mask,
    Scalar,
    Vector,
    grouped,
    nothing,
    only,
    relabelled,
    with_label,
    without,
    written,
)
from sandbox.series import Floats, Labels

ARITHMETIC: dict[str, Callable[[Floats, Floats], Floats]] = {
    "%": np.fmod,
    "*": np.multiply,
    "+": np.add,
    "-": np.subtract,
    "/": np.divide,
    "^": np.power,
    "atan2": np.arctan2,
}
COMPARISONS: dict[str, Callable[[Floats, Floats], Mask]] = {
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    "==": np.equal,
    ">": np.greater,
    ">=": np.greater_equal,
}

_MANY_SIDES = (
    ("left", VectorMatchCardinality.ManyToOne),
    ("right", VectorMatchCardinality.OneToMany),
)


@dataclass(frozen=True)
class Matching:
    """Which series belong together, and what the result is called."""

    labels: Sequence[str] = ()
    on: bool = False
    many: str = ""  # the side that may have several: "left", "right" or neither
    include: Sequence[str] = ()
    as_bool: bool = False

    @classmethod
    def of(cls, modifier: BinModifier | None) -> "Matching":
        if modifier is None:
            return cls()
        listed = modifier.matching
        return cls(
            labels=listed.labels if listed else (),
            on=listed is not None and listed.type == LabelModifierType.Include,
            many=next((side for side, card in _MANY_SIDES if card == modifier.card), ""),
            include=modifier.group_labels or (),
            as_bool=modifier.return_bool,
        )

    def key(self, labels: Labels) -> Labels:
        """What two series must have in common."""
        return only(labels, self.labels) if self.on else without(labels, {*self.labels, NAME})


def of_scalars(operator: str, left: Scalar, right: Scalar) -> Scalar:
    values, true = _computed(operator, left.values, right.values)
    return Scalar(values if true is None else true.astype(np.float64))


def with_scalar(
    operator: str, vector: Vector, scalar: Scalar, matching: Matching, *, scalar_first: bool = False
) -> Vector:
    """Each series with the number. A comparison keeps the series that it is true of."""
    numbers = np.broadcast_to(scalar.values, vector.values.shape)
    sides = (numbers, vector.values) if scalar_first else (vector.values, numbers)
    values, true = _computed(operator, *sides)
    if true is None:
        return vector.with_values(values)
    if matching.as_bool:
        return vector.with_values(true.astype(np.float64))
    return vector.where(vector.present & true)


def of_vectors(operator: str, left: Vector, right: Vector, matching: Matching) -> Vector:
    """Each series with the one that matches it."""
    many, one = (right, left) if matching.many == "right" else (left, right)
    _check_one_side(many, one, matching)
    pairs = _pairs(many, one, matching)
    if not pairs:
        return nothing(left.values.shape[1])
    of_many, of_one = [a for a, _ in pairs], [b for _, b in pairs]
    present = many.present[of_many] & one.present[of_one]
    sides = many.values[of_many], one.values[of_one]
    values, true = _computed(operator, *(sides[::-1] if matching.many == "right" else sides))
    if true is not None and matching.as_bool:
        values = true.astype(np.float64)
    elif true is not None:
        present = present & true
    keeps_name = true is not None and not matching.as_bool
    _check_many_side([many.labels[row] for row in of_many], present, matching)
    labels = [_result(many.labels[a], one.labels[b], matching, keeps_name) for a, b in pairs]
    return _distinct(labels, values, present, matching)


def of_sets(operator: str, left: Vector, right: Vector, matching: Matching) -> Vector:
    """and, or, unless: by what is there, not by values."""
    if operator == "or":
        extra = right.where(right.present & ~_covered(right, left, matching))
        labels = [*left.labels, *extra.labels]
        values = np.concatenate([left.values, extra.values])
        return relabelled(labels, values, np.concatenate([left.present, extra.present]))
    covered = _covered(left, right, matching)
    return left.where(left.present & (covered if operator == "and" else ~covered))


def _computed(operator: str, left: Floats, right: Floats) -> tuple[Floats, Mask | None]:
    """Values, and for a comparison where it is true; its values are those of the left side."""
    if operator in ARITHMETIC:
        return ARITHMETIC[operator](left, right), None
    return left, COMPARISONS[operator](left, right)


def _covered(vector: Vector, by: Vector, matching: Matching) -> Mask:
    """Where a series of `vector` has any partner."""
    groups = grouped(map(matching.key, by.labels))
    present = {key: by.present[rows].any(axis=0) for key, rows in groups.items()}
    nowhere = np.zeros(vector.values.shape[1], dtype=np.bool_)
    rows = [present.get(matching.key(labels), nowhere) for labels in vector.labels]
    return np.array(rows, dtype=np.bool_).reshape(vector.present.shape)


def _pairs(many: Vector, one: Vector, matching: Matching) -> list[tuple[int, int]]:
    partners = grouped(map(matching.key, one.labels))
    return [
        (row, partner)
        for row, labels in enumerate(many.labels)
        for partner in partners.get(matching.key(labels), ())
    ]


def _check_one_side(many: Vector, one: Vector, matching: Matching) -> None:
    asked = many.present.any(axis=0)
    groups = grouped(map(matching.key, one.labels)).values()
    twice = [asked & (one.present[rows].sum(axis=0) > 1) for rows in groups if len(rows) > 1]
    if not np.any(twice):
        return
    step = int(np.any(twice, axis=0).argmax())
    known: dict[Labels, Labels] = {}
    for row in np.flatnonzero(one.present[:, step]).tolist():
        key, labels = matching.key(one.labels[row]), one.labels[row]
        if key in known:
            side = "left" if matching.many == "right" else "right"
            raise Unanswerable(
                f"found duplicate series for the match group {written(key)} on the {side} hand-side"
                f" of the operation: [{written(labels)}, {written(known[key])}];many-to-many"
                " matching not allowed: matching labels must be unique on one side"
            )
        known[key] = labels


def _check_many_side(labels: Iterable[Labels], present: Mask, matching: Matching) -> None:
    if matching.many:
        return
    for rows in grouped(map(matching.key, labels)).values():
        if len(rows) > 1 and np.any(present[rows].sum(axis=0) > 1):
            raise Unanswerable(
                "multiple matches for labels: many-to-one matching must be explicit"
                " (group_left/group_right)"
            )


def _result(many: Labels, one: Labels, matching: Matching, keeps_name: bool) -> Labels:
    labels = many if keeps_name else without(many, (NAME,))
    if not matching.many:
        keep = only if matching.on else without
        labels = keep(labels, matching.labels)
    others = dict(one)
    for name in matching.include:
        labels = with_label(labels, name, others.get(name, ""))
    return labels


def _distinct(
    labels: Sequence[Labels], values: Floats, present: Mask, matching: Matching
) -> Vector:
    try:
        return relabelled(labels, values, present)
    except Unanswerable as error:
        if not matching.many:
            raise
        message = "multiple matches for labels: grouping labels must ensure unique matches"
        raise Unanswerable(message) from error
