"""Where a series moved to another level and stayed: segmentation on clipped values.

Each time the stretch is taken whose mean differs most, in standard errors, from that of the rest
(circular binary segmentation: Olshen, Venkatraman and others, 2004), so a plateau in the middle is found as well
as a step. Values are clipped to a few spreads: no single value makes a level. Values of a process
remember the one before: the standard error of a mean is widened by their correlation, and a walk
without a level has no change of it.
"""

from dataclasses import dataclass
from itertools import pairwise
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from mcp_servers.engines.metric_tables import Array
from mcp_servers.engines.seasons import spread_of

Places = NDArray[np.int_]

# A level lasts at least so many values.
FEWEST_VALUES = 5
CLIPPED = 3.0
# So small a difference of two levels is not worth telling, in spreads.
LEAST_SPREADS = 2.0
MOST_CHANGES = 12
# The chance that a series of noise has any change of level.
FALSE_ALARMS = 0.005
# A spread is read in so many stretches of at least so many values.
STRETCHES, LEAST_STRETCH = 16, 15
# Lengths of stretches are tried in steps of this factor.
LENGTHS = 1.3
# Rather than dividing by nothing: whoever remembers all is a walk.
MOST_MEMORY = 0.99
# What remembers so much, and forgets so little over all its length, cannot be told from a walk
# (Dickey and Fuller, 1979; with a change of level taken out, Perron, 1989).
WALK_REMEMBERS, WALK_FORGETS = 0.8, 40.0


@dataclass(frozen=True, slots=True)
class Segment:
    """The values from `start` up to `end` have this level (their median)."""

    start: int
    end: int
    level: float


def local_spread(values: Array) -> float:
    """The spread around levels that last a while: the median over stretches of their own spread."""
    count = max(1, min(STRETCHES, len(values) // LEAST_STRETCH))
    return float(np.median([spread_of(one) for one in np.array_split(values, count)]))


def segments(values: Array, spread: float) -> list[Segment]:
    """The stretches of one level, in order; one for a series without a change. No gaps."""
    cuts = {0, len(values)}
    if spread > 0:
        _cut(values, 0, len(values), spread, cuts)
    found = [
        Segment(start, end, float(np.median(values[start:end])))
        for start, end in pairwise(sorted(cuts))
    ]
    return _joined(values, found, spread)


def _cut(values: Array, start: int, end: int, spread: float, cuts: set[int]) -> None:
    if end - start < 2 * FEWEST_VALUES or len(cuts) > MOST_CHANGES:
        return
    part = values[start:end]
    first, last, size = _most_apart(_clipped(part, spread))
    if not _is_apart(part, first, last, size, spread, len(values)):
        return
    edges = [start, start + first, start + last, end]
    cuts.update(edges)
    for one, other in pairwise(edges):
        _cut(values, one, other, spread, cuts)


def _is_apart(part: Array, first: int, last: int, size: float, spread: float, count: int) -> bool:
    inside, outside = part[first:last], np.concatenate([part[:first], part[last:]])
    moved = float(np.median(inside) - np.median(outside))
    rest = part - np.median(outside)
    rest[first:last] -= moved
    if _walks(rest):
        return False
    tried = count * np.log(count) / np.log(LENGTHS)
    needed = NormalDist().inv_cdf(1 - FALSE_ALARMS / (2 * tried))
    error = max(spread, spread_of(rest)) * _widened(_clipped(rest, spread))
    return size >= needed * error and abs(moved) >= LEAST_SPREADS * spread


def _clipped(values: Array, spread: float) -> Array:
    """Around the median; where two levels share the values, wide enough for both."""
    centre = np.median(values)
    wide = max(CLIPPED * spread, float(np.quantile(np.abs(values - centre), 0.75)))
    return np.clip(values, centre - wide, centre + wide)


def _most_apart(values: Array) -> tuple[int, int, float]:
    """The stretch whose mean differs most from the rest, and by how much in spreads of one."""
    total = np.concatenate([[0.0], np.cumsum(values - values.mean())])
    count, best = len(values), (0, FEWEST_VALUES, 0.0)
    length = float(FEWEST_VALUES)
    while length <= count - FEWEST_VALUES:
        best = max(best, _of_length(total, round(length)), key=lambda one: one[2])
        length *= LENGTHS
    return _sharpened(total, *best)


def _of_length(total: Array, length: int) -> tuple[int, int, float]:
    sums = np.abs(total[length:] - total[:-length])
    count = len(total) - 1
    place = int(np.argmax(sums))
    return place, place + length, float(sums[place] * np.sqrt(count / (length * (count - length))))


def _sharpened(total: Array, first: int, last: int, size: float) -> tuple[int, int, float]:
    """The same stretch with the ends where they fit best."""
    count = len(total) - 1
    for _ in range(2):
        last, size = _best_end(total, first, np.arange(first + FEWEST_VALUES, count + 1))
        first, size = _best_end(total, last, np.arange(0, last - FEWEST_VALUES + 1))
    return first, last, size


def _best_end(total: Array, fixed: int, places: Places) -> tuple[int, float]:
    count = len(total) - 1
    lengths = np.abs(places - fixed)
    # What is left on either side must be a level too, or nothing at all.
    inner = (places >= FEWEST_VALUES) & (places <= count - FEWEST_VALUES)
    edge = (places == 0) | (places == count)
    fits = (lengths <= count - FEWEST_VALUES) & (inner | edge)
    spare = np.maximum(count - lengths, 1)
    sizes = np.where(
        fits, np.abs(total[places] - total[fixed]) * np.sqrt(count / (lengths * spare)), 0
    )
    best = int(np.argmax(sizes))
    return int(places[best]), float(sizes[best])


def _walks(rest: Array) -> bool:
    memory = _memory(rest)
    return memory >= WALK_REMEMBERS and len(rest) * (1 - memory) < WALK_FORGETS


def _memory(rest: Array) -> float:
    """The correlation of values with those before."""
    centred = rest - rest.mean()
    power = float((centred**2).sum())
    return float((centred[1:] * centred[:-1]).sum()) / power if power else 0.0


def _widened(rest: Array) -> float:
    """By what factor memory of the value before widens the error of a mean.

    A short series looks less mindful than its process is (Kendall, 1954), by (1 + 3 memory) / n.
    """
    memory = _memory(rest)
    memory = min(max(memory + (1 + 3 * memory) / len(rest), 0.0), MOST_MEMORY)
    return float(np.sqrt((1 + memory) / (1 - memory)))


def _joined(values: Array, found: list[Segment], spread: float) -> list[Segment]:
    """Neighbours of nearly one level are one segment."""
    kept = [found[0]]
    for one in found[1:]:
        last = kept[-1]
        if abs(one.level - last.level) < LEAST_SPREADS * spread:
            level = float(np.median(values[last.start : one.end]))
            kept[-1] = Segment(last.start, one.end, level)
        else:
            kept.append(one)
    return kept
