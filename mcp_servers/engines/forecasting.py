"""Ways to carry a series on: each takes evenly spaced values and says the next `ahead` of them.

The robust way is of our own making: medians by day for the level and its trend, medians by phase for
the season. `level` and `level_times_season` are simple exponential smoothing (Brown 1959) of what the
season leaves; smoothed by 1 the level is the last value, as is best for one that wanders. A season is
shrunk by what chance alone would show of it (James and Stein 1961). Values are whole: no gaps.
"""

import math
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
# Smoothing has forgotten what is longer ago; it keeps no longer than that.
RECENT, LEAST_SMOOTHED = 336, 0.05
# Of changes that are nothing but noise, half is undone by the next.
MOST_UNDONE = 0.5
# The season of a level is that of so many cycles: four weeks of days.
SEASON_CYCLES = 28
# From the median deviation to a standard deviation, and from the variance of a mean to a median's.
MAD_TO_SIGMA, MEDIAN_VARIANCE = 1.4826, 1.57
# A season of what wanders is all chance, and half of such are larger than chance in the mean.
DOUBTED = 2.0
# A season of shares may take the level so far beyond what was ever seen, and no further.
MOST_TIMES = 10.0

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


def robust(values: Array, periods: Periods, ahead: int) -> Array:
    """Level, damped trend, shape of the cycle and of the longer one, and the last errors."""
    if periods.short < 2:
        return trend(values, periods, ahead)
    folded = _folded(values, periods.short)
    levels = middle(folded.T)
    shape = middle((folded - levels[:, None])[-CYCLES:])
    rest = folded - levels[:, None] - shape
    longer = _longer(levels, rest, periods)
    flat = _aligned(levels, longer, periods)
    slope = theil_sen(flat[-CYCLES:])
    level = _level(flat, slope)
    steps = np.arange(ahead)
    cycles, phases = steps // periods.short, steps % periods.short
    told = level + _damped(slope, cycles + 1) + shape[phases] + longer[cycles % len(longer), phases]
    fitted = level + shape + longer[-1]  # the longer cycle ends with the last one
    missed = float(middle((folded[-1] - fitted)[-LAST_ERRORS:]))
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
    return float(middle(recent + slope * np.arange(len(recent) - 1, -1, -1)))


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
    day = middle(own - middle(own.T)[:, None])
    hour = middle(rest[-used:].reshape(-1, periods.long, periods.short))
    return (day[:, None] + hour) * (weeks / (weeks + WEEKS_DOUBTED))


def _aligned(levels: Array, longer: Array, periods: Periods) -> Array:
    """The levels without what their place in the longer cycle adds."""
    if not periods.long:
        return levels
    day = middle(longer.T)
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
    return float(middle((values[j] - values[i]) / (j - i)))


def middle(values: Array) -> Array:
    """The median over the first axis. numpy's own is slow where there is little to sort."""
    ordered, count = np.sort(values, axis=0), len(values)
    return (ordered[(count - 1) // 2] + ordered[count // 2]) / 2


def least_squares(x: Array, y: Array) -> float:
    """The slope of the line with the least squares; 0 for too few."""
    if len(x) < 3:
        return 0.0
    around = x - x.mean()
    spread = float((around * around).sum())
    return float((around * (y - y.mean())).sum()) / spread if spread else 0.0


def level(values: Array, periods: Periods, ahead: int) -> Array:
    """The level now and the season on top of it, without a trend."""
    season = _season(values, periods)
    flat = values - _from_end(season, len(values))
    return _smoothed(flat[-RECENT:]) + np.resize(season, ahead)


def level_times_season(values: Array, periods: Periods, ahead: int) -> Array:
    """The same where the season grows with the level; of values that are not all above 0, the sum."""
    if values.min() <= 0:
        return level(values, periods, ahead)
    told = level(np.log(values), periods, ahead)
    return np.exp(np.minimum(told, np.log(values.max()) + np.log(MOST_TIMES)))


def _season(values: Array, periods: Periods) -> Array:
    """What each phase adds, of the longer cycle where it was seen twice; begins where values end."""
    period = periods.short
    if period < 2 or len(values) < 2 * period:
        return np.zeros(1)
    cycles = _folded(values, period)[-SEASON_CYCLES:]
    levels = cycles.mean(axis=1)
    apart = cycles - levels[:, None]
    shape = middle(apart)
    spread = MAD_TO_SIGMA * middle(np.abs(apart - shape))
    doubt = MEDIAN_VARIANCE * float((spread**2).mean()) / len(cycles)
    shape = _shrunk(shape - shape.mean(), doubt)
    weeks = len(cycles) // periods.long if periods.long else 0
    if weeks < 2:
        return shape
    used = weeks * periods.long
    own = levels[-used:].reshape(weeks, periods.long, 1)
    rest = (apart - shape)[-used:].reshape(weeks, periods.long, period)
    longer = _shrunk_mean(own - own.mean(axis=1, keepdims=True)) + _shrunk_mean(rest)
    return (shape + longer).ravel()


def _shrunk_mean(repeated: Array) -> Array:
    """The mean over the first axis, shrunk by the variance that such a mean has by chance."""
    doubt = float(repeated.var(axis=0, ddof=1).mean()) / len(repeated)
    return _shrunk(repeated.mean(axis=0), doubt)


def _shrunk(effects: Array, doubt: float) -> Array:
    """Effects around 0, none left where they hardly exceed what chance gives; `doubt`: variance."""
    size = float((effects**2).mean())
    return effects * max(0.0, 1 - DOUBTED * doubt / size) if size > 0 else effects


def _from_end(season: Array, count: int) -> Array:
    """The season for values that end where the season begins anew."""
    return season[(np.arange(count) - count) % len(season)]


def _smoothed(values: Array) -> float:
    """The last level of simple exponential smoothing.

    The smoothing is what Muth (1960) found best for a level that wanders and is seen with noise: the
    more the changes of neighbours undo each other, the more is noise.
    """
    changes = np.diff(values)
    square = float(changes @ changes)
    undone = -float(changes[1:] @ changes[:-1]) / square if square > 0 else 0.0
    share = LEAST_SMOOTHED
    if undone < MOST_UNDONE:
        ratio = 1 / undone - 2 if undone > 0 else np.inf
        share = (math.sqrt(ratio * ratio + 4 * ratio) - ratio) / 2 if undone > 0 else 1.0
    share = max(share, LEAST_SMOOTHED)
    left = (1 - share) ** np.arange(len(values) - 1, -1, -1)
    left[1:] *= share
    return float(left @ values)


WAYS: Mapping[str, Way] = {
    "seasonal_naive": naive,
    "seasonal_naive_week": naive_long,
    "robust": robust,
    "level": level,
    "level_times_season": level_times_season,
    "trend": trend,
}
