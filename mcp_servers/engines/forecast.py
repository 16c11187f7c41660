"""What comes next in a series, how sure that is, and how well the same would have done before.

The ways of `forecasting` are weighed by `backtests`. The interval is what the weighed forecast's errors
were (conformal prediction, Vovk et al. 2005, with errors growing by the lead).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mcp_servers.engines.backtests import Backtest, Score, backtest, carried_on
from mcp_servers.engines.forecasting import Periods, least_squares
from mcp_servers.engines.grids import Grid, evenly, later
from mcp_servers.engines.metric_tables import Array
from mcp_servers.engines.peaks import Peaks, independent, peaks
from mcp_servers.engines.seasons import season_of

# Fewer values show neither level nor spread; more gaps leave too little.
FEWEST_VALUES = 12
MOST_GAPS = 0.3
DAY_S = 86_400.0
# How much higher a level of errors is taken: for ways weighed by these very errors, and for errors of
# one origin that are one error, by the share that they have in common.
WEIGHED, ALIKE = 0.02, 0.2
# Long series are judged by their end.
MOST_VALUES = 4000


@dataclass(frozen=True, slots=True)
class Point:
    """`lower` and `upper` are None when too little came before to know how sure the mean is."""

    at: float
    mean: float
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """`why` names what is missing when `enough` is False: too_few, gaps, times.

    `weights` are the shares of the ways in the mean; `method` is the way that has nearly all, or `weighted`.
    """

    enough: bool
    why: str = ""
    method: str = ""
    period: int = 0
    season: str = ""
    step_s: float = 0.0
    values: int = 0
    gaps: int = 0
    points: tuple[Point, ...] = ()
    backtest: Score | None = None
    coverage: float | None = None
    origins: int = 0
    peaks: Peaks | None = None
    scores: Mapping[str, Score] = field(default_factory=dict[str, Score])
    weights: Mapping[str, float] = field(default_factory=dict[str, float])


def forecast(
    times: Sequence[float],
    values: Sequence[float],
    *,
    horizon: int,
    level: float = 80.0,
    capacity: float | None = None,
    skip: int = 0,
) -> Forecast:
    """The next `horizon` values. Times in seconds in any order; gaps are NaN; `level` in percent.

    What was never negative will not be, and nothing exceeds `capacity`. `skip`: the horizon begins so many
    values later, for what is foretold from an earlier moment than now.
    """
    grid = evenly(np.asarray(times, dtype=float), np.asarray(values, dtype=float), MOST_VALUES)
    known = int(np.isfinite(grid.values).sum())
    gaps = len(grid.values) - known
    empty = Forecast(False, values=known, gaps=gaps, step_s=grid.step_s)
    if known < FEWEST_VALUES:
        return replace(empty, why="too_few")
    if not grid.even:
        return replace(empty, why="times")
    if gaps > MOST_GAPS * len(grid.values):
        return replace(empty, why="gaps")
    periods, season = periods_of(grid)
    whole = filled(grid.values, periods.short)
    return _told(grid, whole, periods, season, skip, horizon, level, capacity, gaps)


def periods_of(grid: Grid) -> tuple[Periods, str]:
    """The calendar's, where the step fits it and enough was seen; else what the values show."""
    count = len(grid.values)
    if grid.months:
        year = 12 // grid.months if 12 % grid.months == 0 else 0
        return (Periods(year), "year") if 1 < year <= count // 2 else (Periods(1), "")
    a_day = DAY_S / grid.step_s
    if abs(a_day - 1) < 1e-6:
        return (Periods(7), "week") if count >= 14 else (Periods(1), "")
    whole = round(a_day)
    if whole >= 4 and abs(a_day - whole) < 1e-3 * a_day and count >= 2 * whole:
        week = 7 if count >= 14 * whole else 0
        return Periods(whole, week), "day and week" if week else "day"
    found = season_of(grid.values, grid.step_s)
    period = round(found.period_s / grid.step_s) if found.period_s else 1
    return Periods(period), found.name


def filled(values: Array, period: int) -> Array:
    """Gaps as the same phase of the cycle before, else after; what is left, between neighbours."""
    whole = values.copy()
    for i in np.flatnonzero(~np.isfinite(whole)):
        near = [j for j in (i - period, i + period) if 0 <= j < len(whole)]
        known = [whole[j] for j in near if np.isfinite(whole[j])]
        if known:
            whole[i] = known[0]
    gaps = ~np.isfinite(whole)
    if gaps.any():
        places = np.arange(len(whole))
        whole[gaps] = np.interp(places[gaps], places[~gaps], whole[~gaps])
    return whole


def _told(
    grid: Grid,
    values: Array,
    periods: Periods,
    season: str,
    skip: int,
    horizon: int,
    level: float,
    capacity: float | None,
    gaps: int,
) -> Forecast:
    whole = skip + horizon
    tried = backtest(values, periods, whole)
    mean = carried_on(tried.weights, values, periods, whole)
    highest = _peaks(mean, tried, skip) if tried.origins else None
    floor = 0.0 if values.min() >= 0 else -np.inf
    ceiling = np.inf if capacity is None else capacity
    mean = np.clip(mean, floor, ceiling)
    width, coverage = _widths(tried, whole, level / 100) if tried.origins else (None, None)
    lower = np.clip(mean - width, floor, ceiling) if width is not None else None
    upper = np.clip(mean + width, floor, ceiling) if width is not None else None
    at = later(grid, whole)
    points = [
        Point(
            at=at[i],
            mean=float(mean[i]),
            lower=None if lower is None else float(lower[i]),
            upper=None if upper is None else float(upper[i]),
        )
        for i in range(skip, whole)
    ]
    return Forecast(
        enough=True,
        method=tried.method,
        period=periods.longest if periods.longest > 1 else 0,
        season=season,
        step_s=grid.step_s,
        values=len(values) - gaps,
        gaps=gaps,
        points=tuple(points),
        backtest=tried.scores.get(tried.method),
        coverage=coverage,
        origins=len(tried.origins),
        peaks=highest,
        scores=tried.scores,
        weights=tried.weights,
    )


def _widths(tried: Backtest, horizon: int, level: float) -> tuple[Array, float]:
    """Half the interval by lead, and the share of earlier values that such an interval held.

    Each origin is judged by the errors of the others, so the share is an honest one.
    """
    leads = np.arange(1, tried.missed.shape[1] + 1, dtype=float)
    power = growth_by_lead(np.abs(tried.missed), leads)
    scaled: Array = tried.missed / np.float_power(leads, power)
    apart = independent(tried.origins, len(leads))
    held = 0
    for row in range(len(scaled)):
        others = scaled[np.arange(len(scaled)) != row]
        own = np.abs(_known(scaled[row]))
        if len(others):
            held += int((own <= _quantile(others, level, max(apart - 1, 1.0))).sum())
    ahead = np.arange(1, horizon + 1, dtype=float)
    width = _quantile(scaled, level, apart) * np.float_power(ahead, power)
    return width, held / int(np.isfinite(scaled).sum())


def _peaks(mean: Array, tried: Backtest, skip: int) -> Peaks | None:
    leads = np.arange(1, tried.missed.shape[1] + 1, dtype=float)
    power = growth_by_lead(np.abs(tried.missed), leads)
    return peaks(mean, tried.missed, power, tried.origins, skip=skip)


def _known(values: Array) -> Array:
    return values[np.isfinite(values)]


def growth_by_lead(sizes: Array, leads: Array) -> float:
    """By which power of the lead errors grow: 0 for a steady series, 0.5 for a random walk."""
    known = np.isfinite(sizes)
    counts = known.sum(axis=0)
    mean = np.where(known, sizes, 0.0).sum(axis=0) / np.maximum(counts, 1)
    use = (counts > 0) & (mean > 0)
    if use.sum() < 4:
        return 0.25
    slope = least_squares(np.log(leads[use]), np.log(mean[use]))
    return min(max(slope, 0.0), 1.0)


def _quantile(errors: Array, level: float, apart: float) -> float:
    """The level of conformal prediction, for errors of which those of one origin are partly one.

    How far they are is what the means of the origins have of the square of all; the more so, and the
    fewer origins are `apart`, the less is known of the level. By how much was chosen on series that
    nothing is measured on.
    """
    known = np.isfinite(errors)
    counts = np.maximum(known.sum(axis=1), 1)
    means = np.where(known, errors, 0.0).sum(axis=1) / counts
    every = errors[known]
    square = float((every**2).mean())
    common = float((means**2).mean()) / square if square > 0 else 0.0
    share = level * (1 + WEIGHED + ALIKE * common / np.sqrt(apart))
    return float(np.quantile(np.abs(every), min(share, 1.0)))
