"""Functions of windows: one number from the samples of a series in a range."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from sandbox.promql.quantiles import quantiles
from sandbox.promql.values import Indices, Mask, Ranges
from sandbox.series import Floats, Millis

Computed = tuple[Floats, Mask]
WindowFunction = Callable[[Ranges], Computed]

# Samples that are laid out at once where windows overlap; bounds memory, not the answer.
_MOST_LAID_OUT = 1 << 21


def reduce(ufunc: np.ufunc, data: Floats, first: Indices, last: Indices) -> Floats:
    """`ufunc` over data[first:last] for every window; nonsense for an empty one."""
    bounds = np.stack([first, last], axis=-1).ravel()
    padded = np.append(data, 0.0)  # a window may end where the data end
    if not bounds.size:
        return np.empty(first.shape)
    return ufunc.reduceat(padded, bounds)[::2].reshape(first.shape)


def edges(ranges: Ranges) -> tuple[Indices, Indices]:
    """The first and the last sample of each window; any sample for an empty one."""
    end = max(len(ranges.values) - 1, 0)
    return np.minimum(ranges.first, end), np.clip(ranges.last - 1, 0, end)


@dataclass(frozen=True)
class LaidOut:
    """Some windows that are not empty, their samples one window after the other.

    `window` tells of each sample which of `flat` it belongs to.
    """

    flat: Indices
    values: Floats
    times_ms: Millis
    starts: Indices
    window: Indices

    def sums(self, data: Floats) -> Floats:
        return np.add.reduceat(data, self.starts)


def laid_out(ranges: Ranges, least: int = 1) -> Iterator[LaidOut]:
    """The windows with `least` samples and more, in portions."""
    first, counts = ranges.first.ravel(), ranges.counts.ravel()
    wanted = np.flatnonzero(counts >= least)
    portion = np.cumsum(counts[wanted]) // _MOST_LAID_OUT
    for flat in np.split(wanted, np.flatnonzero(np.diff(portion)) + 1):
        if not len(flat):
            continue
        sizes = counts[flat]
        starts = np.cumsum(sizes) - sizes
        window = np.repeat(np.arange(len(flat)), sizes)
        index = np.arange(len(window)) - starts[window] + first[flat][window]
        yield LaidOut(flat, ranges.values[index], ranges.times_ms[index], starts, window)


def _gather(ranges: Ranges, compute: Callable[[LaidOut], Floats], least: int = 1) -> Computed:
    found = np.full(ranges.first.shape, np.nan)
    flat = found.reshape(-1)
    for portion in laid_out(ranges, least):
        flat[portion.flat] = compute(portion)
    return found, ranges.counts >= least


def _sum(ranges: Ranges) -> Computed:
    return reduce(np.add, ranges.values, ranges.first, ranges.last), ranges.counts > 0


def _average(ranges: Ranges) -> Computed:
    total, present = _sum(ranges)
    return total / ranges.counts, present


def _count(ranges: Ranges) -> Computed:
    return ranges.counts.astype(np.float64), ranges.counts > 0


def _minimum(ranges: Ranges) -> Computed:
    return reduce(np.fmin, ranges.values, ranges.first, ranges.last), ranges.counts > 0


def _maximum(ranges: Ranges) -> Computed:
    return reduce(np.fmax, ranges.values, ranges.first, ranges.last), ranges.counts > 0


def _last(ranges: Ranges) -> Computed:
    return np.append(ranges.values, np.nan)[ranges.last - 1], ranges.counts > 0


def _present(ranges: Ranges) -> Computed:
    return np.ones(ranges.first.shape), ranges.counts > 0


def _variance(ranges: Ranges) -> Computed:
    def compute(portion: LaidOut) -> Floats:
        counts = np.bincount(portion.window)
        # Seen from the first value, a window of equal ones varies by exactly nothing.
        off = portion.values - portion.values[portion.starts][portion.window]
        mean = portion.sums(off) / counts
        return portion.sums((off - mean[portion.window]) ** 2) / counts

    return _gather(ranges, compute)


def _deviation(ranges: Ranges) -> Computed:
    variance, present = _variance(ranges)
    return np.sqrt(variance), present


def quantile_over_time(ranges: Ranges, level: Floats) -> Computed:
    """`level` has one number a step."""
    levels = np.broadcast_to(level, ranges.first.shape).ravel()
    return _gather(
        ranges, lambda one: quantiles(one.values, one.window, one.starts, levels[one.flat])
    )


def _counted(happens: Mask, ranges: Ranges) -> Computed:
    """How many samples of a window, from its second on, differ from the one before in some way."""
    before = np.zeros(len(ranges.values) + 1, dtype=np.int64)
    before[2:] = np.cumsum(happens)
    second = np.minimum(ranges.first + 1, ranges.last)
    return (before[ranges.last] - before[second]).astype(np.float64), ranges.counts > 0


def _changes(ranges: Ranges) -> Computed:
    before, after = ranges.values[:-1], ranges.values[1:]
    return _counted((before != after) & ~(np.isnan(before) & np.isnan(after)), ranges)


def _resets(ranges: Ranges) -> Computed:
    return _counted(ranges.values[1:] < ranges.values[:-1], ranges)


OVER_TIME: dict[str, WindowFunction] = {
    "avg_over_time": _average,
    "changes": _changes,
    "count_over_time": _count,
    "last_over_time": _last,
    "max_over_time": _maximum,
    "min_over_time": _minimum,
    "present_over_time": _present,
    "resets": _resets,
    "stddev_over_time": _deviation,
    "stdvar_over_time": _variance,
    "sum_over_time": _sum,
}
