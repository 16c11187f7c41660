"""Series that are there only while something holds: since when, and how often it began and ended."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from mcp_servers.facts.metrics import Series

# One missed point is a slow scrape, not an end.
POINTS_OF_GRACE = 2.5


def stretches(series: Series, step: timedelta) -> list[tuple[datetime, datetime]]:
    """The times, first and last point, in which the series was there without a gap."""
    found: list[tuple[datetime, datetime]] = []
    for at, _ in series.points:
        if found and at - found[-1][1] <= step * POINTS_OF_GRACE:
            found[-1] = (found[-1][0], at)
        else:
            found.append((at, at))
    return found


def step_of(several: Sequence[Series], default: timedelta) -> timedelta:
    """The distance of points, which is the same in all series of one question."""
    gaps = (
        later[0] - earlier[0]
        for one in several
        for earlier, later in zip(one.points, one.points[1:], strict=False)
    )
    return min((gap for gap in gaps if gap > timedelta(0)), default=default)
