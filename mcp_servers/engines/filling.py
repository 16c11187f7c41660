"""When what fills up will be full: the slope of Theil (1950) and Sen (1968), with Sen's interval.

A clean-up ends one history and begins another: only what came after the last one is carried on.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mcp_servers.engines.metric_tables import Array

State = Literal["full", "filling", "steady", "insufficient_data"]

DAY_S = 86_400.0
# Less than a day shows no slope: what is written at night is not what is written by day.
FEWEST_DAYS, FEWEST_VALUES = 1.0, 6
# Medians of so many pieces: neighbouring values are alike, and would make an interval too narrow.
MOST_PIECES = 28
# A fall by so much of the capacity from one value to the next, that lasts, is a clean-up.
CLEANED, LASTING = 0.05, 4
# Beyond a year a slope of two weeks says nothing.
MOST_DAYS = 365.0
FULL = 0.999
# Of four in five cases, in standard deviations.
Z = 1.2816


@dataclass(frozen=True, slots=True)
class Filling:
    """Shares of the capacity, days from the last value. `latest` None: it may never be full.

    `cleaned` is how many days ago a clean-up ended what was known before; None: there was none.
    """

    state: State
    share: float
    known_days: float
    per_day: float = 0.0
    days: float | None = None
    earliest: float | None = None
    latest: float | None = None
    cleaned: float | None = None


def filling(times: Sequence[float], used: Sequence[float], capacity: float) -> Filling:
    """From times in seconds, oldest first, and what was used of a capacity above 0 in its unit."""
    at, shares = np.asarray(times, dtype=float), np.asarray(used, dtype=float) / capacity
    known = np.isfinite(shares)
    at, shares = at[known], shares[known]
    share = float(shares[-1]) if len(shares) else 0.0
    falls = _clean_ups(shares)
    cleaned = None
    if len(falls):
        cleaned = float(at[-1] - at[falls[-1] + 1]) / DAY_S
        at, shares = at[falls[-1] + 1 :], shares[falls[-1] + 1 :]
    days = float(at[-1] - at[0]) / DAY_S if len(at) else 0.0
    told = Filling("insufficient_data", share, days, cleaned=cleaned)
    if share >= FULL:
        return Filling("full", share, days, days=0.0, earliest=0.0, latest=0.0, cleaned=cleaned)
    # The last place of a fixed step is short of the whole day by that step at most.
    if days < FEWEST_DAYS * 0.8 or len(at) < FEWEST_VALUES:
        return told
    slow, slope, fast = _slopes(*_pieces(at, shares))
    return _told(told, slow, slope, fast)


def _clean_ups(shares: Array) -> list[int]:
    """Places of the last values before one."""
    return [
        i
        for i in np.flatnonzero(np.diff(shares) < -CLEANED).tolist()
        if np.median(shares[max(i + 1 - LASTING, 0) : i + 1])
        - np.median(shares[i + 1 : i + 1 + LASTING])
        > CLEANED
    ]


def _told(known: Filling, slow: float, slope: float, fast: float) -> Filling:
    left = 1 - known.share
    days = _until(left, slope)
    return Filling(
        state="steady" if days is None else "filling",
        share=known.share,
        known_days=known.known_days,
        per_day=slope * DAY_S,
        days=days,
        earliest=_until(left, fast),
        latest=None if days is None else _until(left, slow),
        cleaned=known.cleaned,
    )


def _until(left: float, slope: float) -> float | None:
    if slope <= 0:
        return None
    days = left / slope / DAY_S
    return days if days <= MOST_DAYS else None


def _pieces(at: Array, shares: Array) -> tuple[Array, Array]:
    count = min(MOST_PIECES, max(len(at) // 2, 3))
    parts = np.array_split(np.arange(len(at)), count)
    times = np.array([at[one].mean() for one in parts])
    return times, np.array([np.median(shares[one]) for one in parts])


def _slopes(at: Array, shares: Array) -> tuple[float, float, float]:
    """Per second: the slope in the middle, and the two that hold the true one in four of five cases."""
    first, second = np.triu_indices(len(at), k=1)
    every: Array = np.sort((shares[second] - shares[first]) / (at[second] - at[first]))
    count = len(at)
    reach = Z * math.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    low = max(math.floor((len(every) - reach) / 2), 0)
    high = min(math.ceil((len(every) + reach) / 2), len(every) - 1)
    return float(every[low]), float(np.median(every)), float(every[high])
