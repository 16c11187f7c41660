"""The days that a month is compared by with the month before it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from mcp_servers.engines.cost_causes import FEWEST_DAYS

Wanted = Literal["this", "last"]


@dataclass(frozen=True, slots=True)
class Months:
    """A month and the one before it, by their first days; of each, the days that are known, in order."""

    month: date
    before: date
    days: Sequence[date]
    days_before: Sequence[date]

    @property
    def enough(self) -> bool:
        """With fewer known days, nobody can say what a day of a month costs."""
        return min(len(self.days), len(self.days_before)) >= FEWEST_DAYS


def first_needed(today: date) -> date:
    """From here on days must be known, whichever month is compared."""
    return _month_before(_month_before(today.replace(day=1)))


def compared_months(known: Iterable[date], today: date, wanted: Wanted) -> Months:
    """The month of `today` or the last one, and the month before that.

    `known` are whole days. Of a month that has just begun too little is known: then it is the last one.
    """
    this = today.replace(day=1)
    days = sorted(day for day in set(known) if day < today)
    if wanted == "last" or sum(day >= this for day in days) < FEWEST_DAYS:
        this, days = _month_before(this), [day for day in days if day < this]
    before = _month_before(this)
    return Months(
        this,
        before,
        [day for day in days if day >= this],
        [day for day in days if before <= day < this],
    )


def _month_before(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1)
