"""Made-up load by the hour, of several shapes. A seed is a world."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Shape = Callable[[np.random.Generator, Values], Values]
START = datetime(2026, 3, 2, tzinfo=UTC).timestamp()  # a Monday
HOUR_S = 3600.0


def _day(rng: np.random.Generator, hours: Values) -> Values:
    """A course of the day with two humps, never the same twice."""
    high = rng.uniform(0.2, 0.7)
    course = np.sin(2 * np.pi * (hours - rng.integers(6, 12)) / 24)
    second = rng.uniform(0, 0.3) * np.sin(4 * np.pi * (hours - rng.integers(0, 12)) / 24)
    return 1 + high * course + second * high


def _office(rng: np.random.Generator, hours: Values) -> Values:
    weekend = np.where((hours // 24) % 7 >= 5, rng.uniform(0.2, 0.6), 1.0)
    return _day(rng, hours) * weekend * np.exp(rng.normal(0, 0.05, len(hours)))


def _shop(rng: np.random.Generator, hours: Values) -> Values:
    """Weekends are busier, and every hour is noisy."""
    weekend = np.where((hours // 24) % 7 >= 5, rng.uniform(1.1, 1.5), 1.0)
    return _day(rng, hours) * weekend * np.exp(rng.normal(0, 0.12, len(hours)))


def _growing(rng: np.random.Generator, hours: Values) -> Values:
    growth = np.exp(rng.uniform(-0.01, 0.02) * hours / 24)
    return _day(rng, hours) * growth * np.exp(rng.normal(0, 0.06, len(hours)))


def _wandering(rng: np.random.Generator, hours: Values) -> Values:
    """A level that wanders, as memory and queues do."""
    level, course = _level_and_course(rng, hours)
    return level * course


def _level_and_course(rng: np.random.Generator, hours: Values) -> tuple[Values, Values]:
    walk = np.cumsum(rng.normal(0, rng.uniform(0.005, 0.02), len(hours)))
    return np.exp(walk), 1 + 0.2 * (_day(rng, hours) - 1)


def _bursts(rng: np.random.Generator, hours: Values) -> Values:
    """A course of the day, and hours in which something large runs."""
    burst = rng.random(len(hours)) < 0.03
    noise = np.exp(rng.normal(0, 0.05, len(hours)))
    return _day(rng, hours) * (1 + burst * rng.exponential(1.5, len(hours))) * noise + 0.2


def _steps(rng: np.random.Generator, hours: Values) -> Values:
    """Releases that change the level once in a while."""
    level = np.ones(len(hours))
    for at in rng.integers(24, len(hours), 3):
        level[at:] *= rng.choice([0.8, 1.25, 1.5])
    return _day(rng, hours) * level * np.exp(rng.normal(0, 0.05, len(hours)))


SHAPES: Mapping[str, Shape] = {
    "office": _office,
    "shop": _shop,
    "growing": _growing,
    "wandering": _wandering,
    "bursts": _bursts,
    "steps": _steps,
}


def made_load(shape: str, seed: int, count: int) -> Values:
    rng, size = _world(shape, seed)
    return np.maximum(size * SHAPES[shape](rng, np.arange(count, dtype=float)), 0.0)


def best_of_wandering(seed: int, history: int, horizon: int) -> Values:
    """What somebody foretells who knows the course and the level of that world: the level stays."""
    rng, size = _world("wandering", seed)
    level, course = _level_and_course(rng, np.arange(history + horizon, dtype=float))
    return size * level[history - 1] * course[history:]


def _world(shape: str, seed: int) -> tuple[np.random.Generator, float]:
    rng = np.random.default_rng([seed, *shape.encode()])
    return rng, rng.uniform(5, 5000)
