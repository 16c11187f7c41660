"""Budgets and what is told of them. Money is Decimal, in the budget's currency."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

Period = Literal["month", "quarter", "year", "custom"]
Kind = Literal["actual", "forecast"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """In percent of the amount, ascending."""

    actual: tuple[int, ...] = (80, 100)
    forecast: tuple[int, ...] = (100,)


@dataclass(frozen=True, slots=True)
class Budget:
    """`version` grows with every change of what is judged: then all is told anew.

    A custom period is told by its first day and the first day after it.
    """

    id: str
    amount: Decimal
    period: Period = "month"
    thresholds: Thresholds = Thresholds()
    version: int = 1
    starts_on: date | None = None
    ends_on: date | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """One crossing, told once: the key of the row that remembers it."""

    budget_id: str
    version: int
    period_start: date
    threshold: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class PeriodEnd:
    """What a period will have cost. `lower` and `upper` are None when too few days are known."""

    spent: float
    mean: float
    lower: float | None
    upper: float | None
    days_known: int
    days_left: int


@dataclass(frozen=True, slots=True)
class Driver:
    """What one workload cost a day in the last week, against the weeks before."""

    workload: str
    daily: float
    daily_before: float

    @property
    def difference(self) -> float:
        return self.daily - self.daily_before
