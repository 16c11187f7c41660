"""Whether the newest values have left what the values before them foretold, and since when.

Of the last cycles, one more at a time up to the longest season, each is foretold from what came before
it. Values that end the series beyond the interval, all on one side, are a break when their mean is
further off than means of as many values were in back-tests (Student's t, with as many degrees of freedom
as the back-tests are apart). Once a whole longest season was seen at a new level, that is the habit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mcp_servers.engines.anomaly_limits import LEAST_OF_LEVEL
from mcp_servers.engines.backtests import Backtest, backtest, carried_on
from mcp_servers.engines.forecast import (
    FEWEST_VALUES,
    MOST_GAPS,
    MOST_VALUES,
    filled,
    growth_by_lead,
    periods_of,
)
from mcp_servers.engines.forecasting import Periods
from mcp_servers.engines.grids import evenly
from mcp_servers.engines.metric_tables import Array
from mcp_servers.engines.peaks import Peaks, independent

# The chance that a series which goes on as foretold is told of a break, shared by the windows and sides.
FALSE_ALARMS = 0.05
# The interval that the values of a break are beyond, each of them: that which is printed by default.
INTERVAL = 0.8
FEWEST_ORIGINS = 2
FEWEST_FREEDOM = 2.0
# Cycles that show a season, so that what comes after them can be foretold.
CYCLES_BEFORE = 2


@dataclass(frozen=True, slots=True)
class Break:
    """It began after `after` and by `since` (seconds); means of the values since, told and foretold."""

    after: float
    since: float
    values: int
    mean: float
    foretold: float
    relative: bool

    @property
    def rises(self) -> bool:
        return self.mean > self.foretold

    def lasting(self, value: float) -> float:
        """What was foretold without the break, as far off as the values since are."""
        if self.relative:
            return value * self.mean / self.foretold
        return value + self.mean - self.foretold


@dataclass(frozen=True, slots=True)
class _Beside:
    """Errors of back-tests by origin and lead, and those of the newest values, of a steady size.

    Spreads below `least` are rounding, not calm.
    """

    before: Array
    newest: Array
    apart: float
    least: float


def break_of(times: Sequence[float], values: Sequence[float]) -> Break | None:
    """Times in seconds in any order, gaps as NaN. None: as foretold, or too little came before to say."""
    grid = evenly(np.asarray(times, dtype=float), np.asarray(values, dtype=float), MOST_VALUES)
    gaps = int((~np.isfinite(grid.values)).sum())
    if not grid.even or len(grid.values) - gaps < FEWEST_VALUES:
        return None
    if gaps > MOST_GAPS * len(grid.values):
        return None
    periods, _ = periods_of(grid)
    whole = filled(grid.values, periods.short)
    found = _found(whole, periods)
    if found is None:
        return None
    count, foretold, relative = found
    first = len(whole) - count
    return Break(
        after=grid.first + (first - 1) * grid.step_s,
        since=grid.first + first * grid.step_s,
        values=count,
        mean=float(whole[first:].mean()),
        foretold=float(foretold.mean()),
        relative=relative,
    )


def _found(values: Array, periods: Periods) -> tuple[int, Array, bool] | None:
    """How many values, and what was foretold of them; of the window that shows how it began."""
    whole: tuple[int, Array, bool] | None = None
    windows = _windows(len(values), periods)
    relative = bool(values.min() >= 0 and np.median(values) > 0)
    for window in windows:
        past = values[: len(values) - window]
        tried = backtest(past, _seen(periods, len(past)), window)
        if len(tried.origins) < FEWEST_ORIGINS:
            continue
        told = carried_on(tried.weights, past, _seen(periods, len(past)), window)
        told = np.maximum(told, 0.0) if values.min() >= 0 else told
        beside = _beside(past, values[-window:], told, tried, relative)
        count = _beyond(beside, FALSE_ALARMS / 2 / len(windows))
        if 0 < count < window:
            return count, told[-count:], relative
        if count:
            whole = count, told, relative
    return whole


def _windows(count: int, periods: Periods) -> list[int]:
    """How many of the newest values are looked at: the last cycle, the last two and so on."""
    if periods.short < 2:
        return [count // 3]
    ends = [(one + 1) * periods.short for one in range(periods.long or 1)]
    return [one for one in ends if count - one >= CYCLES_BEFORE * periods.short + one]


def _seen(periods: Periods, count: int) -> Periods:
    """The longer season counts where it was seen twice."""
    return periods if count >= CYCLES_BEFORE * periods.longest else Periods(periods.short)


def _beside(past: Array, newest: Array, told: Array, tried: Backtest, relative: bool) -> _Beside:
    """Errors as shares of what was foretold where nothing is negative, grown by the lead taken out."""
    missed, off = tried.missed, newest - told
    least = max(LEAST_OF_LEVEL * float(np.median(np.abs(past))), np.finfo(float).tiny)
    if relative:
        said = _truth(past, tried) - missed
        missed, off = missed / np.maximum(said, least), off / np.maximum(told, least)
        least = LEAST_OF_LEVEL
    leads = np.arange(1, missed.shape[1] + 1, dtype=float)
    power = growth_by_lead(np.abs(missed), leads)
    ahead = np.arange(1, len(newest) + 1, dtype=float)
    apart = independent(tried.origins, missed.shape[1])
    return _Beside(missed / leads**power, off / ahead**power, apart, least)


def _truth(past: Array, tried: Backtest) -> Array:
    lead = tried.missed.shape[1]
    padded = np.concatenate([past, np.full(lead, np.nan)])
    return np.array([padded[origin : origin + lead] for origin in tried.origins])


def _beyond(beside: _Beside, chance: float) -> int:
    """How many values at the end are a break; 0: none."""
    known = np.abs(beside.before[np.isfinite(beside.before)])
    side = np.sign(beside.newest[-1])
    inside = np.flatnonzero(side * beside.newest <= np.quantile(known, INTERVAL))
    count = len(beside.newest) - (int(inside[-1]) + 1 if len(inside) else 0)
    if not count:
        return 0
    count = _sharpest(beside.newest[-count:])
    spread = _spread_of_means(beside, min(count, beside.before.shape[1]))
    freedom = max(beside.apart - 1, FEWEST_FREEDOM)
    limit = Peaks(0.0, spread * (1 + 1 / beside.apart) ** 0.5, freedom, 0).at(1 - chance)
    return count if abs(float(beside.newest[-count:].mean())) > limit else 0


def _sharpest(off: Array) -> int:
    """How many of the last differ most in standard errors of their mean: what only led there is left out."""
    counts = np.arange(1, len(off) + 1)
    sums = np.abs(np.cumsum(off[::-1]))
    return int(counts[np.argmax(sums / np.sqrt(counts))])


def _spread_of_means(beside: _Beside, count: int) -> float:
    """How far off means of so many neighbours were; infinite where no back-test was as long."""
    sums = np.cumsum(np.pad(beside.before, ((0, 0), (1, 0))), axis=1)
    means = (sums[:, count:] - sums[:, :-count]) / count
    known = means[np.isfinite(means)]
    return max(float((known**2).mean() ** 0.5), beside.least) if len(known) else np.inf
