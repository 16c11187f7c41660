"""Quantiles out of the cumulative buckets of classic histograms."""

import numpy as np

from sandbox.promql.values import NAME, Mask, Vector, grouped, relabelled, without
from sandbox.series import Floats, Labels

_BOUND = "le"


def histogram_quantile(levels: Floats, buckets: Vector) -> Vector:
    """One level a step; each histogram loses its metric's name and `le`."""
    bounds = [_bound(labels) for labels in buckets.labels]
    usable = buckets.rows([row for row, bound in enumerate(bounds) if bound is not None])
    known = np.array([bound for bound in bounds if bound is not None])
    groups = grouped(without(labels, (NAME, _BOUND)) for labels in usable.labels)
    found = np.empty((len(groups), len(levels)))
    present = np.zeros(found.shape, dtype=np.bool_)
    for row, members in enumerate(groups.values()):
        ordered = np.array(members)[np.argsort(known[members], kind="stable")]
        have = usable.present[ordered]
        found[row] = _by_presence(known[ordered], usable.values[ordered], have, levels)
        present[row] = have.any(axis=0)
    return relabelled(list(groups), found, present)


def _bound(labels: Labels) -> float | None:
    try:
        return float(dict(labels).get(_BOUND, ""))
    except ValueError:
        return None


def _by_presence(bounds: Floats, counts: Floats, have: Mask, levels: Floats) -> Floats:
    """Steps at which the same buckets exist are computed together."""
    found = np.full(len(levels), np.nan)
    patterns, of_step = np.unique(have, axis=1, return_inverse=True)
    for number in range(patterns.shape[1]):
        rows, steps = np.flatnonzero(patterns[:, number]), np.flatnonzero(of_step.ravel() == number)
        if len(rows):
            found[steps] = _quantile(bounds[rows], counts[np.ix_(rows, steps)], levels[steps])
    return found


def _quantile(bounds: Floats, counts: Floats, levels: Floats) -> Floats:
    inside = _interpolated(bounds, counts, levels)
    outside = np.where(levels < 0, -np.inf, np.where(levels > 1, np.inf, np.nan))
    return np.where((levels >= 0) & (levels <= 1), inside, outside)


def _interpolated(bounds: Floats, counts: Floats, levels: Floats) -> Floats:
    if not np.isposinf(bounds[-1]):
        return np.full(len(levels), np.nan)
    bounds, each = np.unique(bounds, return_index=True)
    counts = np.maximum.accumulate(np.add.reduceat(counts, each, axis=0), axis=0)
    if len(bounds) < 2:
        return np.full(len(levels), np.nan)
    steps, total = np.arange(len(levels)), counts[-1]
    rank = levels * total
    reached = counts[:-1] >= rank
    bucket = np.where(reached.any(axis=0), reached.argmax(axis=0), len(bounds) - 1)
    below = np.where(bucket > 0, counts[bucket - 1, steps], 0.0)
    begin = np.where(bucket > 0, bounds[bucket - 1], 0.0)
    within = (rank - below) / (counts[bucket, steps] - below)
    found: Floats = begin + (bounds[bucket] - begin) * within
    found = np.where((bucket == 0) & (bounds[0] <= 0), bounds[0], found)
    found = np.where(bucket == len(bounds) - 1, bounds[-2], found)
    return np.where(total == 0, np.nan, found)
