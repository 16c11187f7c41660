"""How heavy the tails of a noise are: the degrees of freedom of the Student's t that fits it best.

Fitted by likelihood, with the outermost values counted only as being out there (censored): the
outliers that are looked for must not make the noise look wild.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

from mcp_servers.engines.metric_tables import Array

# Wilder noises hide every fault; from the last on it is nearly normal.
FREEDOMS = (3.0, 4.0, 5.0, 7.0, 10.0)
NEARLY_NORMAL = 1000.0
# Scales that are tried, beside that which the middle of the sizes gives.
SCALES = (0.8, 0.87, 0.93, 1.0, 1.07, 1.15, 1.25)
# The share of values that counts only as being out there.
CENSORED = 0.03
# So much more likely than a normal noise, in logarithms, must one with tails be.
LEAST_GAIN = 2.0


@dataclass(frozen=True, slots=True)
class _Half:
    """The upper half of a Student's t: what lies above each place of a grid."""

    freedom: float
    places: Array
    above: Array
    height: float

    def beyond(self, place: float) -> float:
        found: Array = np.interp([place], self.places, np.log(self.above))
        return math.exp(float(found[0]))

    def quantile(self, chance: float) -> float:
        """The place above which a value lies with this chance."""
        return float(np.interp(-math.log(chance), -np.log(self.above), self.places))

    def logs(self, values: Array) -> Array:
        """The logarithms of the density."""
        return np.log(self.height) + _shape(values, self.freedom)


@cache
def _half(freedom: float) -> _Half:
    places = np.concatenate([np.linspace(0, 10, 4000), np.geomspace(10, 1e5, 4000)[1:]])
    density = np.exp(_shape(places, freedom))
    pieces = (density[1:] + density[:-1]) / 2 * np.diff(places)
    above = np.concatenate([np.cumsum(pieces[::-1])[::-1], [0.0]])
    height = 0.5 / above[0]
    return _Half(freedom, places, np.maximum(above * height, 1e-300), height)


def _shape(values: Array, freedom: float) -> Array:
    return -(freedom + 1) / 2 * np.log1p(values**2 / freedom)


def limit_of_tails(rest: Array, chance: float) -> float:
    """Beyond what a value of this noise lies with this chance, by its tails.

    0 where a normal noise is about as likely, or a double exponential one more so.
    """
    sizes = np.abs(rest)
    edge = float(np.quantile(sizes, 1 - CENSORED))
    if np.median(sizes) <= 0:
        return 0.0
    normal, _ = _best_scale(sizes, edge, NEARLY_NORMAL)
    light = max(normal + LEAST_GAIN, _exponential(sizes, edge))
    fits = [(*_best_scale(sizes, edge, freedom), freedom) for freedom in FREEDOMS]
    likely, scale, freedom = max(fits)
    return _half(freedom).quantile(chance) * scale if likely >= light else 0.0


def _best_scale(sizes: Array, edge: float, freedom: float) -> tuple[float, float]:
    """How likely the sizes are of a t of this freedom, and its scale."""
    half = _half(freedom)
    middle = float(np.median(sizes)) / half.quantile(0.25)
    scales = [middle * factor for factor in SCALES]
    return max((_likelihood(sizes, edge, half, scale), scale) for scale in scales)


def _likelihood(sizes: Array, edge: float, half: _Half, scale: float) -> float:
    inner = sizes[sizes <= edge]
    out_there = len(sizes) - len(inner)
    told = half.logs(inner / scale).sum() - len(inner) * np.log(scale)
    return float(told + out_there * np.log(half.beyond(edge / scale)))


def _exponential(sizes: Array, edge: float) -> float:
    """The same of a double exponential of the scale that fits best."""
    inner = sizes[sizes <= edge]
    out_there = len(sizes) - len(inner)
    scale = float(inner.sum() + out_there * edge) / len(inner)
    told = -inner.sum() / scale - len(inner) * np.log(2 * scale)
    return float(told + out_there * (np.log(0.5) - edge / scale))
