"""How far the hours of the running day are from what is usual, as far as the next one goes by them.

Spend of one day is alike: what is dear in the morning is dear at noon. So an hour is expected where the
ones before it were, but at some hours all is new, as when batch work begins at midnight. Which hour is
of which kind the past says: each way of looking back is tried on the same hour of earlier days, and the
one that was off least is taken.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mcp_servers.engines.metric_tables import Array
from mcp_servers.engines.spend_seasons import mad

DAY = 24
# How many hours are looked back; with none, only what is usual counts.
BACK = (0, 1, 3, 6)
# Looking back must make the spread so much smaller, or chance chose it.
SMALLER = 0.9
# Hours of any time of the day count as so many days at this one: 28 days are few for a spread.
POOLED_DAYS = 7
WINSOR = 4.0
# What was so many hours ago says nothing of now.
STALE_HOURS = 12


class Ahead(NamedTuple):
    """What the last hours add to what is usual, and how far off one spread is."""

    shift: float
    spread: float


class _Ways(NamedTuple):
    """For one hour of the day: how far to look back, and the spread with that and without."""

    back: int
    spread: float
    without: float


@dataclass(slots=True)
class RunningLevel:
    """`ways` of the hours from place `learned` on; anew each day."""

    ways: list[_Ways] = field(default_factory=list[_Ways])
    learned: int = 0

    def ahead(self, place: int, rest: Array, real: NDArray[np.bool_]) -> Ahead:
        """Of the hour at `place`, after `rest`: what hours were off, of which only `real` ones count."""
        if not self.ways or place - self.learned >= DAY:
            self.ways, self.learned = _learned(rest, real), place
        ways = self.ways[place - self.learned]
        recent = rest[-STALE_HOURS:][real[-STALE_HOURS:]]
        if not ways.back or len(recent) < ways.back:
            return Ahead(0.0, ways.without)
        return Ahead(float(np.median(recent[-ways.back :])), ways.spread)


def _learned(rest: Array, real: NDArray[np.bool_]) -> list[_Ways]:
    places = np.flatnonzero(real)
    off = [rest[places] - _before(rest[places], back) for back in BACK]
    pooled = [_squared(one) for one in off]
    hour = (places - len(rest)) % DAY
    return [_ways([one[hour == i] for one in off], pooled) for i in range(DAY)]


def _ways(off: list[Array], pooled: list[float]) -> _Ways:
    without, *spreads = (_spread(one, every) for one, every in zip(off, pooled, strict=True))
    best = int(np.argmin(spreads))
    if spreads[best] >= SMALLER * without:
        return _Ways(0, without, without)
    return _Ways(BACK[1 + best], spreads[best], without)


def _before(values: Array, back: int) -> Array:
    """For each value the median of the `back` values before it; NaN where there are fewer."""
    if not back:
        return np.zeros(len(values))
    padded = np.concatenate([np.full(back, np.nan), values[:-1]])
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, back), axis=1)


def _spread(off: Array, pooled: float) -> float:
    days = int(np.isfinite(off).sum())
    own = days * _squared(off) if days else 0.0
    return float(np.sqrt((own + POOLED_DAYS * pooled) / (days + POOLED_DAYS)))


def _squared(off: Array) -> float:
    known = off[np.isfinite(off)]
    wide = WINSOR * mad(known)
    return float((np.clip(known, -wide, wide) ** 2).mean())
