"""How each way would have foretold the end of a series, and how much each is therefore believed.

Origins are spread twice: over all that has the whole horizon after it, and, closer, over the last
cycles, which say most about today. A forecast is the mean of the ways, weighed by a high power of
their errors (as Bates and Granger 1969, with which the best way has most of it): taking the one best
way follows luck where a level wanders.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mcp_servers.engines.forecasting import WAYS, Periods
from mcp_servers.engines.metric_tables import Array
from mcp_servers.engines.peaks import independent

# Origins of each of the two spreads.
ORIGINS = 6
FEWEST_BEFORE = 6
NAIVE, WEEKLY, STEADY = "seasonal_naive", "seasonal_naive_week", "level_times_season"
WEIGHTED = "weighted"
# What is weighed: a way that is a tenth further off counts for a fifth.
POWER = 16
# By so much another way must beat the level that stays, by which what wanders is foretold best: the
# more, the fewer origins are apart, because few are beaten by luck.
BETTER = 0.7
# The long cycle once more is taken alone when it beats the mean of the ways by so many standard errors of
# their difference: a timetable is told best by the week before, and what wanders looks so by luck.
SURELY = 2.0
# From this share on the forecast is called after the way, and below that other it is nothing.
NEARLY_ALL, NEARLY_NONE = 0.95, 0.001


@dataclass(frozen=True, slots=True)
class Score:
    """How a way did at the earlier origins: sMAPE in percent, MASE, mean absolute error."""

    smape: float
    mase: float
    mae: float


@dataclass(frozen=True, slots=True)
class Backtest:
    """`missed` is by origin and lead, NaN where the series ends: what the weighed forecast missed.

    Without an origin `missed` is empty, and the naive way has all the weight.
    """

    origins: Sequence[int]
    weights: Mapping[str, float]
    missed: Array
    scores: Mapping[str, Score]

    @property
    def method(self) -> str:
        first = max(self.weights, key=lambda name: self.weights[name])
        return first if self.weights[first] >= NEARLY_ALL else WEIGHTED


def backtest(values: Array, periods: Periods, horizon: int) -> Backtest:
    """Every way from every origin; `values` without gaps."""
    origins = _origins(len(values), periods, horizon)
    if not origins:
        return Backtest((), {NAIVE: 1.0}, np.empty((0, 0)), {})
    lead = min(horizon, len(values) - origins[0])
    actual = np.full((len(origins), lead), np.nan)
    told = np.full((len(WAYS), len(origins), lead), np.nan)
    for row, origin in enumerate(origins):
        truth = values[origin : origin + lead]
        actual[row, : len(truth)] = truth
        told[:, row, : len(truth)] = _every_way(values[:origin], periods, len(truth))
    apart = independent(origins, lead)
    weights = _weights(actual, told, 1 + BETTER / apart**0.5)
    mean = np.tensordot(list(weights.values()), told, 1)
    step = _naive_step(values, periods)
    scores = {name: _score(actual, one, step) for name, one in zip(WAYS, told, strict=True)}
    scores[WEIGHTED] = _score(actual, mean, step)
    alone = NAIVE if scores[WEIGHTED].mae > scores[NAIVE].mae else ""
    if _surely_better(actual, told[list(WAYS).index(WEEKLY)], mean, apart):
        alone = min(alone or WEEKLY, WEEKLY, key=lambda name: scores[name].mae)
    if alone:
        weights, mean = {name: float(name == alone) for name in WAYS}, told[list(WAYS).index(alone)]
    return Backtest(origins, weights, actual - mean, scores)


def carried_on(weights: Mapping[str, float], values: Array, periods: Periods, ahead: int) -> Array:
    """The weighed mean of the ways that count for anything."""
    told = np.zeros(ahead)
    counted = {name: share for name, share in weights.items() if share > NEARLY_NONE}
    for name, share in counted.items():
        told += share / sum(counted.values()) * WAYS[name](values, periods, ahead)
    return told


def _every_way(values: Array, periods: Periods, ahead: int) -> Array:
    return np.array([way(values, periods, ahead) for way in WAYS.values()])


def _origins(count: int, periods: Periods, horizon: int) -> list[int]:
    """Places to foretell from: the first with two cycles before it, each with some values after it."""
    before = max(2 * periods.short, FEWEST_BEFORE, min(periods.longest * 2, count // 2))
    ahead = min(horizon, max(count // 3, 1))
    cycle = max(periods.short, 1)
    # At the phase of today, because some hours of a day are missed by more than others.
    last = count - (cycle if cycle <= count - before else min(ahead, cycle))
    apart = cycle if cycle > 1 else max((last - before) // ORIGINS, 1)
    near = {last - i * apart for i in range(ORIGINS)}
    back = np.ceil(np.linspace(ahead, max(count - before, ahead), ORIGINS) / cycle).astype(int)
    far = (count - cycle * back).tolist()
    return sorted(one for one in near.union(far) if before <= one <= last)


def _weights(actual: Array, told: Array, better: float) -> dict[str, float]:
    """By the mean error of each lead, so that the leads only few origins know count as much."""
    errors = _mean_known(_mean_known(np.abs(actual - told), axis=1), axis=1)
    doubted = errors * np.array([1.0 if name == STEADY else better for name in WAYS])
    least = float(doubted.min())
    shares = np.float_power(least / doubted, POWER) if least > 0 else (doubted == 0).astype(float)
    return dict(zip(WAYS, (shares / shares.sum()).tolist(), strict=True))


def _surely_better(actual: Array, told: Array, other: Array, apart: float) -> bool:
    """Whether it missed less than the other from most origins, or by far from some."""
    missed, missed_other = (_mean_known(np.abs(actual - one), axis=1) for one in (told, other))
    less = missed_other - missed
    error = float(less.std(ddof=1)) / apart**0.5 if len(less) > 1 else np.inf
    return float(less.mean()) > SURELY * error


def _mean_known(values: Array, axis: int) -> Array:
    known = np.isfinite(values)
    counts = known.sum(axis=axis)
    sums: Array = np.where(known, values, 0.0).sum(axis=axis)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _score(actual: Array, told: Array, step: float) -> Score:
    """sMAPE is of Makridakis (1993), 0 to 200; MASE of Hyndman and Koehler (2006)."""
    known = np.isfinite(actual)
    truth, said = actual[known], told[known]
    missed, sizes = np.abs(truth - said), np.abs(truth) + np.abs(said)
    mae = float(missed.mean())
    shares = np.divide(2 * missed, sizes, out=np.zeros_like(missed), where=sizes > 0)
    return Score(smape=100 * float(shares.mean()), mase=mae / step if step else 0.0, mae=mae)


def _naive_step(values: Array, periods: Periods) -> float:
    """How far a value is from that of one cycle before, in the mean."""
    period = periods.short if len(values) > periods.short else 1
    return float(np.abs(values[period:] - values[:-period]).mean())
