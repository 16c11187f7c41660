"""Days (or hours) that cost more or less than the weeks before and the day of the week explain.

Spend is judged in logarithms, because prices and replicas multiply: a day against the level of the
fortnight before, its weekday's effect as far as that is sure, and the winsorised spread of what both
leave. Two days in one direction count together. An hour is judged beside the hours just before it too, as
far as a running day is alike (`running_levels`). A day that was anomalous stays out of the history as
long as the episode may be passing, and says nothing of the spread.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mcp_servers.engines.grids import Grid, evenly
from mcp_servers.engines.metric_tables import Array
from mcp_servers.engines.running_levels import Ahead, RunningLevel
from mcp_servers.engines.spend_seasons import effects, mad

DAY_S = 86_400.0
HOUR_S = 3600.0
# Below 3 % of spread, rounding would be anomalous.
LEAST_SPREAD = 0.03
WINSOR = 4.0
# A new level that has lasted so long is what things cost now.
LASTS = 7
# A series with so many zeros is spend that comes and goes.
MOSTLY_ZERO = 0.5
# So many days that really were show a spread.
FEWEST_REAL = 7
MOST_VALUES = 20_000
NOTHING = 1e-6


@dataclass(frozen=True, slots=True)
class Manner:
    """How one step is judged: cycles, history, fewest values, spreads and share that are too far.

    `pairs`: two neighbours count together. Hours of one day are too much alike for that: for them
    there is `beside`, how many spreads are too far from the hours just before.
    """

    name: str
    cycle: int
    longer: int
    history: int
    fewest: int
    level: int
    spreads: float
    share: float
    pairs: bool = False
    beside: float = 0.0


# Thresholds of days: chosen on tuning seeds, measured on others (decision record).
DAYS = Manner("log weekday, shrunk and winsorised", 7, 0, 42, 14, 18, 3.25, 0.20, pairs=True)
HOURS = Manner("log hour of week, shrunk", 24, 168, 28 * 24, 14 * 24, 48, 4.5, 0.30, beside=4.0)
# What is off in one hour is still off in the next with so many spreads: an end is not a beginning.
STILL = 2.0
# The spread of a median of normal values, in those of their mean.
MEDIAN_SPREAD = math.pi / 2


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
    times: Sequence[float],
    values: Sequence[float],
    *,
    partial_from: float | None = None,
    spreads: float = 0.0,
) -> CostAnomalies:
    """Judge every value by those before it. Gaps are NaN and stay unknown, never zero.

    Values from `partial_from` on (the running day) are not whole and are not judged. `spreads` are
    too far, robust standard deviations; 0 takes what was measured to be best of days and of hours.
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
    points = tuple(_judged(grid, _as_sensitive(manner, spreads)))
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


def _as_sensitive(manner: Manner, spreads: float) -> Manner:
    if not spreads:
        return manner
    return replace(manner, spreads=spreads, beside=manner.beside * spreads / manner.spreads)


@dataclass(frozen=True, slots=True)
class _Past:
    """The values before one; where `made_up`, what was expected stands for what was anomalous."""

    values: Array
    made_up: NDArray[np.bool_]
    place: int
    running: RunningLevel

    def over(self, factor: float) -> "_Past":
        return replace(self, values=self.values / factor)


@dataclass(slots=True)
class _Course:
    """What was seen so far. Where a value was anomalous, `history` has what was expected, `made_up`.

    `run` is how long values have been off, signed by direction. `moved` is the factor of the last
    level that was taken as new, while going back to the one before is no news.
    """

    values: Array
    history: Array
    lasts: int
    made_up: NDArray[np.bool_]
    run: int = 0
    moved: float = 1.0
    running: RunningLevel = field(default_factory=RunningLevel)

    def past(self, i: int, manner: Manner) -> "_Past":
        first = max(i - manner.history, 0)
        return _Past(self.history[first:i], self.made_up[first:i], i, self.running)

    def keep(self, i: int, one: Judged) -> None:
        """Take a judged value into the history."""
        self.run = _run_after(self.run, one)
        if not one.severity:
            return
        if abs(self.run) < self.lasts:
            self.history[i] = one.expected or one.value
            self.made_up[i] = True
        elif abs(self.run) == self.lasts:  # it is the level now
            self.moved = self._move(i)

    def _move(self, i: int) -> float:
        """Bring the history to the level of the last values, with the shape it has.

        Nothing, or what is paid back, is a level that no factor leads to.
        """
        first = i - self.lasts + 1
        now = _median(self.values[first : i + 1] / np.maximum(self.history[first : i + 1], NOTHING))
        now = now if now > 0 else 1.0
        self.history[:first] *= now
        self.history[first : i + 1] = self.values[first : i + 1]
        self.made_up[first : i + 1] = False
        return now

    def back(self, i: int) -> None:
        """The level before the last one is the level again."""
        self.history[:i] /= self.moved
        self.moved = 1.0


def _judged(grid: Grid, manner: Manner) -> Iterator[Judged]:
    lasts = LASTS * (1 if manner.pairs else manner.cycle)
    none = np.zeros(len(grid.values), dtype=np.bool_)
    course = _Course(grid.values, grid.values.copy(), lasts, none)
    before: Judged | None = None
    for i, value in enumerate(grid.values.tolist()):
        if not math.isfinite(value):
            before = None
            continue
        at, past = grid.first + i * grid.step_s, course.past(i, manner)
        one = _one(at, value, past, before, manner)
        if one.severity and course.moved != 1.0:
            again = _one(at, value, past.over(course.moved), before, manner)
            if not again.severity:
                course.back(i)
                one = again
        course.keep(i, one)
        before = one
        yield one


def _run_after(run: int, one: Judged) -> int:
    if not one.severity:
        return 0
    up = one.score > 0
    return (run + 1 if run > 0 else 1) if up else (run - 1 if run < 0 else -1)


def _one(at: float, value: float, past: _Past, before: Judged | None, manner: Manner) -> Judged:
    known = np.isfinite(past.values)
    if int(known.sum()) < manner.fewest:
        return Judged(at, value, None)
    if (past.values[known] <= 0).mean() > MOSTLY_ZERO:
        return _come_or_gone(at, value, past.values[known])
    logs = np.full(len(past.values), np.nan)
    positive = known & (past.values > 0)
    logs[positive] = np.log(past.values[positive])
    if int(positive.sum()) < manner.fewest:
        return Judged(at, value, None)
    usual = _usual(logs, past.made_up, manner)
    far = math.log(max(value, NOTHING)) - usual.log
    one = Judged(at, value, math.exp(usual.log), _score(far, usual.spread))
    if manner.pairs:
        is_far = abs(one.score) > manner.spreads or _together(one, before, manner)
        return _marked(one) if is_far and _off(one) >= manner.share else one
    ahead = past.running.ahead(past.place, usual.rest, known & ~past.made_up)
    return _of_hour(one, far, ahead, before, manner)


def _of_hour(
    one: Judged, far: float, ahead: Ahead, before: Judged | None, manner: Manner
) -> Judged:
    """An hour is too far from what is usual, or from the hours before it and not towards the usual."""
    beside = replace(
        one,
        expected=(one.expected or NOTHING) * math.exp(ahead.shift),
        score=_score(far - ahead.shift, ahead.spread),
    )
    apart = math.copysign(far, far * beside.score) >= math.log1p(manner.share / 2)
    for found, spreads in ((one, manner.spreads), (beside, manner.beside if apart else math.inf)):
        goes_on = before is not None and before.severity and before.score * found.score > 0
        is_far = abs(found.score) > (min(spreads, STILL) if goes_on else spreads)
        if is_far and _off(found) >= manner.share:
            return _marked(found)
    return one


def _score(far: float, spread: float) -> float:
    return float(np.clip(far / max(spread, LEAST_SPREAD), -99, 99))


def _marked(one: Judged) -> Judged:
    return replace(one, severity=severity(_off(one)))


def _off(one: Judged) -> float:
    return abs(one.impact) / (one.expected or NOTHING)


def _together(one: Judged, before: Judged | None, manner: Manner) -> bool:
    """This day and the one before are off in one direction, and the two together too far."""
    if before is None or before.expected is None or before.score * one.score <= 0:
        return False
    both = abs(before.score + one.score) / math.sqrt(2)
    return both > manner.spreads and _off(before) >= manner.share


class _Usual(NamedTuple):
    """The logarithm that is expected next, one spread, and what the past was off."""

    log: float
    spread: float
    rest: Array


def _usual(logs: Array, made_up: NDArray[np.bool_], manner: Manner) -> _Usual:
    added = effects(logs, manner.cycle, manner.longer)
    rest = logs - added[:-1]
    recent = rest[-manner.level :]
    recent = recent[np.isfinite(recent)]
    known = np.isfinite(rest)
    level = float(np.median(recent if len(recent) >= 3 else rest[known]))
    real = known & ~made_up
    left = rest[real if int(real.sum()) >= FEWEST_REAL else known] - level
    phases = np.count_nonzero(added[-manner.cycle - 1 : -1]) if manner.pairs else 0
    unsure = 1 + MEDIAN_SPREAD / manner.level
    if added[-1] and manner.pairs:
        unsure += MEDIAN_SPREAD * manner.cycle / len(logs)
    if manner.longer:
        unsure += MEDIAN_SPREAD * manner.longer / len(logs)
    freedom = len(left) / max(len(left) - phases, 1)
    spread = _spread(left) * math.sqrt(freedom * unsure)
    return _Usual(level + float(added[-1]), spread, rest - level)


def _come_or_gone(at: float, value: float, history: Array) -> Judged:
    """Spend that is mostly nothing: only its first day after long is news."""
    recent = history[-DAYS.cycle :]
    came = value > 0 and not (history > 0).any()
    usual = float(np.median(recent))
    return Judged(at, value, usual, 99.0 if came else 0.0, "medium" if came else "")


def _spread(rest: Array) -> float:
    wide = WINSOR * mad(rest)
    return float(np.clip(rest, -wide, wide).std(ddof=1))


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
