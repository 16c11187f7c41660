"""What comes next in a series, how sure that is, and how well the same would have done before.

Each way of `forecasting` foretells the end of the series from what came before it, at several
origins. The best is taken; when none beats the seasonal naive one, that is. The interval is what
its errors were (conformal prediction, Vovk et al. 2005, with errors growing by the lead).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mcp_servers.engines.forecasting import WAYS, Periods, least_squares
from mcp_servers.engines.grids import Grid, evenly, later
from mcp_servers.engines.metric_tables import Array
from mcp_servers.engines.peaks import Peaks, independent, peaks
from mcp_servers.engines.seasons import season_of

# Fewer values show neither level nor spread; more gaps leave too little.
FEWEST_VALUES = 12
MOST_GAPS = 0.3
# Origins to judge ways by, and what must come before each.
ORIGINS = 8
NAIVE = "seasonal_naive"
ENSEMBLE = "median_of_robust_theta_naive"
MEMBERS = ("robust", "theta", NAIVE)
# A way must beat the ensemble, and the ensemble the naive way, by so much to be believed.
BETTER = 0.97
DAY_S = 86_400.0
# How much the errors of one origin are one error.
ALIKE = 0.2
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
class Score:
    """How a way did at the earlier origins: sMAPE in percent, MASE, mean absolute error."""

    smape: float
    mase: float
    mae: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """`why` names what is missing when `enough` is False: too_few, gaps, times, no_past."""

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


def forecast(
    times: Sequence[float],
    values: Sequence[float],
    *,
    horizon: int,
    level: float = 80.0,
    capacity: float | None = None,
) -> Forecast:
    """The next `horizon` values. Times in seconds in any order; gaps are NaN; `level` in percent.

    What was never negative will not be, and nothing exceeds `capacity`.
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
    filled = _filled(grid.values, periods.short)
    return _told(grid, filled, periods, season, horizon, level, capacity, gaps)


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


def _filled(values: Array, period: int) -> Array:
    """Gaps as the same phase of the cycle before, else after; what is left, between neighbours."""
    filled = values.copy()
    for i in np.flatnonzero(~np.isfinite(filled)):
        near = [j for j in (i - period, i + period) if 0 <= j < len(filled)]
        known = [filled[j] for j in near if np.isfinite(filled[j])]
        if known:
            filled[i] = known[0]
    gaps = ~np.isfinite(filled)
    if gaps.any():
        places = np.arange(len(filled))
        filled[gaps] = np.interp(places[gaps], places[~gaps], filled[~gaps])
    return filled


def _told(
    grid: Grid,
    values: Array,
    periods: Periods,
    season: str,
    horizon: int,
    level: float,
    capacity: float | None,
    gaps: int,
) -> Forecast:
    origins = _origins(len(values), periods, horizon)
    lead = min(horizon, len(values) - origins[0]) if origins else 0
    errors = _errors(values, periods, origins, lead)
    scale = _naive_step(values, periods)
    scores = {name: _score(one, scale) for name, one in errors.items()}
    method = _chosen(scores) if scores else ENSEMBLE
    mean = _carried(method, values, periods, horizon)
    if not np.isfinite(mean).all():
        method, mean = NAIVE, _carried(NAIVE, values, periods, horizon)
    highest = _peaks(mean, errors[method].missed, origins) if errors else None
    floor = 0.0 if values.min() >= 0 else -np.inf
    ceiling = np.inf if capacity is None else capacity
    mean = np.clip(mean, floor, ceiling)
    width, coverage = (
        _widths(errors[method].missed, origins, horizon, level / 100) if errors else (None, None)
    )
    lower = np.clip(mean - width, floor, ceiling) if width is not None else None
    upper = np.clip(mean + width, floor, ceiling) if width is not None else None
    at = later(grid, horizon)
    points = [
        Point(
            at=at[i],
            mean=float(mean[i]),
            lower=None if lower is None else float(lower[i]),
            upper=None if upper is None else float(upper[i]),
        )
        for i in range(horizon)
    ]
    return Forecast(
        enough=True,
        method=method,
        period=periods.longest if periods.longest > 1 else 0,
        season=season,
        step_s=grid.step_s,
        values=len(values) - gaps,
        gaps=gaps,
        points=tuple(points),
        backtest=scores.get(method),
        coverage=coverage,
        origins=len(origins),
        peaks=highest,
        scores=scores,
    )


@dataclass(frozen=True, slots=True)
class _Errors:
    """By origin and lead: what was missed, NaN where the series ends, and the sizes beside it."""

    missed: Array
    sizes: Array


def _origins(count: int, periods: Periods, horizon: int) -> list[int]:
    """Places to foretell from, the first with two cycles before it, spread over the last ones."""
    before = max(2 * periods.short, FEWEST_VALUES // 2, min(periods.longest * 2, count // 2))
    ahead = min(horizon, max(count // 3, 1))
    last = count - min(ahead, max(periods.short, 1))
    if last < before:
        return []
    step = max(periods.short, 1) if (last - before) >= 3 * periods.short else 1
    spread = max((last - before) // ORIGINS // step * step, step)
    told = [last - i * spread for i in range(ORIGINS)]
    return sorted(one for one in told if one >= before)


def _errors(
    values: Array, periods: Periods, origins: Sequence[int], lead: int
) -> dict[str, _Errors]:
    if not origins:
        return {}
    missed = {name: np.full((len(origins), lead), np.nan) for name in (*WAYS, ENSEMBLE)}
    sizes = {name: np.full((len(origins), lead), np.nan) for name in missed}
    for row, origin in enumerate(origins):
        actual = values[origin : origin + lead]
        told = _all_ways(values[:origin], periods, len(actual))
        for name, one in told.items():
            missed[name][row, : len(actual)] = actual - one
            sizes[name][row, : len(actual)] = np.abs(actual) + np.abs(one)
    return {name: _Errors(missed[name], sizes[name]) for name in missed}


def _all_ways(values: Array, periods: Periods, ahead: int) -> dict[str, Array]:
    told = {name: way(values, periods, ahead) for name, way in WAYS.items()}
    told[ENSEMBLE] = np.median([told[name] for name in MEMBERS], axis=0)
    return told


def _carried(method: str, values: Array, periods: Periods, ahead: int) -> Array:
    if method == ENSEMBLE:
        return np.median([WAYS[name](values, periods, ahead) for name in MEMBERS], axis=0)
    return WAYS[method](values, periods, ahead)


def _score(errors: _Errors, scale: float) -> Score:
    """sMAPE is of Makridakis (1993), 0 to 200; MASE of Hyndman and Koehler (2006)."""
    known = np.isfinite(errors.missed)
    missed, sizes = np.abs(errors.missed[known]), errors.sizes[known]
    mae = float(missed.mean())
    shares = np.divide(2 * missed, sizes, out=np.zeros_like(missed), where=sizes > 0)
    return Score(smape=100 * float(shares.mean()), mase=mae / scale if scale else 0.0, mae=mae)


def _naive_step(values: Array, periods: Periods) -> float:
    """How far a value is from that of one cycle before, in the mean."""
    period = periods.short if len(values) > periods.short else 1
    return float(np.abs(values[period:] - values[:-period]).mean())


def _chosen(scores: Mapping[str, Score]) -> str:
    naive, ensemble = scores[NAIVE].mae, scores[ENSEMBLE].mae
    best = min(scores, key=lambda name: scores[name].mae)
    if scores[best].mae < BETTER * ensemble and scores[best].mae <= naive:
        return best
    return ENSEMBLE if ensemble <= naive else NAIVE


def _widths(
    missed: Array, origins: Sequence[int], horizon: int, level: float
) -> tuple[Array, float]:
    """Half the interval by lead, and the share of earlier values that such an interval held.

    Each origin is judged by the errors of the others, so the share is an honest one.
    """
    leads = np.arange(1, missed.shape[1] + 1, dtype=float)
    power = _growth(np.abs(missed), leads)
    scaled: Array = np.abs(missed) / np.float_power(leads, power)
    every, apart = _known(scaled), independent(origins, missed.shape[1])
    held = 0
    for row in range(len(scaled)):
        others = _known(scaled[np.arange(len(scaled)) != row])
        own = _known(scaled[row])
        held += (
            int((own <= _quantile(others, level, max(apart - 1, 1.0))).sum()) if len(others) else 0
        )
    ahead = np.arange(1, horizon + 1, dtype=float)
    return _quantile(every, level, apart) * np.float_power(ahead, power), held / len(every)


def _peaks(mean: Array, missed: Array, origins: Sequence[int]) -> Peaks | None:
    leads = np.arange(1, missed.shape[1] + 1, dtype=float)
    return peaks(mean, missed, _growth(np.abs(missed), leads), origins)


def _known(values: Array) -> Array:
    return values[np.isfinite(values)]


def _growth(sizes: Array, leads: Array) -> float:
    """By which power of the lead errors grow: 0 for a steady series, 0.5 for a random walk."""
    known = np.isfinite(sizes)
    counts = known.sum(axis=0)
    mean = np.where(known, sizes, 0.0).sum(axis=0) / np.maximum(counts, 1)
    use = (counts > 0) & (mean > 0)
    if use.sum() < 4:
        return 0.25
    slope = least_squares(np.log(leads[use]), np.log(mean[use]))
    return min(max(slope, 0.0), 1.0)


def _quantile(sizes: Array, level: float, apart: float) -> float:
    """The level of conformal prediction, with errors of one origin partly alike.

    Were they independent there would be as many as values, were they the same as many as origins
    that are `apart`; by how much they are alike was chosen on seeds that nothing is measured on.
    """
    return float(np.quantile(sizes, min(level * (1 + ALIKE / apart), 1.0)))
