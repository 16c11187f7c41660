"""Aggregations: many series of a step into one, or into fewer."""

from collections.abc import Callable, Sequence

import numpy as np
from promql_parser import AggModifier, AggModifierType

from sandbox.promql.errors import Unanswerable
from sandbox.promql.formatting import formatted
from sandbox.promql.labelling import is_label
from sandbox.promql.quantiles import quantiles
from sandbox.promql.values import NAME, Mask, Vector, grouped, only, relabelled, with_label, without
from sandbox.series import Floats, Labels

# Group members as rows (series by steps) and their presence → one row.
Summary = Callable[[Floats, Mask], Floats]

_INT64 = 2.0**63


def aggregate(operator: str, vector: Vector, modifier: AggModifier | None) -> Vector:
    """Each group's members summed up into one series."""
    summary = SUMMARIES.get(operator)
    if summary is None:
        raise Unanswerable(f"aggregation {operator} is not supported by the practice cluster")
    return _summarised(vector, modifier, summary)


def ranked(
    vector: Vector, modifier: AggModifier | None, how_many: Floats, *, largest: bool
) -> Vector:
    """topk and bottomk: the members of each group that are among its first, as they are."""
    for number in how_many[~(np.abs(how_many) < _INT64)]:
        raise Unanswerable(f"Scalar value {formatted(float(number))} overflows int64")
    groups = _groups(vector, modifier)
    kept, order = np.zeros_like(vector.present), list[int]()
    for members in groups.values():
        values, present = vector.values[members], vector.present[members]
        keys = (-values if largest else values, np.isnan(values), ~present)
        ordered = np.lexsort(keys, axis=0)
        place = np.empty_like(ordered)
        np.put_along_axis(place, ordered, np.arange(len(members))[:, None], axis=0)
        kept[members] = present & (place < np.trunc(how_many))
        order += [members[at] for at in ordered[:, 0]]
    chosen = vector.rows(order)  # at a single step this is the order that is shown
    return chosen.where(kept[order])


def quantile(vector: Vector, modifier: AggModifier | None, levels: Floats) -> Vector:
    def summary(values: Floats, present: Mask) -> Floats:
        found = np.full(len(levels), np.nan)
        step, member = np.nonzero(present.T)
        steps, starts, group = np.unique(step, return_index=True, return_inverse=True)
        found[steps] = quantiles(values.T[step, member], group, starts, levels[steps])
        return found

    return _summarised(vector, modifier, summary)


def count_values(vector: Vector, modifier: AggModifier | None, label: str) -> Vector:
    """How many members of a group have each value, told in a label."""
    if not is_label(label):
        raise Unanswerable(f'invalid label name "{label}"')
    labels: list[Labels] = []
    counts: list[Floats] = []
    for group, members in _groups(vector, modifier).items():
        values, present = vector.values[members], vector.present[members]
        for value in np.unique(values[present]):
            same = present & ((values == value) | (np.isnan(values) & np.isnan(value)))
            labels.append(with_label(group, label, formatted(float(value), exponents=False)))
            counts.append(same.sum(axis=0).astype(np.float64))
    table = np.array(counts).reshape(len(counts), vector.values.shape[1])
    return relabelled(labels, table, table > 0)


def _summarised(vector: Vector, modifier: AggModifier | None, summary: Summary) -> Vector:
    groups = _groups(vector, modifier)
    rows = [summary(vector.values[members], vector.present[members]) for members in groups.values()]
    present = [vector.present[members].any(axis=0) for members in groups.values()]
    shape = (len(groups), vector.values.shape[1])
    return Vector(
        list(groups), np.array(rows).reshape(shape), np.array(present, bool).reshape(shape)
    )


def _groups(vector: Vector, modifier: AggModifier | None) -> dict[Labels, list[int]]:
    names: Sequence[str] = modifier.labels if modifier else ()
    if modifier and modifier.type == AggModifierType.Without:
        return grouped(without(labels, {*names, NAME}) for labels in vector.labels)
    return grouped(only(labels, names) for labels in vector.labels)


def _sum(values: Floats, present: Mask) -> Floats:
    return np.where(present, values, 0.0).sum(axis=0)


def _average(values: Floats, present: Mask) -> Floats:
    return _sum(values, present) / present.sum(axis=0)


def _minimum(values: Floats, present: Mask) -> Floats:
    return np.fmin.reduce(np.where(present, values, np.nan), axis=0)


def _maximum(values: Floats, present: Mask) -> Floats:
    return np.fmax.reduce(np.where(present, values, np.nan), axis=0)


def _variance(values: Floats, present: Mask) -> Floats:
    begin = values[present.argmax(axis=0), np.arange(values.shape[1])]
    off = np.where(present, values - begin, 0.0)
    mean = off.sum(axis=0) / present.sum(axis=0)
    squares = np.where(present, off - mean, 0.0) ** 2
    # One member alone does not vary, not even if it is infinite or NaN.
    return np.where(present.sum(axis=0) > 1, squares.sum(axis=0) / present.sum(axis=0), 0.0)


SUMMARIES: dict[str, Summary] = {
    "avg": _average,
    "count": lambda _, present: present.sum(axis=0, dtype=np.float64),
    "group": lambda _, present: np.where(present.any(axis=0), 1.0, 0.0),
    "max": _maximum,
    "min": _minimum,
    "stddev": lambda values, present: np.sqrt(_variance(values, present)),
    "stdvar": _variance,
    "sum": _sum,
}
