"""spend_anomalies: injected episodes in made-up spend, found, missed, or told of where there are none."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from core.principal import Permission, Principal
from evals.made_spend import SHAPES, START, MadeSpend, Values, made_days, made_hours
from evals.scoreboard import Failure, SuiteResult
from mcp_servers.client import Connections, Tools, in_process

JUDGE = Principal(subject="eval", permissions=frozenset(Permission))
# Thresholds were chosen on seeds below 1000.
DAY_SEEDS, HOUR_SEEDS = range(1000, 1020), range(1000, 1005)
OURS = "midwatch"
HISTORY_DAYS, HISTORY_HOURS = 30, 21 * 24

Detector = Callable[[Values], set[int]]


@dataclass
class Tally:
    """Episodes told and right ones of them, episodes injected and found ones of them."""

    told: int = 0
    right: int = 0
    injected: int = 0
    found: int = 0

    def add(self, world: MadeSpend, flagged: set[int]) -> None:
        places = [set(range(one.first, one.last + 1)) for one in world.injected]
        bad = set[int]().union(*places)
        runs = list(_runs(flagged))
        self.told, self.right = self.told + len(runs), self.right + sum(bool(r & bad) for r in runs)
        self.injected += len(places)
        self.found += sum(bool(one & flagged) for one in places)

    def figures(self) -> dict[str, Any]:
        return {
            "precision": round(self.right / self.told, 3) if self.told else None,
            "recall": round(self.found / self.injected, 3) if self.injected else None,
        }


@dataclass
class Scores:
    """By detector, and of ours by shape too."""

    detectors: dict[str, Tally] = field(default_factory=dict[str, Tally])
    shapes: dict[str, Tally] = field(default_factory=dict[str, Tally])

    def figures(self) -> dict[str, Any]:
        own = self.detectors[OURS]
        others = {n: one.figures() for n, one in self.detectors.items() if n != OURS}
        by_shape = {n: one.figures() for n, one in self.shapes.items()}
        return {"episodes": own.injected, **own.figures(), **others, "by shape": by_shape}


def beyond(spreads: float, history: int, values: Values) -> set[int]:
    """What is so many standard deviations from the mean of the values before it."""
    far: set[int] = set()
    for i in range(history, len(values)):
        past = values[i - history : i]
        if abs(values[i] - past.mean()) > spreads * past.std(ddof=1):
            far.add(i)
    return far


async def run() -> list[SuiteResult]:
    days = [made_days(shape, seed) for shape in SHAPES for seed in DAY_SEEDS]
    hours = [made_hours(shape, seed) for shape in SHAPES for seed in HOUR_SEEDS]
    async with in_process(Connections(clusterless=True), only=["budgets"]) as sessions:
        tools = Tools(sessions, JUDGE)
        return [
            await _judged("spend anomalies by day", days, HISTORY_DAYS, tools),
            await _judged("spend anomalies by hour", hours, HISTORY_HOURS, tools),
        ]


async def _judged(
    name: str, worlds: Sequence[MadeSpend], history: int, tools: Tools
) -> SuiteResult:
    plain: Mapping[str, Detector] = {
        "mean and 2 sigma": partial(beyond, 2.0, history),
        "mean and 3 sigma": partial(beyond, 3.0, history),
        "never": lambda _: set(),
    }
    scores = Scores({one: Tally() for one in (OURS, *plain)}, {one: Tally() for one in SHAPES})
    failures: list[Failure] = []
    for world in worlds:
        flagged = await _flagged(world, tools)
        own = Tally()
        for tally in (own, scores.detectors[OURS], scores.shapes[world.shape]):
            tally.add(world, flagged)
        for one, detector in plain.items():
            scores.detectors[one].add(world, detector(world.values))
        if (own.right, own.found) != (own.told, own.injected):
            failures.append(Failure(f"{world.shape} {world.seed}", f"{own.figures()}"))
    return SuiteResult(name, len(worlds), tuple(failures), scores.figures(), totals_only=True)


async def _flagged(world: MadeSpend, tools: Tools) -> set[int]:
    lines = [f"{at:.0f},{value:.6f}" for at, value in zip(world.times, world.values, strict=True)]
    table = "\n".join(["timestamp,value", *lines])
    found = (await tools.call("budgets_table_anomalies", values=table)).data
    return {_place(one["at"], world.step_s) for one in found["points"] if one["anomaly"]}


def _place(at: str, step_s: float) -> int:
    return round((datetime.fromisoformat(at).timestamp() - START) / step_s)


def _runs(flagged: set[int]) -> Iterator[set[int]]:
    """Neighbours are one episode."""
    cuts = [one for one in sorted(flagged) if one - 1 not in flagged]
    for first in cuts:
        run = {first}
        while max(run) + 1 in flagged:
            run.add(max(run) + 1)
        yield run
