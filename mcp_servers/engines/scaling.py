"""How many instances a load takes, and when to begin: from what one carries and how long one starts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

import numpy as np

Basis = Literal["request", "limit", "cpu_per_request", "carried"]

# What of a request may be in use before one more is wanted; an autoscaler's own target goes first.
TARGETS = {"cpu": 0.7, "qps": 0.7, "memory": 0.8}
# The busiest hundredth may be an outlier of the measurement.
BUSIEST = 0.99
FEWEST_PAIRS = 6


@dataclass(frozen=True, slots=True)
class Instance:
    """One pod of a workload: cores and bytes, 0 where unset."""

    cpu_request: float = 0.0
    cpu_limit: float = 0.0
    memory_request: float = 0.0
    memory_limit: float = 0.0


@dataclass(frozen=True, slots=True)
class Carried:
    """What one instance may carry, in the unit of the load, its target already taken off."""

    amount: float
    basis: Basis
    target: float
    cost: float = 0.0  # core-seconds of one request, where that is the basis


def carries(
    metric: str,
    one: Instance,
    target: float,
    loads: Sequence[float],
    counts: Sequence[float],
    cores: Sequence[float],
) -> Carried | None:
    """`loads`, `counts` of instances and `cores` of the same moments, NaN where unknown.

    None: neither a request, a limit nor enough of the past says what one instance carries.
    """
    if metric == "qps":
        cost = cost_of_one(loads, cores)
        if cost and one.cpu_request:
            return Carried(one.cpu_request * target / cost, "cpu_per_request", target, cost)
    else:
        request, limit = (
            (one.cpu_request, one.cpu_limit)
            if metric == "cpu"
            else (one.memory_request, one.memory_limit)
        )
        if request:
            return Carried(request * target, "request", target)
        if limit:
            return Carried(limit * target, "limit", target)
    most = _most_carried(loads, counts)
    return Carried(most, "carried", 1.0) if most else None


def cost_of_one(loads: Sequence[float], cores: Sequence[float]) -> float:
    """Core-seconds that one request takes in the median; 0: too few moments are known."""
    pairs = zip(loads, cores, strict=True)
    known = [used / load for load, used in pairs if load > 0 and used > 0]
    return median(known) if len(known) >= FEWEST_PAIRS else 0.0


def _most_carried(loads: Sequence[float], counts: Sequence[float]) -> float:
    """What one instance has carried at its busiest; 0: too few moments are known."""
    pairs = zip(loads, counts, strict=True)
    each = [load / count for load, count in pairs if load > 0 and count > 0]
    return float(np.quantile(each, BUSIEST)) if len(each) >= FEWEST_PAIRS else 0.0


def needed(load: float, carried: float) -> int:
    """At least one. What is a hair above a whole number is that number."""
    return max(math.ceil(load / carried - 1e-9), 1)


def first_above(loads: Sequence[float], bound: float) -> int | None:
    """The place of the first load above a bound."""
    return next((i for i, load in enumerate(loads) if load > bound), None)
