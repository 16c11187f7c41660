"""Days (or hours) that cost more or less than the weeks before and the day of the week explain.

Spend is judged in logarithms, because prices and replicas multiply: a day against the level of the
fortnight before, its weekday's effect where that is significant, and the winsorised spread of what
both leave. A day that was anomalous stays out of the history as long as the episode may be passing.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mcp_servers.engines.grids import Grid, evenly
from mcp_servers.engines.metric_tables import Array

DAY_S = 86_400.0
HOUR_S = 3600.0
MAD_TO_SIGMA = 1.4826
# Below 3 % of spread, rounding would be anomalous.
LEAST_SPREAD = 0.03
WINSOR = 4.0
# A new level that has lasted so long is what things cost now.
LASTS = 7
# A series with so many zeros is spend that comes and goes.
MOSTLY_ZERO = 0.5
MOST_VALUES = 20_000
NOTHING = 1e-6


@dataclass(frozen=True, slots=True)
class Manner:
    """How one step is judged: cycle, history, fewest values, spreads and share that are too far."""

    name: str
    cycle: int
    history: int
    fewest: int
    level: int
    spreads: float
    share: float


# Thresholds of days: chosen on tuning seeds, measured on others (decision record).
DAYS = Manner("log weekday, winsorised", 7, 30, 14, 14, 4.0, 0.20)
HOURS = Manner("log hour of day, winsorised", 24, 21 * 24, 7 * 24, 48, 5.0, 0.30)


@dataclass(frozen=True, slots=True)
class Judged:
    """A value beside what was expected. `score` is in spreads, signed; `severity` "" is ordinary.

    `expected` is None where too little came before to expect anything.
    """

    at: float
    value: float
    expected: float | None
    score: float = 0.0
    severity: str = ""

    @property
    def impact(self) -> float:
        return self.value - (self.expected or 0.0)


@dataclass(frozen=True, slots=True)
class Episode:
    """Anomalous values side by side, in one direction."""

    start: float
    end: float
    values: int
    impact: float
    severity: str


@dataclass(frozen=True, slots=True)
class CostAnomalies:
    """`why` when there is not `enough`: too_few, or step (neither days nor hours)."""

    enough: bool
    why: str = ""
    method: str = ""
    gaps: int = 0
    points: tuple[Judged, ...] = ()
    episodes: tuple[Episode, ...] = ()


def cost_anomalies(
    times: Sequence[float], values: Sequence[float], *, partial_from: float | None = None
) -> CostAnomalies:
    """Judge every value by those before it. Gaps are NaN and stay unknown, never zero.

    Values from `partial_from` on (the running day) are not whole and are not judged.
    """
    whole = np.asarray(times, dtype=float) < (math.inf if partial_from is None else partial_from)
    grid = evenly(
        np.asarray(times, dtype=float)[whole], np.asarray(values, dtype=float)[whole], MOST_VALUES
    )
    gaps = int((~np.isfinite(grid.values)).sum())
    manner = _manner(grid)
    if manner is None:
        why = "step" if len(grid.values) >= DAYS.fewest else "too_few"
        return CostAnomalies(False, why, gaps=gaps)
    if len(grid.values) - gaps <= manner.fewest:
        return CostAnomalies(False, "too_few", gaps=gaps)
    points = tuple(_judged(grid, manner))
    return CostAnomalies(
        True,
        method=manner.name,
        gaps=gaps,
        points=points,
        episodes=tuple(episodes(points, grid.step_s)),
    )


def _manner(grid: Grid) -> Manner | None:
    if not grid.even:
        return None
    if abs(grid.step_s - DAY_S) < 1:
        return DAYS
    return HOURS if abs(grid.step_s - HOUR_S) < 1 else None


@dataclass(slots=True)
class _Course:
    """What was seen so far. Where a value was anomalous, `history` has what was expected.

    `run` is how long values have been off, signed by direction. `moved` is the factor of the last
    level that was taken as new, while going back to the one before is no news.
    """

    values: Array
    history: Array
    lasts: int
    run: int = 0
    moved: float = 1.0

    def keep(self, i: int, one: Judged) -> None:
        """Take a judged value into the history."""
        self.run = _run_after(self.run, one)
        if not one.severity:
            return
        if abs(self.run) < self.lasts:
            self.history[i] = one.expected or one.value
        elif abs(self.run) == self.lasts:  # it is the level now
            self.moved = self._move(i)

    def _move(self, i: int) -> float:
        """Bring the history to the level of the last values, with the shape it has."""
        first = i - self.lasts + 1
        now = _median(self.values[first : i + 1] / np.maximum(self.history[first : i + 1], NOTHING))
        self.history[:first] *= now
        self.history[first : i + 1] = self.values[first : i + 1]
        return now

    def back(self, i: int) -> None:
        """The level before the last one is the level again."""
        self.history[:i] /= self.moved
        self.moved = 1.0


def _judged(grid: Grid, manner: Manner) -> Iterator[Judged]:
    lasts = LASTS * (HOURS.cycle if manner is HOURS else 1)
    course = _Course(grid.values, grid.values.copy(), lasts)
    for i, value in enumerate(grid.values.tolist()):
        if not math.isfinite(value):
            continue
        at = grid.first + i * grid.step_s
        past = course.history[max(i - manner.history, 0) : i]
        one = _one(at, value, past, manner)
        if one.severity and course.moved != 1.0:
            again = _one(at, value, past / course.moved, manner)
            if not again.severity:
                course.back(i)
                one = again
        course.keep(i, one)
        yield one


def _run_after(run: int, one: Judged) -> int:
    if not one.severity:
        return 0
    up = one.score > 0
    return (run + 1 if run > 0 else 1) if up else (run - 1 if run < 0 else -1)


def _one(at: float, value: float, history: Array, manner: Manner) -> Judged:
    known = np.isfinite(history)
    if int(known.sum()) < manner.fewest:
        return Judged(at, value, None)
    if (history[known] <= 0).mean() > MOSTLY_ZERO:
        return _come_or_gone(at, value, history[known])
    logs = np.full(len(history), np.nan)
    positive = known & (history > 0)
    logs[positive] = np.log(history[positive])
    if int(positive.sum()) < manner.fewest:
        return Judged(at, value, None)
    effects = _effects(logs, manner)
    phases = (np.arange(len(logs)) - len(logs)) % manner.cycle
    rest = logs - effects[phases]
    recent = rest[-manner.level :]
    recent = recent[np.isfinite(recent)]
    level = float(np.median(recent if len(recent) >= 3 else rest[np.isfinite(rest)]))
    spread = _spread(rest[np.isfinite(rest)] - level)
    usual = level + effects[0]
    far = math.log(max(value, NOTHING)) - usual
    expected = math.exp(usual)
    share = abs(value - expected) / expected
    anomalous = abs(far) > manner.spreads * spread and share >= manner.share
    score = float(np.clip(far / spread, -99, 99))
    return Judged(at, value, expected, score, severity(share) if anomalous else "")


def _come_or_gone(at: float, value: float, history: Array) -> Judged:
    """Spend that is mostly nothing: only its first day after long is news."""
    recent = history[-DAYS.cycle :]
    came = value > 0 and not (history > 0).any()
    usual = float(np.median(recent))
    return Judged(at, value, usual, 99.0 if came else 0.0, "medium" if came else "")


def _effects(logs: Array, manner: Manner) -> Array:
    """What each phase of the cycle adds, where it is significant; phase 0 is the value's own."""
    count = len(logs)
    phases = (np.arange(count) - count) % manner.cycle
    told = np.array([_median(logs[phases == one]) for one in range(manner.cycle)])
    centre = _median(told)
    told = np.where(np.isfinite(told), told, centre)
    seen = max(count / manner.cycle, 1.0)
    doubt = 2.5 * _mad(logs - told[phases]) / math.sqrt(seen)
    return np.where(np.abs(told - centre) > doubt, told - centre, 0.0)


def _spread(rest: Array) -> float:
    wide = WINSOR * _mad(rest)
    return max(float(np.clip(rest, -wide, wide).std(ddof=1)), LEAST_SPREAD)


def _mad(values: Array) -> float:
    known = values[np.isfinite(values)]
    return MAD_TO_SIGMA * float(np.median(np.abs(known - np.median(known)))) + 1e-9


def _median(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if len(known) else math.nan


def severity(share: float) -> str:
    """By how far from expected: below 30 %, below 50 %, below twice as far, and beyond."""
    if share < 0.3:
        return "low"
    if share < 0.5:
        return "medium"
    return "high" if share < 1.0 else "critical"


def episodes(points: Sequence[Judged], step_s: float) -> Iterator[Episode]:
    """Neighbours in one direction are one episode, told once."""
    flagged = [one for one in points if one.severity]
    run: list[Judged] = []
    for one in flagged:
        if run and (one.at - run[-1].at > 1.5 * step_s or (one.score > 0) != (run[-1].score > 0)):
            yield _episode(run)
            run = []
        run.append(one)
    if run:
        yield _episode(run)


def _episode(run: Sequence[Judged]) -> Episode:
    order = ("low", "medium", "high", "critical")
    worst = max((one.severity for one in run), key=order.index)
    return Episode(run[0].at, run[-1].at, len(run), sum(one.impact for one in run), worst)
