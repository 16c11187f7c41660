"""How fast something goes: differences and slopes over a window, extrapolated as Prometheus does."""

import numpy as np

from sandbox.promql.over_time import Computed, LaidOut, WindowFunction, edges, laid_out, reduce
from sandbox.promql.values import Ranges
from sandbox.series import Floats

# Where the samples of a window end this much of their own interval before its bound, the series
# is taken to begin or end there and not at the bound.
_NEAR = 1.1


def _extrapolated(ranges: Ranges, *, counter: bool, per_second: bool) -> Computed:
    present = ranges.counts >= 2
    first, last = edges(ranges)
    begin, times = ranges.values[first], ranges.times_ms
    grown = ranges.values[last] - begin
    if counter:
        grown = grown + _lost_in_resets(ranges)
    sampled_s = (times[last] - times[first]) / 1000
    interval_s = sampled_s / (ranges.counts - 1)
    before_s = (times[first] - ranges.starts_ms) / 1000
    after_s = (ranges.ends_ms - times[last]) / 1000
    if counter:  # which cannot have been below zero
        to_zero_s = sampled_s * (begin / grown)
        bounded = (grown > 0) & (begin >= 0) & (to_zero_s < before_s)
        before_s = np.where(bounded, to_zero_s, before_s)
    reach_s = sampled_s + _reached(before_s, interval_s) + _reached(after_s, interval_s)
    factor = reach_s / sampled_s
    if per_second:
        factor = factor / ((ranges.ends_ms - ranges.starts_ms) / 1000)
    return grown * factor, present


def _reached(gap_s: Floats, interval_s: Floats) -> Floats:
    return np.where(gap_s < interval_s * _NEAR, gap_s, interval_s / 2)


def _lost_in_resets(ranges: Ranges) -> Floats:
    """What a counter had reached each time it began again in a window."""
    before, after = ranges.values[:-1], ranges.values[1:]
    lost = np.append([0.0], np.where(after < before, before, 0.0))
    second = np.minimum(ranges.first + 1, ranges.last)
    return reduce(np.add, lost, second, ranges.last)


def _rate(ranges: Ranges) -> Computed:
    return _extrapolated(ranges, counter=True, per_second=True)


def _increase(ranges: Ranges) -> Computed:
    return _extrapolated(ranges, counter=True, per_second=False)


def _delta(ranges: Ranges) -> Computed:
    return _extrapolated(ranges, counter=False, per_second=False)


def _last_two(ranges: Ranges, *, counter: bool, per_second: bool) -> Computed:
    present = ranges.counts >= 2
    _, last = edges(ranges)
    before = np.maximum(last - 1, 0)
    was, now = ranges.values[before], ranges.values[last]
    step = np.where(now < was, now, now - was) if counter else now - was
    elapsed_s = (ranges.times_ms[last] - ranges.times_ms[before]) / 1000
    return step / elapsed_s if per_second else step, present


def _irate(ranges: Ranges) -> Computed:
    return _last_two(ranges, counter=True, per_second=True)


def _idelta(ranges: Ranges) -> Computed:
    return _last_two(ranges, counter=False, per_second=False)


def _line(ranges: Ranges, *, from_evaluation: bool) -> tuple[Floats, Floats]:
    """Slope and intercept of the least-squares line; time counts from the evaluation or from
    the first sample, in seconds."""
    slope, intercept = (np.full(ranges.first.shape, np.nan) for _ in range(2))
    evaluated = np.broadcast_to(ranges.evaluated_ms, ranges.first.shape).ravel()
    for portion in laid_out(ranges, least=2):
        origin = evaluated[portion.flat] if from_evaluation else portion.times_ms[portion.starts]
        fitted = _fitted(portion, (portion.times_ms - origin[portion.window]) / 1000)
        slope.reshape(-1)[portion.flat], intercept.reshape(-1)[portion.flat] = fitted
    return slope, intercept


def _fitted(portion: LaidOut, x: Floats) -> tuple[Floats, Floats]:
    """Seen from the first value and the mean time, so that large numbers keep their digits."""
    counts = np.bincount(portion.window)
    begin, mean_x = portion.values[portion.starts], portion.sums(x) / counts
    off_x, off_y = x - mean_x[portion.window], portion.values - begin[portion.window]
    slope = portion.sums(off_x * off_y) / portion.sums(off_x**2)
    slope[~np.isfinite(portion.sums(off_y))] = np.nan  # no line leads through infinity
    return slope, begin + portion.sums(off_y) / counts - slope * mean_x


def _deriv(ranges: Ranges) -> Computed:
    slope, _ = _line(ranges, from_evaluation=False)
    return slope, ranges.counts >= 2


def predict_linear(ranges: Ranges, ahead_s: Floats) -> Computed:
    """`ahead_s` has one number a step."""
    slope, intercept = _line(ranges, from_evaluation=True)
    return slope * ahead_s + intercept, ranges.counts >= 2


def holt_winters(ranges: Ranges, smoothing: Floats, trend: Floats) -> Computed:
    """Holt's double exponential smoothing; both factors have one number a step."""
    counts = ranges.counts
    first, _ = edges(ranges)
    level_before = np.zeros(counts.shape)
    level = ranges.values[first] if len(ranges.values) else level_before
    slope = np.zeros(counts.shape)
    for place in range(1, int(counts.max(initial=0))):
        value = ranges.values[np.minimum(first + place, len(ranges.values) - 1)]
        if place == 1:
            grown = value - level
        else:
            grown = trend * (level - level_before) + (1 - trend) * slope
        smoothed = smoothing * value + (1 - smoothing) * (level + grown)
        going_on = place < counts
        slope = np.where(going_on, grown, slope)
        level_before = np.where(going_on, level, level_before)
        level = np.where(going_on, smoothed, level)
    return level, counts >= 2


RATES: dict[str, WindowFunction] = {
    "delta": _delta,
    "deriv": _deriv,
    "idelta": _idelta,
    "increase": _increase,
    "irate": _irate,
    "rate": _rate,
}
