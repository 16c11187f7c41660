"""Weeks before a recording begins, worked out when they are asked for: load by the hour and the weekday."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import pi

import numpy as np

from sandbox.series.growing import Floats, Millis

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
# How far load sways over a day, what is left of it at weekends, how uneven it is, and by what part
# of its last value it rises a day, by the name of the course.
COURSES: Mapping[str, tuple[float, float, float, float]] = {
    "steady": (0.0, 1.0, 0.0, 0.0),
    "level": (0.0, 1.0, 0.02, 0.0),
    "calm": (0.04, 0.98, 0.02, 0.0),
    "busy": (0.35, 0.75, 0.04, 0.0),
    "filling": (0.0, 1.0, 0.002, 0.012),
}
# What rises was not less than this before, however long ago.
LEAST_SHARE = 0.05
# Over so long a course comes to the level that the recording begins with.
JOINS_MS = DAY_MS


class Course:
    """By the hour from `first_ms` to `until_ms`: the share of the mean, and its sum since the first."""

    def __init__(self, name: str, first_ms: int, until_ms: int) -> None:
        sway, weekend, self.uneven, rise = COURSES[name]
        self.hours: Millis = np.arange(first_ms, until_ms + HOUR_MS, HOUR_MS, dtype=np.int64)
        even = _shares(self.hours, sway, weekend, until_ms)
        risen = np.maximum(1 - rise * (until_ms - self.hours) / DAY_MS, LEAST_SHARE)
        self.shares = even * risen * (1 + self.uneven * _noise(self.hours))

    @cached_property
    def sums(self) -> Floats:
        """In hours of the mean, by trapezes: what a counter has counted."""
        means = (self.shares[1:] + self.shares[:-1]) / 2
        return np.concatenate([[0.0], np.cumsum(means)])


def _noise(times_ms: Millis) -> Floats:
    """From -1 to 1, for each moment always the same."""
    found: Floats = np.sin(times_ms / 1000 * 12.9898) * 43758.5453
    return 2 * (found - np.floor(found)) - 1


def _shares(hours: Millis, sway: float, weekend: float, until_ms: int) -> Floats:
    """One at the end, so that the recording goes on without a step."""
    day = 2 * pi * ((hours % DAY_MS) / DAY_MS - 0.35)
    # The first of January 1970 was a Thursday.
    resting = (hours // DAY_MS + 3) % 7 >= 5
    shares = (1 + sway * np.sin(day)) * np.where(resting, weekend, 1.0)
    near = np.clip(1 - (until_ms - hours) / JOINS_MS, 0.0, 1.0)
    return shares / np.float_power(np.interp(until_ms, hours, shares), near)


@dataclass(frozen=True, slots=True)
class Earlier:
    """The samples of one series before its recording, from `first_ms` to before `until_ms`.

    `level` is a gauge's value, or what a counter counts in an hour; at `until_ms` a counter has `end`.
    """

    course: Course
    first_ms: int
    until_ms: int
    every_ms: int
    level: float
    end: float | None = None

    def between(self, start_ms: int, end_ms: int) -> tuple[Millis, Floats]:
        """Both ends included."""
        last = min(end_ms, self.until_ms - self.every_ms)
        first = max(start_ms, self.first_ms)
        steps = (
            -(-(self.until_ms - last) // self.every_ms),
            (self.until_ms - first) // self.every_ms,
        )
        times = (
            self.until_ms - np.arange(steps[1], steps[0] - 1, -1, dtype=np.int64) * self.every_ms
        )
        hours = self.course.hours
        if self.end is None:
            even = self.level * np.interp(times, hours, self.course.shares)
            return times, even * (1 + self.course.uneven * _noise(times))
        sums = self.course.sums
        left = np.interp(self.until_ms, hours, sums) - np.interp(times, hours, sums)
        return times, self.end - self.level * left

    @property
    def counted(self) -> float:
        """What a counter counts from the first to the last of these samples."""
        sums = np.interp([self.first_ms, self.until_ms], self.course.hours, self.course.sums)
        return self.level * float(sums[1] - sums[0])
