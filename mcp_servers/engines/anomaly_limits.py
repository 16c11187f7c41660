"""How far is too far: spreads that are never too small, and limits that noise seldom passes.

Scores are robust z-scores: deviations in median absolute deviations (Iglewicz and Hoaglin, 1993). The
limit grows with the number of values looked at (Bonferroni). Where a tail is heavier than a normal
one, it is continued as an exponential one from the quantiles that a few outliers do not reach (the
tail's mean excess, as in the peaks-over-threshold method; Pickands, 1975). A short series does not
know its own spread well, which Student's t accounts for.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from mcp_servers.engines.heavy_tails import limit_of_tails
from mcp_servers.engines.metric_tables import Array

# The chance that a series of noise has any value beyond its limits.
FALSE_ALARMS = 0.01
# The same where tails are heavy: to be as sure there would hide every fault.
HEAVY_FALSE_ALARMS = 0.3
# Spreads below this share of the level, or of the range, are rounding, not calm.
LEAST_OF_LEVEL, LEAST_OF_RANGE = 0.02, 0.01
# From this skew on a series is looked at as logarithms, if these are less skewed.
SKEWED = 0.2
# Fewer values say nothing about tails, or only about their beginning; the spread of a short series
# is known as from a third of its values.
FEWEST_FOR_TAILS, FEWEST_FOR_LONG_TAILS = 60, 200
SHARE_OF_FREEDOM = 3
# Between these shares of the values the slope of a tail is read; the outliers sought are rarer.
LONG_TAIL, SHORT_TAIL = (0.10, 0.02), (0.25, 0.05)
# How far beyond the limit makes which severity.
SEVERITIES = ((4.0, "critical"), (2.5, "high"), (1.5, "medium"), (1.0, "low"))


@dataclass(frozen=True, slots=True)
class Limits:
    """In spreads; both positive."""

    below: float
    above: float

    def beyond(self, score: float) -> float:
        """How many limits away a score is; from 1 on it is an anomaly."""
        return score / self.above if score >= 0 else -score / self.below


def severity(beyond: float) -> str:
    """ "" for what is ordinary."""
    return next((name for least, name in SEVERITIES if beyond >= least), "")


def limits_of(rest: Array) -> Limits:
    """The limits for scores of which `rest` is what levels leave."""
    tails = 0.0
    if len(rest) >= FEWEST_FOR_TAILS:
        tails = limit_of_tails(rest, HEAVY_FALSE_ALARMS / (2 * len(rest)))
    return Limits(max(_limit(-rest), tails), max(_limit(rest), tails))


@dataclass(frozen=True, slots=True)
class Scale:
    """Values as they are compared: as they are, or as logarithms."""

    logarithmic: bool

    def of(self, values: Array) -> Array:
        return np.log(values) if self.logarithmic else values

    def back(self, values: Array) -> Array:
        return np.exp(values) if self.logarithmic else values


def scale_of(values: Array, *, counted: bool) -> Scale:
    """Logarithms where they make a skewed series even, as they do with most durations."""
    if counted or float(values.min()) <= 0:
        return Scale(logarithmic=False)
    skew = _skew(values)
    return Scale(logarithmic=skew > SKEWED and abs(_skew(np.log(values))) < skew / 2)


def _skew(values: Array) -> float:
    """How far the middle lies off the middle of the outer tenths (Kelly's coefficient)."""
    low, middle, high = (float(one) for one in np.quantile(values, (0.1, 0.5, 0.9)))
    return (high + low - 2 * middle) / (high - low) if high > low else 0.0


def least_spread(values: Array, *, counted: bool, per_step_s: float) -> float:
    """What rounding and counting scatter, however calm the values are.

    Things counted by chance scatter by the root of their number (Poisson); `per_step_s` is the
    length of a step where values are counts a second, else 0.
    """
    level, known_range = float(np.median(np.abs(values))), float(np.ptp(values))
    rounding = max(LEAST_OF_LEVEL * level, LEAST_OF_RANGE * known_range, 1e-12)
    if not counted:
        return rounding
    step = per_step_s or 1.0
    usual = max(float(np.median(values)) * step, 1.0)
    return max(rounding, math.sqrt(usual) / step)


def _limit(rest: Array) -> float:
    chance = FALSE_ALARMS / (2 * len(rest))
    normal = NormalDist().inv_cdf(1 - chance)
    if len(rest) < FEWEST_FOR_LONG_TAILS:
        normal = _students_t(normal, len(rest) / SHARE_OF_FREEDOM)
    if len(rest) < FEWEST_FOR_TAILS:
        return normal
    outer, inner = LONG_TAIL if len(rest) >= FEWEST_FOR_LONG_TAILS else SHORT_TAIL
    start, end = (float(one) for one in np.quantile(rest, (1 - outer, 1 - inner)))
    slope = (end - start) / math.log(outer / inner)
    heavy = min(max(slope / _normal_slope(outer, inner) - 1, 0.0), 1.0)
    exponential = start + slope * math.log(outer / chance)
    return (1 - heavy) * normal + heavy * max(exponential, normal)


def _normal_slope(outer: float, inner: float) -> float:
    inverse = NormalDist().inv_cdf
    return (inverse(1 - inner) - inverse(1 - outer)) / math.log(outer / inner)


def _students_t(z: float, freedom: float) -> float:
    """The quantile of Student's t where the normal one is z (Cornish and Fisher's expansion)."""
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return z + first / freedom + second / freedom**2
