"""Quantiles of many groups of numbers at once."""

import numpy as np

from sandbox.promql.values import Indices
from sandbox.series import Floats


def quantiles(values: Floats, group: Indices, starts: Indices, levels: Floats) -> Floats:
    """One quantile a group, interpolated between neighbours; NaN counts as the least.

    The numbers of a group stand together, the first at `starts`. A level outside 0 to 1 gives
    the infinity on its side.
    """
    sizes = np.diff(np.append(starts, len(values)))
    ordered = values[np.lexsort((values, ~np.isnan(values), group))]
    rank = np.where(np.isnan(levels), 0.0, levels.clip(0.0, 1.0)) * (sizes - 1)
    lower = np.floor(rank).astype(np.int64)
    upper = np.minimum(lower + 1, sizes - 1)
    weight = rank - lower
    found: Floats = ordered[starts + lower] * (1 - weight) + ordered[starts + upper] * weight
    found[levels < 0], found[levels > 1] = -np.inf, np.inf
    found[np.isnan(levels)] = np.nan
    return found
