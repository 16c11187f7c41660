"""Thresholds from history: how often an alert with each would have fired."""

import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from mcp_servers.engines.rule_history import firings
from mcp_servers.facts.metrics import Series
from mcp_servers.facts.slo import Threshold

QUANTILES = (0.5, 0.9, 0.95, 0.99, 0.995, 0.999, 1.0)
# Above all that was seen, by this share of what lies between the middle and the highest.
MARGIN = 0.1
BRIEF_S = 300.0
DIGITS = 3


def thresholds(
    series: Sequence[Series], *, above: bool, held: timedelta, step: timedelta, until: datetime
) -> list[Threshold]:
    """Candidates, the most sensitive first; the last one would never have fired. None without values."""
    values = sorted(value for line in series for _, value in line.points if math.isfinite(value))
    if not values:
        return []
    found: list[Threshold] = []
    for value in dict.fromkeys(_candidates(values, above=above)):
        told = firings(
            [_beyond(line, value, above=above) for line in series],
            held=held, step=step, until=until,
        )  # fmt: skip
        brief = sum(one.ended is not None and one.lasted_s < BRIEF_S for one in told)
        found.append(Threshold(value, len(told), brief, sum(one.lasted_s for one in told)))
    return found


def suggested(found: Sequence[Threshold], *, at_most: int) -> Threshold | None:
    """The most sensitive that would have fired no more often than that; None without candidates."""
    return next((one for one in found if one.fired <= at_most), None)


def _candidates(values: Sequence[float], *, above: bool) -> list[float]:
    """Quantiles towards the bad end, rounded away from the good, and one beyond what was seen."""
    ordered = values if above else values[::-1]
    last = len(ordered) - 1
    found = [ordered[math.ceil(last * share)] for share in QUANTILES]
    middle, end = found[0], found[-1]
    beyond = (
        end - middle or abs(end) or 1.0 if above else end - middle or -(abs(end) or 1.0)
    ) * MARGIN
    return [_rounded(value, up=above) for value in (*found, end + beyond)]


def _rounded(value: float, *, up: bool) -> float:
    if value == 0:
        return 0.0
    scale = 10 ** (DIGITS - 1 - math.floor(math.log10(abs(value))))
    rounded = (math.ceil if up else math.floor)(value * scale) / scale
    return float(f"{rounded:.{DIGITS + 1}g}")


def _beyond(line: Series, value: float, *, above: bool) -> Series:
    kept = [one for one in line.points if (one[1] > value if above else one[1] < value)]
    return replace(line, points=tuple(kept))
