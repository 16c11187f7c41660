"""Steady growth, told apart from noise, cycles and one jump."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations
from statistics import fmean, median

# Fewer points than this fit any line.
FEWEST_POINTS = 20
# A fall by this share ends a stretch of growth: the process was restarted, or the load went.
FALL = 0.3
# Slopes are taken between all pairs of so many points, evenly chosen: 24 make 276 pairs.
MOST_POINTS = 24
# The line must explain this share of the variance; noise around a level does not.
LEAST_FIT = 0.8


@dataclass(frozen=True, slots=True)
class Rise:
    """A stretch of steady growth: `per_hour` in the unit of the points."""

    begins: datetime
    ends: datetime
    first: float
    last: float
    per_hour: float
    fit: float

    @property
    def hours(self) -> float:
        return (self.ends - self.begins) / timedelta(hours=1)

    def reaches(self, level: float) -> datetime | None:
        """When the line meets `level`; None when that is over a year away."""
        hours = (level - self.last) / self.per_hour
        return self.ends + timedelta(hours=hours) if hours < 24 * 365 else None


Points = Sequence[tuple[datetime, float]]


def steady_rise(points: Points, *, at_least: timedelta) -> Rise | None:
    """The longest stretch without a fall, if it grew steadily for that long.

    The slope is the median of the slopes between all pairs of points (Theil and Sen), so that
    single outliers do not bend it.
    """
    longest = max(_stretches(points), key=len, default=list[tuple[datetime, float]]())
    if len(longest) < FEWEST_POINTS or longest[-1][0] - longest[0][0] < at_least:
        return None
    hours = [(at - longest[0][0]) / timedelta(hours=1) for at, _ in longest]
    values = [value for _, value in longest]
    slope = _median_slope(hours, values)
    if slope <= 0 or (fit := _fit(hours, values, slope)) < LEAST_FIT:
        return None
    first, last = longest[0], longest[-1]
    return Rise(first[0], last[0], first[1], last[1], slope, fit)


def _stretches(points: Points) -> list[list[tuple[datetime, float]]]:
    stretches: list[list[tuple[datetime, float]]] = []
    for at, value in points:
        if not stretches or value < stretches[-1][-1][1] * (1 - FALL):
            stretches.append([])
        stretches[-1].append((at, value))
    return stretches


def _median_slope(hours: Sequence[float], values: Sequence[float]) -> float:
    step = max(1, len(hours) // MOST_POINTS)
    points = list(zip(hours, values, strict=True))[::step]
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(points, 2) if b[0] > a[0]]
    return median(slopes) if slopes else 0.0


def _fit(hours: Sequence[float], values: Sequence[float], slope: float) -> float:
    """The share of the variance that a line of this slope through the middle explains."""
    hour, level = fmean(hours), fmean(values)
    spread = sum((value - level) ** 2 for value in values)
    missed = sum(
        (value - level - slope * (at - hour)) ** 2 for at, value in zip(hours, values, strict=True)
    )
    return 1 - missed / spread if spread else 0.0
