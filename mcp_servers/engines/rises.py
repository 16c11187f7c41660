"""How much worse a measure of requests became, since when, and whether that lasts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import inf
from statistics import median

from mcp_servers.engines.traffic import Points
from mcp_servers.facts.kubernetes import Cluster, Ref

FEWEST_BEFORE = 6
# A rise of one point is a burst; a cache that was emptied fills again.
LASTS = 2
FILLS_WITHIN = 4
# What was as high so often before, and went down again, is as ever.
TIMES_BEFORE = 2
# A doubling of next to nothing harms nobody: the threshold for how much more it must be, and how
# many of its units make one of the measure (failed requests are a share, slow ones seconds).
FLOOR = {
    "failing": ("failing_percent", 100),
    "slow": ("slow_ms", 1000),
    "missing": ("missing_percent", 100),
}
WHAT = {
    "failing": "failing requests",
    "slow": "response time",
    "missing": "share of look-ups that miss the cache",
}


@dataclass(frozen=True, slots=True)
class Rise:
    """Since when a measure is so much above what it was, or what another's is, and both levels."""

    began: datetime
    before: float
    after: float
    beside: Ref | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """What counts as worse: so many times as much, at least so much more, at so many points."""

    times: float
    floor: float
    lasts: int
    most: float = inf  # what a measure can reach

    def above(self, level: float) -> float:
        """From where on a measure is so much worse than at this level: so many times as much, or
        where it has an end, so many times nearer to it."""
        multiple = min(self.times * level, self.most - (self.most - level) / self.times)
        return max(multiple, level + self.floor)


def bar_of(cluster: Cluster, measure: str) -> Bar:
    name, parts = FLOOR[measure]
    rule = "app.regression_after_change"
    return Bar(
        times=cluster.threshold(f"{rule}.times"),
        floor=cluster.threshold(f"{rule}.{name}") / parts,
        lasts=FILLS_WITHIN if measure == "missing" else LASTS,
        most=1.0 if measure == "missing" else inf,
    )


def rise_after(points: Points, at: datetime, bar: Bar) -> Rise | None:
    """The rise after a moment that still lasts; None where it had begun before."""
    before = [value for when, value in points if when <= at]
    after = [(when, value) for when, value in points if when > at]
    if len(before) < FEWEST_BEFORE or len(after) < bar.lasts:
        return None
    level = median(before)
    if comes_and_goes(before, bar.above(level)) or (bar.most < inf and _goes_down(after, level)):
        return None
    high = bar.above(level)
    if before[-1] >= high or any(value < high for _, value in after[-bar.lasts :]):
        return None
    since = [when for when, value in after if value >= high]
    above = [value for _, value in after if value >= high]
    return Rise(since[0], level, median(above))


def comes_and_goes(before: Sequence[float], high: float) -> bool:
    """Whether a measure was as high before, again and again, as of work that is done by the clock."""
    last, *_ = before
    rises = sum(one < high <= other for one, other in pairwise(before))
    return rises + (last >= high) >= TIMES_BEFORE


def _goes_down(after: Sequence[tuple[datetime, float]], level: float) -> bool:
    """Whether half of the rise is gone, and it falls: a cache that was emptied fills again."""
    values = [value for _, value in after]
    return values[-1] <= values[-2] and values[-1] - level <= (max(values) - level) / 2


def shown(measure: str, value: float) -> str:
    return f"{value:.2f} s" if measure == "slow" else f"{value:.1%}"
