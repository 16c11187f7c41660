"""Changes of spend that were noticed before, and what is noticed now: one that goes on is one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

# What pauses for less than this is one change: nobody wants to be told of every night of it.
GAPS = {"day": timedelta(days=1), "hour": timedelta(hours=6)}
SEVERITIES = ("low", "medium", "high", "critical")

Step = Literal["day", "hour"]
Direction = Literal["up", "down"]


@dataclass(frozen=True, slots=True)
class Noticed:
    """From `start` to before `end`; `id` "" was never kept. `impact` is over all of it, signed."""

    scope: str
    step: Step
    direction: Direction
    start: datetime
    end: datetime
    impact: float
    severity: str
    id: str = ""

    @property
    def size(self) -> float:
        """Its impact a day, or an hour, whatever its sign."""
        a_step = timedelta(days=1) if self.step == "day" else timedelta(hours=1)
        return abs(self.impact) / max((self.end - self.start) / a_step, 1.0)


def going_on(kept: Sequence[Noticed], found: Sequence[Noticed]) -> list[Noticed]:
    """What was found, with the id of what it goes on with; each kept one is gone on with once.

    A later judgement of the same hours takes the place of an earlier one; two that were found
    beside one that was kept are one, whose impacts add up.
    """
    told: dict[str, Noticed] = {}
    new: list[Noticed] = []
    for one in sorted(found, key=lambda each: each.start):
        before = next((each for each in kept if _same(each, one)), None)
        if before is None:
            new = _after(new, one)
        else:
            mine = replace(one, id=before.id, start=min(before.start, one.start))
            told[before.id] = _together(told[before.id], mine) if before.id in told else mine
    return [*told.values(), *new]


def _after(new: list[Noticed], one: Noticed) -> list[Noticed]:
    """Two new ones that are one are kept as one."""
    if new and _same(new[-1], one):
        return [*new[:-1], _together(new[-1], one)]
    return [*new, one]


def _same(one: Noticed, other: Noticed) -> bool:
    if (one.scope, one.step, one.direction) != (other.scope, other.step, other.direction):
        return False
    gap = GAPS[one.step]
    return one.start <= other.end + gap and other.start <= one.end + gap


def _together(one: Noticed, other: Noticed) -> Noticed:
    return replace(
        one,
        start=min(one.start, other.start),
        end=max(one.end, other.end),
        impact=one.impact + other.impact,
        severity=max(one.severity, other.severity, key=SEVERITIES.index),
    )


def at_least(severity: str, wanted: str) -> bool:
    """Whether a severity is the wanted one or a worse one."""
    return SEVERITIES.index(severity) >= SEVERITIES.index(wanted)
