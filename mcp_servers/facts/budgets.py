"""Budgets and what is told of them. Money is Decimal, in the budget's currency."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

Period = Literal["month", "quarter", "year"]
Kind = Literal["actual", "forecast"]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """In percent of the amount, ascending."""

    actual: tuple[int, ...] = (80, 100)
    forecast: tuple[int, ...] = (100,)


@dataclass(frozen=True, slots=True)
class Budget:
    """`version` grows with every change of the amount or period: then all is told anew."""

    id: str
    amount: Decimal
    period: Period = "month"
    thresholds: Thresholds = Thresholds()
    version: int = 1


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
