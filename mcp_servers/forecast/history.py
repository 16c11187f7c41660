"""What Prometheus remembers of one expression, evenly spaced up to now."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from mcp_servers.backends.prometheus import Prometheus

# Hours of four weeks show days and weeks; where less was kept, five minutes of a day.
HISTORY, HOUR = timedelta(days=28), timedelta(hours=1)
LATELY, FINE = timedelta(hours=24), timedelta(minutes=5)
FEWEST_HOURS = 48
# One request for points holds 300.
AT_ONCE = 280


@dataclass(frozen=True)
class Known:
    """What Prometheus knows: times in seconds and values, one series."""

    times: tuple[float, ...]
    values: tuple[float, ...]
    series: int

    @property
    def hours(self) -> float:
        return (self.times[-1] - self.times[0]) / 3600 if self.times else 0.0


async def history(prometheus: Prometheus, query: str, now: datetime) -> tuple[Known, timedelta]:
    coarse = await read(prometheus, query, now, HISTORY, HOUR)
    if len(coarse.times) >= FEWEST_HOURS or coarse.series > 1:
        return coarse, HOUR
    return await read(prometheus, query, now, LATELY, FINE), FINE


async def read(
    prometheus: Prometheus, query: str, now: datetime, back: timedelta, step: timedelta
) -> Known:
    """Evenly spaced values that end now, in as many requests as their number needs."""
    count = round(back / step)
    marks = [*range(0, count, AT_ONCE), count]
    pieces = await asyncio.gather(
        *(
            prometheus.query_range(
                query,
                start=now - step * (count - first - 1),
                end=now - step * (count - last),
                points=last - first,
            )
            for first, last in pairwise(marks)
        )
    )
    points: dict[float, float] = {}
    labels = {one.labels for piece in pieces for one in piece}
    for one in (series for piece in pieces for series in piece):
        points.update((at.timestamp(), value) for at, value in one.points)
    times = sorted(points)
    return Known(tuple(times), tuple(points[at] for at in times), len(labels))
