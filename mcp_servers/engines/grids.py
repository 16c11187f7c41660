"""Times as people and monitoring write them → an even grid: seconds, or months of the calendar."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from mcp_servers.engines.metric_tables import Array, in_order

DAY_S = 86_400.0
# A month has 28 to 31 days; quarters and years are so many of them.
SHORTEST_MONTH, LONGEST_MONTH = 28 * DAY_S, 31 * DAY_S
# A grid with more holes than values is no grid.
MOST_STRETCHED = 2


@dataclass(frozen=True, slots=True)
class Grid:
    """`values` has gaps as NaN. `months` is the step in months, 0 for one of `step_s` seconds."""

    first: float
    step_s: float
    values: Array
    months: int = 0
    even: bool = True


def evenly(times: Array, values: Array, most: int) -> Grid:
    """The last `most` places. Of two values for one place the later row holds."""
    order, _ = in_order(times)
    times, values = times[order], np.where(np.isfinite(values[order]), values[order], np.nan)
    if len(times) < 2:
        return Grid(float(times[0]) if len(times) else 0.0, 0.0, values, even=False)
    apart = np.diff(times)
    step_s = float(np.median(apart[apart > 0])) if (apart > 0).any() else 0.0
    if not step_s:
        return Grid(float(times[0]), 0.0, values, even=False)
    months = _months(times, step_s)
    places = _of_months(times, months) if months else np.rint((times - times[0]) / step_s)
    return _laid(times, values, places.astype(np.intp), (step_s, months), most)


def _laid(
    times: Array, values: Array, places: NDArray[np.intp], step: tuple[float, int], most: int
) -> Grid:
    step_s, months = step
    room = int(places[-1]) + 1
    even = room <= MOST_STRETCHED * len(times) and len(np.unique(places)) > len(times) / 2
    if not even:
        return Grid(float(times[0]), step_s, values, months, even=False)
    told = np.full(room, np.nan)
    told[places] = values
    first = max(room - most, 0)
    start = float(times[0]) + first * step_s
    if months:
        start = _month_later(float(times[0]), first * months)
    return Grid(start, step_s, told[first:], months)


def _months(times: Array, step_s: float) -> int:
    """How many months a step is; 0 when the times are not of months."""
    months = round(step_s / (30.44 * DAY_S))
    if not months or not SHORTEST_MONTH * months <= step_s <= LONGEST_MONTH * months:
        return 0
    told = _numbers(times)
    days = {datetime.fromtimestamp(float(one), UTC).day for one in times}
    # On the same day of each month, or on its last.
    regular = len(days) == 1 or min(days) >= 28
    return months if regular and not ((np.diff(told) % months) != 0).any() else 0


def _of_months(times: Array, months: int) -> Array:
    told = _numbers(times)
    return (told - told[0]) / months


def _numbers(times: Array) -> Array:
    moments = [datetime.fromtimestamp(float(one), UTC) for one in times]
    return np.array([one.year * 12 + one.month for one in moments], dtype=float)


def later(grid: Grid, count: int) -> list[float]:
    """The times of the next places."""
    end = len(grid.values)
    if grid.months:
        return [_month_later(grid.first, (end + i) * grid.months) for i in range(count)]
    return [grid.first + (end + i) * grid.step_s for i in range(count)]


def _month_later(seconds: float, months: int) -> float:
    """The same day of a later month; the last one where that month is shorter, or it was the last."""
    at = datetime.fromtimestamp(seconds, UTC)
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    was_last = at.day == _days(at.year, at.month) and at.day >= 28
    days = _days(year, month + 1)
    return at.replace(
        year=year, month=month + 1, day=days if was_last else min(at.day, days)
    ).timestamp()


def _days(year: int, month: int) -> int:
    after = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return (after - datetime(year, month, 1, tzinfo=UTC)).days
