"""Values of one series that its past and its season do not explain, and changes of its level.

A counter is turned into growth a second. What season and trend leave is compared with the level of
the time before, in robust spreads. Wrong times, gaps and resets are ordinary; too little data is an
answer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mcp_servers.engines.anomaly_limits import (
    Scale,
    least_spread,
    limits_of,
    scale_of,
    severity,
)
from mcp_servers.engines.level_changes import Segment, local_spread, segments
from mcp_servers.engines.metric_tables import Array, Mask, in_order, is_counter, rates
from mcp_servers.engines.seasons import Season, season_of, spread_by_phase
from mcp_servers.engines.straight_lines import line_through

# Fewer values show neither a level nor a spread.
FEWEST_VALUES = 15
# More gaps than this leave nothing to compare with.
MOST_GAPS = 0.5
# A level so far from the one before is anomalous as a whole, until it has lasted as long.
LEVEL_SPREADS = 2.5
# So much longer than the first level, the second is the usual one.
OUTLASTS = 3
# A line is a trend when it leaves so much less than no line, and hardly more than levels do.
TREND_LEAVES, LEVELS_LEAVE = 0.8, 1.1


@dataclass(frozen=True, slots=True)
class Judged:
    """A value beside what was expected; `score` is in spreads, signed. `severity` "" is ordinary."""

    at: float
    value: float
    expected: float
    score: float
    severity: str


@dataclass(frozen=True, slots=True)
class LevelChange:
    """Levels without what the season adds; `spreads` is signed."""

    at: float
    before: float
    after: float
    spreads: float


@dataclass(frozen=True, slots=True)
class Anomalies:
    """`why` when there is not `enough`: too_few, or gaps. Points are a counter's growth a second."""

    enough: bool
    counter: bool
    resets: int
    gaps: int
    values: int
    why: str = ""
    step_s: float = 0.0
    season: str = ""
    trend: bool = False
    points: tuple[Judged, ...] = ()
    changes: tuple[LevelChange, ...] = ()

    @property
    def method(self) -> str:
        """What was done, in words."""
        parts = ["rate of a counter"] if self.counter else []
        parts += [f"season: {self.season}"] if self.season else []
        parts += ["trend"] if self.trend else []
        return ", ".join([*parts, "robust z-score with level changes"])


@dataclass(frozen=True, slots=True)
class _Readings:
    """Evenly spaced values, gaps as NaN."""

    times: Array
    values: Array
    known: Mask
    counter: bool
    resets: int
    whole: bool  # nothing but whole numbers were read
    step_s: float


@dataclass(frozen=True, slots=True)
class _Fit:
    """Of the known values: what season and trend add, what is left, and in which levels.

    `spread` is what a level is told apart by.
    """

    usual: Array
    left: Array
    levels: list[Segment]
    spread: float
    season: Season
    trend: bool


def anomalies(times: Sequence[float], values: Sequence[float], *, name: str = "") -> Anomalies:
    """Judge every value. Times are in seconds, in any order; gaps are NaN; `name` tells counters."""
    read = _read(np.asarray(times, dtype=float), np.asarray(values, dtype=float), name)
    count, gaps = int(read.known.sum()), int((~read.known).sum())
    why = _lacks(count, gaps)
    if why:
        return Anomalies(False, read.counter, read.resets, gaps, count, why)
    scale = scale_of(read.values[read.known], counted=read.whole)
    fit = _fit(read, scale)
    points = tuple(_judged(read, scale, fit))
    return Anomalies(
        enough=True,
        counter=read.counter,
        resets=read.resets,
        gaps=gaps,
        values=count,
        step_s=read.step_s,
        season=fit.season.name,
        trend=fit.trend,
        points=points,
        changes=tuple(_changes(read.times[read.known], scale, fit)),
    )


def _lacks(count: int, gaps: int) -> str:
    if count < FEWEST_VALUES:
        return "too_few"
    return "gaps" if gaps > MOST_GAPS * (count + gaps) else ""


def _read(times: Array, values: Array, name: str) -> _Readings:
    order, _ = in_order(times)
    times, values = times[order], np.where(np.isfinite(values[order]), values[order], np.nan)
    known = np.isfinite(values)
    counter = is_counter(name, values[known])
    whole = bool((values[known] == np.round(values[known])).all())
    resets = int((np.diff(values[known]) < 0).sum()) if counter else 0
    if counter:
        values = rates(times, values, known)[1:]
        times = times[1:]
    times, values, step_s = _evenly_spaced(times, values)
    return _Readings(times, values, np.isfinite(values), counter, resets, whole, step_s)


def _evenly_spaced(times: Array, values: Array) -> tuple[Array, Array, float]:
    """Missing rows become gaps, as long as most rows are there."""
    if len(times) < 2:
        return times, values, 0.0
    step_s = float(np.median(np.diff(times)))
    places: NDArray[np.int_] = np.rint((times - times[0]) / step_s).astype(np.int_)
    room = int(places[-1]) + 1
    if room > 2 * len(times) or (np.diff(places) < 1).any():
        return times, values, step_s  # no even step: in the order they came
    grid, told = times[0] + step_s * np.arange(room), np.full(room, np.nan)
    grid[places], told[places] = times, values
    return grid, told, step_s


def _fit(read: _Readings, scale: Scale) -> _Fit:
    """The season around a first guess of the course, then the course without the season, twice."""
    at, told = read.times[read.known], scale.of(read.values[read.known])
    floor = least_spread(told, counted=False, per_step_s=0.0)
    course = line_through(at, told)
    if _leaves(told - course) > TREND_LEAVES * _leaves(told - np.median(told)):
        course = np.full(len(told), float(np.median(told)))
    first = _around(read, told, course, floor)
    seasonal = first.season.usual[read.known]
    return _around(read, told, first.usual - seasonal + _level_at(first.levels), floor)


def _around(read: _Readings, told: Array, course: Array, floor: float) -> _Fit:
    """The season of what a course leaves, and the course of what that season leaves."""
    gapped = np.full(len(read.values), np.nan)
    gapped[read.known] = told - course
    season = season_of(gapped, read.step_s)
    usual = season.usual[read.known]
    # A level in the busiest hours must stand out from what is usual then.
    busiest = float(spread_by_phase(told - course - usual, season, read.known).max())
    least = max(floor, busiest) if season.period_s else floor
    line, levels, spread = _course(read.times[read.known], told - usual, least)
    return _Fit(usual + line, told - usual - line, levels, spread, season, bool(line.any()))


def _course(at: Array, told: Array, floor: float) -> tuple[Array, list[Segment], float]:
    """Levels, or levels around a line where a line says about as much; the line is zero else."""
    spread = max(local_spread(told), floor)
    levels = segments(told, spread)
    line = line_through(at, told)
    of_line, of_levels = _leaves(told - line), _leaves(told - _level_at(levels))
    of_none = _leaves(told - np.median(told))
    if of_line >= TREND_LEAVES * of_none or of_line >= LEVELS_LEAVE * of_levels:
        return np.zeros(len(told)), levels, spread
    spread = max(local_spread(told - line), floor)
    return line, segments(told - line, spread), spread


def _leaves(rest: Array) -> float:
    return float(np.abs(rest).mean())


def _level_at(levels: Sequence[Segment]) -> Array:
    return np.concatenate([np.full(one.end - one.start, one.level) for one in levels])


def _judged(read: _Readings, scale: Scale, fit: _Fit) -> Iterator[Judged]:
    at, told = read.times[read.known], read.values[read.known]
    own = _level_at(fit.levels)
    base, apart = _baseline(fit.levels, fit.spread)
    counting = least_spread(
        scale.of(told), counted=read.whole, per_step_s=read.step_s if read.counter else 0.0
    )
    spreads = np.maximum(spread_by_phase(fit.left - own, fit.season, read.known), counting)
    limits = limits_of((fit.left - own) / spreads)
    scores = (fit.left - base) / spreads
    expected = scale.back(fit.usual + base)
    levels_apart = np.abs(own - base) / fit.spread / LEVEL_SPREADS
    for i, score in enumerate(scores):
        beyond = max(limits.beyond(float(score)), float(levels_apart[i]) if apart[i] else 0.0)
        yield Judged(
            at=float(at[i]),
            value=float(told[i]),
            expected=float(expected[i]),
            score=float(score),
            severity=severity(beyond),
        )


def _baseline(levels: Sequence[Segment], spread: float) -> tuple[Array, Mask]:
    """The level that was usual at each place, and where another one had taken its place.

    A new level is the usual one from when it has lasted as long as the one before it was known.
    """
    base = _level_at(levels)
    apart = np.zeros(len(base), dtype=bool)
    usual = levels[0]
    if len(levels) > 1 and _length(levels[1]) >= OUTLASTS * _length(levels[0]):
        usual = levels[1]
    for one in levels:
        if one is usual or abs(one.level - usual.level) < LEVEL_SPREADS * spread:
            continue
        known_for = max(one.start, usual.end) - usual.start
        until = min(one.end, one.start + known_for)
        base[one.start : until], apart[one.start : until] = usual.level, True
        if until < one.end:
            usual = one
    return base, apart


def _length(level: Segment) -> int:
    return level.end - level.start


def _changes(at: Array, scale: Scale, fit: _Fit) -> Iterator[LevelChange]:
    for before, after in pairwise(fit.levels):
        moved = (after.level - before.level) / fit.spread
        around = float(np.median(fit.usual))
        levels = scale.back(np.array([before.level, after.level]) + around)
        yield LevelChange(float(at[after.start]), float(levels[0]), float(levels[1]), moved)
