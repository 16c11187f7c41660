"""What made days cost otherwise: the workloads that changed most, and what of them changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Literal

Kind = Literal["new", "gone", "cpu", "memory", "price", "other"]
DAY = timedelta(days=1)
# The fortnight before is what is usual; fewer days than these tell nothing of it.
USUAL_DAYS, FEWEST_DAYS = 14, 3
# A workload that explains less of a change than this is not one of its causes.
LEAST_PART = 0.1
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Part:
    """What a workload cost and took on a day, or on an average day. Costs in one currency."""

    cost: float = 0.0
    cpu_cost: float = 0.0
    memory_cost: float = 0.0
    cpu_core_hours: float = 0.0
    memory_gib_hours: float = 0.0

    @property
    def other_cost(self) -> float:
        return self.cost - self.cpu_cost - self.memory_cost


@dataclass(frozen=True, slots=True)
class Cause:
    """A workload's average day in the time asked about, and before it."""

    workload: str
    kind: Kind
    daily: float
    daily_before: float

    @property
    def difference(self) -> float:
        return self.daily - self.daily_before


def causes(
    days: Iterable[date],
    parts: Mapping[str, Mapping[date, Part]],
    start: date,
    end: date,
    most: int = 3,
    *,
    usual_days: int = USUAL_DAYS,
) -> list[Cause]:
    """The workloads behind a change from `start` to `end` (in it), the largest first.

    `days` are those that are known as a whole: where a workload has none of them, it cost nothing.
    The `usual_days` before `start` are what is usual; with fewer than three known days of them,
    nothing is said. Only workloads that changed in the direction of the whole are causes of it.
    """
    known = sorted(set(days))
    during = [day for day in known if start <= day <= end]
    before = [day for day in known if start - DAY * usual_days <= day < start]
    if not during or len(before) < FEWEST_DAYS:
        return []
    found = [
        _cause(name, _average(own, during), _average(own, before)) for name, own in parts.items()
    ]
    found = [one for one in found if abs(one.difference) > ROUNDING * one.daily_before]
    whole = sum(one.difference for one in found)
    led = [one for one in found if one.difference * whole > 0]
    moved = sum(abs(one.difference) for one in led)
    led.sort(key=lambda one: (-abs(one.difference), one.workload))
    return [one for one in led[:most] if abs(one.difference) >= LEAST_PART * moved]


def _average(own: Mapping[date, Part], days: list[date]) -> Part:
    sums = {
        one.name: sum(getattr(own[day], one.name) for day in days if day in own)
        for one in fields(Part)
    }
    return Part(**{name: value / len(days) for name, value in sums.items()})


def _cause(name: str, now: Part, before: Part) -> Cause:
    return Cause(name, _kind(now, before), now.cost, before.cost)


def _kind(now: Part, before: Part) -> Kind:
    """New or gone, else what moved the most money: more of a resource, its price, or the rest."""
    if not before.cost:
        return "new"
    if not now.cost:
        return "gone"
    cpu, cpu_price = _moved(
        now.cpu_cost, now.cpu_core_hours, before.cpu_cost, before.cpu_core_hours
    )
    memory, memory_price = _moved(
        now.memory_cost, now.memory_gib_hours, before.memory_cost, before.memory_gib_hours
    )
    sign = 1 if now.cost >= before.cost else -1
    moved: dict[Kind, float] = {
        "cpu": sign * cpu,
        "memory": sign * memory,
        "price": sign * (cpu_price + memory_price),
        "other": sign * (now.other_cost - before.other_cost),
    }
    return max(moved, key=lambda one: moved[one])


def _moved(
    cost: float, hours: float, cost_before: float, hours_before: float
) -> tuple[float, float]:
    """What of a difference more hours make at the old price, and what the price makes of the rest."""
    if not hours_before or not hours:
        return cost - cost_before, 0.0
    by_hours = (hours - hours_before) * cost_before / hours_before
    return by_hours, cost - cost_before - by_hours
