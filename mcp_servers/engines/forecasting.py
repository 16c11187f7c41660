"""Ways to carry a series on: each takes evenly spaced values and says the next `ahead` of them.

The robust way is of our own making: medians by day for the level and its trend, medians by phase for
the season. Theta is Assimakopoulos and Nikolopoulos (2000) in the form of Hyndman and Billah (2003):
exponential smoothing with half the slope of the line. Values are whole: no gaps.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcp_servers.engines.metric_tables import Array

# A trend is believed less with every cycle ahead, and after so many not at all.
DAMPED, LONGEST_TREND = 0.9, 30
# Of the last cycles: these for the trend and the shape, these for the level.
CYCLES, LEVEL_CYCLES = 14, 7
# A weekly shape is believed by whole weeks / (whole weeks + this).
WEEKS_DOUBTED = 2
# The last errors tell of the next values, and are forgotten over one cycle.
LAST_ERRORS = 6
SMOOTHINGS = (0.1, 0.3, 0.5, 0.7, 0.9)
# Smoothing has forgotten what is longer ago.
RECENT = 200

Way = Callable[[Array, "Periods", int], Array]


@dataclass(frozen=True, slots=True)
class Periods:
    """Values in a cycle (a day of hours), and cycles in a longer one (7 days); 0 for none."""

    short: int
    long: int = 0

    @property
    def longest(self) -> int:
        return self.short * self.long if self.long else self.short


def naive(values: Array, periods: Periods, ahead: int) -> Array:
    """The last cycle once more; without a cycle, the last value."""
    return _repeated(values, max(periods.short, 1), ahead)


def naive_long(values: Array, periods: Periods, ahead: int) -> Array:
    """The last long cycle once more."""
    return _repeated(values, periods.longest, ahead)


def _repeated(values: Array, period: int, ahead: int) -> Array:
    last = values[-min(period, len(values)) :]
    return np.resize(last, ahead)


def average(values: Array, periods: Periods, ahead: int) -> Array:
    """What each phase was in the mean of the last cycles: calm where a series is noisy."""
    folded = _folded(values, max(periods.short, 1))[-CYCLES:]
    return np.resize(folded.mean(axis=0), ahead)


def robust(values: Array, periods: Periods, ahead: int) -> Array:
    """Level, damped trend, shape of the cycle and of the longer one, and the last errors."""
    if periods.short < 2:
        return trend(values, periods, ahead)
    folded = _folded(values, periods.short)
    levels = np.median(folded, axis=1)
    shape = np.median((folded - levels[:, None])[-CYCLES:], axis=0)
    rest = folded - levels[:, None] - shape
    longer = _longer(levels, rest, periods)
    flat = _aligned(levels, longer, periods)
    slope = theil_sen(flat[-CYCLES:])
    level = _level(flat, slope)
    steps = np.arange(ahead)
    cycles, phases = steps // periods.short, steps % periods.short
    told = level + _damped(slope, cycles + 1) + shape[phases] + longer[cycles % len(longer), phases]
    fitted = level + shape + longer[-1]  # the longer cycle ends with the last one
    missed = float(np.median((folded[-1] - fitted)[-LAST_ERRORS:]))
    return told + missed * np.exp(-np.arange(1, ahead + 1) / periods.short)


def trend(values: Array, _: Periods, ahead: int) -> Array:
    """The level of the last values and a damped trend, without any season."""
    slope = theil_sen(values[-CYCLES:])
    return _level(values, slope) + _damped(slope, np.arange(ahead) + 1)


def _level(levels: Array, slope: float) -> float:
    """Where the last ones are now, each carried on along the slope."""
    recent = levels[-LEVEL_CYCLES:]
    if len(levels) < LEVEL_CYCLES:
        return float(levels[-1])
    return float(np.median(recent + slope * np.arange(len(recent) - 1, -1, -1)))


def _folded(values: Array, period: int) -> Array:
    """Whole cycles that end where the values end."""
    whole = len(values) // period
    return values[len(values) - whole * period :].reshape(whole, period)


def _longer(levels: Array, rest: Array, periods: Periods) -> Array:
    """What each cycle of the longer one (each day of a week) adds, by phase; rows in their order."""
    weeks = len(levels) // periods.long if periods.long else 0
    if weeks < 2:
        return np.zeros((max(periods.long, 1), periods.short))
    used = min(weeks, 4) * periods.long
    own = levels[-used:].reshape(-1, periods.long)
    day = np.median(own - np.median(own, axis=1)[:, None], axis=0)
    hour = np.median(rest[-used:].reshape(-1, periods.long, periods.short), axis=0)
    return (day[:, None] + hour) * (weeks / (weeks + WEEKS_DOUBTED))


def _aligned(levels: Array, longer: Array, periods: Periods) -> Array:
    """The levels without what their place in the longer cycle adds."""
    if not periods.long:
        return levels
    day = np.median(longer, axis=1)
    places = (np.arange(len(levels)) - len(levels)) % periods.long
    return levels - day[places]


def _damped(slope: float, cycles: NDArray[np.intp]) -> Array:
    count = np.minimum(cycles, LONGEST_TREND)
    return slope * DAMPED * (1 - DAMPED**count) / (1 - DAMPED)


def theil_sen(values: Array) -> float:
    """The median of the slopes between all pairs, a step."""
    if len(values) < 3:
        return 0.0
    i, j = np.triu_indices(len(values), k=1)
    return float(np.median((values[j] - values[i]) / (j - i)))


def least_squares(x: Array, y: Array) -> float:
    """The slope of the line with the least squares; 0 for too few."""
    if len(x) < 3:
        return 0.0
    around = x - x.mean()
    spread = float((around * around).sum())
    return float((around * (y - y.mean())).sum()) / spread if spread else 0.0


def theta(values: Array, periods: Periods, ahead: int) -> Array:
    """Theta on what the season leaves; the season is added again."""
    season = _season(values, periods)
    flat = values - _from_end(season, len(values))
    slope = least_squares(np.arange(len(flat), dtype=float), flat)
    recent = flat[-RECENT:]
    levels = {alpha: _smoothed(recent, alpha) for alpha in SMOOTHINGS}
    alpha, (level, _) = min(levels.items(), key=lambda one: one[1][1])
    drift = slope / 2 * (np.arange(ahead) + (1 - (1 - alpha) ** len(flat)) / alpha)
    return level + drift + np.resize(season, ahead)


def _season(values: Array, periods: Periods) -> Array:
    """What each phase of the longest cycle seen twice adds; it begins where the values end."""
    period = periods.longest if len(values) >= 2 * periods.longest else periods.short
    if period < 2 or len(values) < 2 * period:
        return np.zeros(1)
    folded = _folded(values, period)
    shape = (folded - folded.mean(axis=1)[:, None]).mean(axis=0)
    return shape - shape.mean()


def _from_end(season: Array, count: int) -> Array:
    """The season for values that end where the season begins anew."""
    return season[(np.arange(count) - count) % len(season)]


def _smoothed(values: Array, alpha: float) -> tuple[float, float]:
    """The last level of simple exponential smoothing, and the mean square of its errors."""
    level, squares = float(values[0]), 0.0
    for value in values[1:].tolist():
        error = value - level
        squares += error * error
        level += alpha * error
    return level, squares / max(len(values) - 1, 1)


WAYS: Mapping[str, Way] = {
    "seasonal_naive": naive,
    "seasonal_naive_week": naive_long,
    "seasonal_mean": average,
    "robust": robust,
    "theta": theta,
    "trend": trend,
}
