"""How far each column of a table moved at a moment, in its own usual spreads.

Values are compared on a scale that is linear near zero and logarithmic above (the inverse
hyperbolic sine), so a doubling weighs the same in bytes and in seconds, while a rise from almost
nothing to little is not a thousandfold one. Spread is the median absolute deviation, drawn towards
what the same metric shows in the other components (as moderated t statistics do it), because ten
values before a fault say little about a spread.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcp_servers.engines.metric_kinds import WEIGHT
from mcp_servers.engines.metric_tables import Array, Column, Table

# After the moment at most so many bins; longer tables are averaged to them.
MOST_BINS = 24
# Before the moment so many bins of the same width; what is older says little about now.
MOST_BINS_BEFORE = 1_000
# The share of the time after the moment that a shift has to last for its full size: a fault may
# begin late or be over early, a single odd value is noise.
LASTS = 0.4
# A level below this share of what is usual for the metric counts as near zero.
NEAR_ZERO = 0.1
# Spreads below this share of the level are rounding, not calm.
LEAST_SPREAD = 0.1
# How many values the other components' spread counts for.
PEERS_COUNT_FOR = 4
MAD_TO_SIGMA = 1.4826
# From so many spreads on, a single bin is seen to have left its usual range.
LEFT = 3.0
# Large shifts grow slowly (they are logarithms), yet one large shift beats many small ones.
SHARPNESS = 1.5
DAY_S = 86_400.0
# A column that went silent counts like a shift of so many spreads.
SILENT = 12.0
REPORTED, MISSING = 0.8, 0.2


@dataclass(frozen=True, slots=True)
class Shift:
    """`size` is in spreads, signed; `strength` is what it says about the cause, never negative.

    `before` and `after` are in the metric's own unit (a counter's a second); `began` is in seconds.
    `after` is NaN where the column went silent.
    """

    column: Column
    size: float
    strength: float
    before: float
    after: float
    began: float


def shifts(table: Table, at: float) -> list[Shift]:
    """One for each column that has values before `at`; order is the table's."""
    split = int(np.searchsorted(table.times, at))
    width = max(1, -(-(len(table.times) - split) // MOST_BINS))
    before = _bins(table.values[:split], width, from_end=True)[-MOST_BINS_BEFORE:]
    after = _bins(table.values[split:], width)
    starts = table.times[split::width][: len(after)]
    seen = np.any(np.isfinite(before), axis=0)
    columns = [one for one, known in zip(table.columns, seen, strict=True) if known]
    before, after = before[:, seen], after[:, seen]
    if not len(before) or not len(after) or not columns:
        return []
    usual, sizes = _standardized(table, split, width, columns, before, after)
    runs, best = _longest_lasting(sizes)
    best = np.where(_went_silent(columns, before, after), -SILENT, best)
    return [
        _shift(column, float(best[i]), usual[i], after[:, i], sizes[:, i], runs[i], starts)
        for i, column in enumerate(columns)
    ]


def strength(size: float, weight: float) -> float:
    return weight * float(np.log1p(abs(size))) ** SHARPNESS


def _shift(
    column: Column,
    size: float,
    usual: float,
    after: Array,
    sizes: Array,
    run: slice,
    starts: Array,
) -> Shift:
    known = after[run][np.isfinite(after[run])]
    moved = np.flatnonzero(sizes * np.sign(size) >= min(LEFT, abs(size)))
    began = float(starts[moved[0]]) if len(moved) else float(starts[run.start])
    level = float(known.mean()) if len(known) else float("nan")
    if column.ceiling is not None:
        usual, level = column.ceiling - usual, column.ceiling - level
    return Shift(column, size, strength(size, WEIGHT[column.kind]), usual, level, began)


def _bins(values: Array, width: int, *, from_end: bool = False) -> Array:
    """Means of `width` rows each; rows that fill no bin are left out at the far end."""
    count = len(values) // width
    if width == 1 or not count:
        return values
    rows = values[len(values) - count * width :] if from_end else values[: count * width]
    folded = rows.reshape(count, width, -1)
    known = np.isfinite(folded)
    total = np.where(known, folded, 0.0).sum(axis=1)
    counts = known.sum(axis=1)
    return np.where(counts > 0, total / np.maximum(counts, 1), np.nan)


def median(values: Array) -> Array:
    """Of each column, gaps left out; NaN where there is nothing but gaps."""
    ordered = np.sort(values, axis=0)  # gaps come last
    known: NDArray[np.intp] = np.isfinite(values).sum(axis=0)
    places = np.arange(len(known))
    low, high = np.maximum(known - 1, 0) // 2, known // 2
    high = np.minimum(high, np.maximum(known - 1, 0))
    return (ordered[low, places] + ordered[high, places]) / 2


def _standardized(
    table: Table, split: int, width: int, columns: list[Column], before: Array, after: Array
) -> tuple[Array, Array]:
    """The usual level of each column as it is, and every bin after in spreads from the usual."""
    usual = median(before)
    groups = _same_metric(columns)
    near_zero = _near_zero(groups, usual, after)
    low, high = np.arcsinh(before / near_zero), np.arcsinh(after / near_zero)
    if split and table.times[split - 1] - table.times[0] >= 2 * DAY_S:
        low, high = _without_daily_cycle(table, split, width, low, high)
    centre = median(low)
    spread = MAD_TO_SIGMA * median(np.abs(low - centre))
    peers = np.zeros(len(columns))
    for group in groups:
        lively = spread[group][spread[group] > 0]
        peers[group] = np.median(lively) if len(lively) else 0.0
    counts = np.isfinite(low).sum(axis=0)
    pooled = (counts * spread**2 + PEERS_COUNT_FOR * peers**2) / (counts + PEERS_COUNT_FOR)
    return usual, (high - centre) / (np.sqrt(pooled) + LEAST_SPREAD)


def _same_metric(columns: list[Column]) -> list[list[int]]:
    groups: dict[str, list[int]] = {}
    for i, column in enumerate(columns):
        groups.setdefault(column.metric, []).append(i)
    return list(groups.values())


def _near_zero(groups: list[list[int]], usual: Array, after: Array) -> Array:
    """What is little for a metric: a share of its usual level over the components that show it."""
    little = np.ones(len(usual))
    for group in groups:
        levels = np.abs(usual[group])
        levels = levels[levels > 0]
        if not len(levels):  # at rest before: judged by what came after
            levels = np.abs(after[:, group])
            levels = levels[np.isfinite(levels) & (levels > 0)]
        little[group] = NEAR_ZERO * float(np.median(levels)) if len(levels) else 1.0
    return little


def _without_daily_cycle(
    table: Table, split: int, width: int, low: Array, high: Array
) -> tuple[Array, Array]:
    """Both without what is usual for the hour; only where two days or more were seen before."""
    times_before = table.times[:split][::-1][width - 1 :: width][::-1][-len(low) :]
    hours = (times_before % DAY_S // 3600).astype(int)
    hours_after = (table.times[split::width][: len(high)] % DAY_S // 3600).astype(int)
    centre = median(low)
    low, high = low.copy(), high.copy()
    for hour in np.unique(np.concatenate([hours, hours_after])):
        rows = hours == hour
        offset = median(low[rows]) - centre if rows.any() else np.zeros(len(centre))
        offset = np.where(np.isfinite(offset), offset, 0.0)
        low[rows] -= offset
        high[hours_after == hour] -= offset
    return low, high


def _longest_lasting(sizes: Array) -> tuple[list[slice], Array]:
    """The stretch of bins with the largest mean size, and that mean, for each column."""
    length = max(1, int(np.ceil(len(sizes) * LASTS)))
    known = np.isfinite(sizes)
    total = np.vstack([np.zeros(sizes.shape[1]), np.cumsum(np.where(known, sizes, 0.0), axis=0)])
    means = (total[length:] - total[:-length]) / length
    starts = np.argmax(np.abs(means), axis=0)
    best = means[starts, np.arange(sizes.shape[1])]
    return [slice(int(start), int(start) + length) for start in starts], best


def _went_silent(columns: list[Column], before: Array, after: Array) -> Array:
    """Columns that reported until then and stopped, unless most did: then monitoring failed."""
    silent = (np.isfinite(before).mean(axis=0) >= REPORTED) & (
        np.isfinite(after).mean(axis=0) <= MISSING
    )
    gone = {column.component for column, one in zip(columns, silent, strict=True) if one}
    everybody = {column.component for column in columns}
    return silent & (2 * len(gone) < len(everybody))
