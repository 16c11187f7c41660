"""Whether a series repeats by the hour, the day, the week, or otherwise, and what is usual when.

A period is believed when the other cycles foretell each cycle better than its own level does: the
profile is judged on values that had no part in it, so noise has no season by chance. Profiles are
medians over cycles, each cycle less its own level, so that neither a single odd cycle nor a change of
level bends them (the idea of seasonal medians in Cleveland et al., STL, 1990, and its robust kin).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcp_servers.engines.metric_shifts import median
from mcp_servers.engines.metric_tables import Array

HOUR_S, DAY_S, WEEK_S = 3600.0, 86_400.0, 604_800.0
NAMED = {HOUR_S: "hour", DAY_S: "day", WEEK_S: "week"}
# With fewer cycles nobody can say which of them is the odd one. Of weeks, which everybody has, two do.
FEWEST_CYCLES = 3
# Fewer phases in a cycle are steps, not a course.
FEWEST_PHASES = 4
# What foretelling must leave at most of the spread for a period to be believed.
MUST_LEAVE = 0.8
# A longer period must do so much better than a shorter one.
BETTER = 0.9
# Weight of a correlation at a lag for that lag to be tried, where the calendar gives no period.
LEAST_CORRELATION = 0.3
MAD_TO_SIGMA = 1.4826
# Farther off than so many spreads is only far off, in judging a period.
CLIPPED = 3.0
# A cycle is divided into so many parts, each with a spread of its own if it has so many values.
PARTS, FEWEST_A_PART = 12, 30


@dataclass(frozen=True, slots=True)
class Season:
    """`usual` is what the phase adds to the level at each place; `period_s` is 0 for no season."""

    period_s: float
    usual: Array
    phases: NDArray[np.intp]

    @property
    def name(self) -> str:
        """An hour, day or week; so many of the longest of these that it is whole ones of; or seconds."""
        if not self.period_s:
            return ""
        for unit_s in sorted(NAMED, reverse=True):
            count = round(self.period_s / unit_s)
            if count and abs(self.period_s - count * unit_s) < 1:
                return NAMED[unit_s] if count == 1 else f"{count} {NAMED[unit_s]}s"
        return f"{self.period_s:.0f} s"


def season_of(values: Array, step_s: float) -> Season:
    """The season of evenly spaced values; gaps are NaN."""
    best = Season(0.0, np.zeros(len(values)), np.zeros(len(values), dtype=np.intp))
    left = MUST_LEAVE
    for period in _periods(values, step_s):
        share, usual = _judged(values, period)
        if share < left:
            best = Season(period * step_s, usual, np.arange(len(values)) % period)
            left = share * BETTER
    return best


def spread_of(values: Array) -> float:
    """The median absolute deviation, as a standard deviation; 0 for nothing."""
    known = values[np.isfinite(values)]
    return MAD_TO_SIGMA * float(np.median(np.abs(known - np.median(known)))) if len(known) else 0.0


def spread_by_phase(rest: Array, season: Season, known: NDArray[np.bool_]) -> Array:
    """The spread at each known place: busy hours scatter more than quiet ones.

    `rest` has the known places only. A part of the cycle is never taken as calmer than half of
    the whole, which a few values of luck would make it.
    """
    whole = spread_of(rest)
    if not season.period_s or len(rest) < PARTS * FEWEST_A_PART:
        return np.full(len(rest), whole)
    phases = season.phases[known]
    part = phases * PARTS // (int(season.phases.max()) + 1)
    spreads = np.array([spread_of(rest[part == one]) for one in range(PARTS)])
    return np.maximum(spreads, whole / 2)[part]


def _periods(values: Array, step_s: float) -> list[int]:
    """Those of the calendar that the step divides, else the one that the values suggest."""
    most = len(values) // FEWEST_CYCLES
    calendar = [round(one / step_s) for one in NAMED if _divides(step_s, one)]
    tried = [one for one in calendar if FEWEST_PHASES <= one <= most]
    week = round(WEEK_S / step_s) if _divides(step_s, WEEK_S) else 0
    tried += [week] if most < week <= len(values) // 2 else []
    lag = _correlated_lag(values, most)
    return sorted({*tried, lag} if lag else tried)


def _divides(step_s: float, period_s: float) -> bool:
    count = period_s / step_s
    return abs(count - round(count)) < 1e-3 * count


def _correlated_lag(values: Array, most: int) -> int:
    """The lag of the highest peak of the autocorrelation; 0 when there is none to speak of."""
    known = np.isfinite(values)
    if most < 2 * FEWEST_PHASES:
        return 0
    centre, spread = np.median(values[known]), spread_of(values)
    level = np.where(known, np.clip(values - centre, -5 * spread, 5 * spread), 0.0)
    spectrum = np.abs(np.fft.rfft(level, 2 * len(level))) ** 2
    correlation = np.fft.irfft(spectrum)[: most + 1]
    if correlation[0] <= 0:
        return 0
    # Fewer pairs are far apart than near.
    correlation = correlation / correlation[0] / (1 - np.arange(most + 1) / len(level))
    inner = correlation[1:-1]
    peaks = np.flatnonzero((inner > correlation[:-2]) & (inner >= correlation[2:])) + 1
    peaks = peaks[(peaks >= FEWEST_PHASES) & (correlation[peaks] >= LEAST_CORRELATION)]
    return int(peaks[np.argmax(correlation[peaks])]) if len(peaks) else 0


def _judged(values: Array, period: int) -> tuple[float, Array]:
    """The share of the spread that foretelling leaves, and what each place's phase adds."""
    cycles = len(values) // period
    start = len(values) - cycles * period
    folded = values[start:].reshape(cycles, period)
    level = median(folded.T)[:, np.newaxis]
    around = folded - np.where(np.isfinite(level), level, 0.0)
    foretold = np.vstack([median(np.delete(around, one, axis=0)) for one in range(cycles)])
    profile = median(around) if cycles >= FEWEST_CYCLES else _milder(*around)
    profile = np.where(np.isfinite(profile), profile, 0.0)
    usual = profile[(np.arange(len(values)) - start) % period]
    wide = CLIPPED * spread_of(around)
    before = _size(around, wide)
    return (_size(around - foretold, wide) / before if before else 1.0), usual


def _size(values: Array, wide: float) -> float:
    """The mean distance from zero; a median would not see what only weekends do."""
    return float(np.nanmean(np.minimum(np.abs(values), wide))) if np.isfinite(values).any() else 0.0


def _milder(one: Array, other: Array) -> Array:
    """Of two cycles, at each phase what is nearer to the level: an odd value leaves no echo."""
    return np.where(np.abs(one) <= np.abs(other), one, other)
