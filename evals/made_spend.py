"""Made-up spend by the day or hour, with episodes whose days are known. A seed is a world."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Shape = Callable[[np.random.Generator, Values], Values]

DAY_S, HOUR_S = 86_400.0, 3600.0
START = datetime(2026, 1, 5, tzinfo=UTC).timestamp()  # a Monday
DAYS = 150
# Before the first episode something must be usual, and between two of them something again.
CALM_BEFORE, CALM_BETWEEN = 32, 12
# What an episode makes of a day, and for how many days.
FACTORS = (0.5, 1.4, 1.6, 2.0, 3.0)
LONGEST_EPISODE = 6


@dataclass(frozen=True, slots=True)
class Injected:
    """Places from `first` to `last`, both in it, that cost `factor` of what they would have."""

    first: int
    last: int
    factor: float


@dataclass(frozen=True, slots=True)
class MadeSpend:
    shape: str
    seed: int
    step_s: float
    values: Values
    injected: tuple[Injected, ...]

    @property
    def times(self) -> list[float]:
        return [START + i * self.step_s for i in range(len(self.values))]


def _noise(rng: np.random.Generator, count: int, spread: float) -> Values:
    return np.exp(rng.normal(0, spread, count))


def _flat(rng: np.random.Generator, day: Values) -> Values:
    return rng.uniform(50, 5000) * _noise(rng, len(day), rng.uniform(0.01, 0.05))


def _trend(rng: np.random.Generator, day: Values) -> Values:
    growth = rng.choice([-0.004, 0.002, 0.004, 0.008])
    return rng.uniform(100, 3000) * np.exp(growth * day) * _noise(rng, len(day), 0.05)


def _weekly(rng: np.random.Generator, day: Values) -> Values:
    weekend = np.where(day % 7 >= 5, rng.uniform(0.35, 0.8), 1.0)
    return rng.uniform(100, 3000) * weekend * _noise(rng, len(day), 0.05)


def _weekly_trend(rng: np.random.Generator, day: Values) -> Values:
    return _weekly(rng, day) * np.exp(rng.choice([0.002, 0.005]) * day)


def _quiet(rng: np.random.Generator, day: Values) -> Values:
    """A namespace that costs a few units a day."""
    return rng.uniform(0.5, 5) * _noise(rng, len(day), rng.uniform(0.02, 0.07))


def _spiky(rng: np.random.Generator, day: Values) -> Values:
    """Batch work: every day another size, weekends a little calmer."""
    weekend = np.where(day % 7 >= 5, 0.85, 1.0)
    return rng.uniform(100, 3000) * weekend * _noise(rng, len(day), rng.uniform(0.08, 0.12))


SHAPES: Mapping[str, Shape] = {
    "flat": _flat,
    "trend": _trend,
    "weekly": _weekly,
    "weekly and trend": _weekly_trend,
    "quiet": _quiet,
    "spiky": _spiky,
}


def made_days(shape: str, seed: int, days: int = DAYS, between: int = CALM_BETWEEN) -> MadeSpend:
    rng = np.random.default_rng([seed, *shape.encode()])
    values = SHAPES[shape](rng, np.arange(days, dtype=float))
    injected = tuple(_episodes(rng, days, CALM_BEFORE, between, LONGEST_EPISODE))
    return MadeSpend(shape, seed, DAY_S, _with(values, injected), injected)


def made_hours(shape: str, seed: int, days: int = 42) -> MadeSpend:
    """The days of a shape with a course of the day; episodes last 2 to 12 hours."""
    rng = np.random.default_rng([seed, *shape.encode(), 1])
    hours = np.arange(days * 24, dtype=float)
    daily = SHAPES[shape](rng, np.arange(days, dtype=float)) / 24
    course = 1 + rng.uniform(0.05, 0.4) * np.sin(2 * np.pi * (hours - 8) / 24)
    values = np.repeat(daily, 24) * course * _noise(rng, len(hours), 0.04)
    injected = tuple(_episodes(rng, len(hours), 21 * 24, 48, 12))
    return MadeSpend(shape, seed, HOUR_S, _with(values, injected), injected)


def _episodes(
    rng: np.random.Generator, count: int, before: int, between: int, longest: int
) -> Iterator[Injected]:
    at = before + int(rng.integers(0, between))
    while at < count - longest:
        last = at + int(rng.integers(0, longest))
        yield Injected(at, last, float(rng.choice(FACTORS)))
        at = last + between + int(rng.integers(1, between))


def _with(values: Values, injected: tuple[Injected, ...]) -> Values:
    told = values.copy()
    for one in injected:
        told[one.first : one.last + 1] *= one.factor
    return told
