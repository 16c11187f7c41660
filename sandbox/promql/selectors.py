"""Samples out of the store: at the steps, and over the windows before them.

As in Prometheus 2.x, a window includes both its ends, and a series is gone when its last sample
is more than five minutes old, or its target was scraped without it since. (Prometheus 3 leaves
the earlier end of a window out.)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from promql_parser import AtModifier, AtModifierType, MatrixSelector, SubqueryExpr, VectorSelector

from sandbox.promql.errors import Unanswerable
from sandbox.promql.parsing import matchers_of
from sandbox.promql.values import Indices, Ranges, Vector, nothing
from sandbox.series import Millis, Series, Source

LOOKBACK_MS = 300_000

# Series times steps. Prometheus has such a bound too; ours is what a practice cluster can afford.
_MOST_ELEMENTS = 5_000_000


@dataclass(frozen=True)
class Samples:
    """What a query may read: the store up to now, and the times `start()` and `end()` stand for."""

    store: Source
    now_ms: int
    start_ms: int
    end_ms: int

    def instant(
        self, selector: VectorSelector, times_ms: Millis, *, taken_at: bool = False
    ) -> Vector:
        """The newest sample of each series at each step, or when it was taken, in seconds.

        For the latter Prometheus forgets an offset beside `@`, and so do we.
        """
        if taken_at and selector.at is not None:
            at = np.full_like(times_ms, self._fixed(selector.at))
        else:
            at = self.moments(selector, times_ms)
        series = self._select(selector, at - LOOKBACK_MS, at)
        if not series:
            return nothing(len(at))
        values, present = np.empty((len(series), len(at))), np.empty((len(series), len(at)), bool)
        for row, one in enumerate(series):
            newest = np.searchsorted(one.times_ms, at, side="right") - 1
            present[row] = (newest >= 0) & (one.times_ms[newest] >= at - LOOKBACK_MS)
            if len(one.stale_ms):
                marks = np.searchsorted(one.stale_ms, [one.times_ms[newest], at], side="right")
                present[row] &= marks[0] == marks[1]
            values[row] = one.times_ms[newest] / 1000 if taken_at else one.values[newest]
        return Vector([one.labels for one in series], values, present).where(present)

    def ranges(self, selector: MatrixSelector, times_ms: Millis) -> Ranges:
        """All samples from a while before each step up to it."""
        ends = self.moments(selector.vector_selector, times_ms)
        starts = ends - milliseconds(selector.range)
        series = self._select(selector.vector_selector, starts, ends)
        return windows(series, starts, ends, times_ms)

    def moments(self, selector: VectorSelector | SubqueryExpr, times_ms: Millis) -> Millis:
        """The times that are looked at, after `@` and `offset`."""
        at = times_ms if selector.at is None else np.full_like(times_ms, self._fixed(selector.at))
        return at if selector.offset is None else at - milliseconds(selector.offset)

    def _fixed(self, modifier: AtModifier) -> int:
        if modifier.at is not None:
            return round(modifier.at.timestamp() * 1000)
        return self.start_ms if modifier.type == AtModifierType.Start else self.end_ms

    def _select(self, selector: VectorSelector, starts: Millis, ends: Millis) -> list[Series]:
        end_ms = min(int(ends.max()), self.now_ms)
        found = self.store.select(matchers_of(selector), int(starts.min()) / 1000, end_ms / 1000)
        if len(found) * len(ends) > _MOST_ELEMENTS:
            raise Unanswerable(
                "query processing would load too many samples into memory in query execution"
            )
        return found


def windows(
    series: Sequence[Series], starts_ms: Millis, ends_ms: Millis, evaluated_ms: Millis
) -> Ranges:
    """The samples of each series from each start to each end, both included."""
    first = np.empty((len(series), len(ends_ms)), dtype=np.int64)
    last: Indices = np.empty_like(first)
    before = 0
    for row, one in enumerate(series):
        first[row] = before + np.searchsorted(one.times_ms, starts_ms, side="left")
        last[row] = before + np.searchsorted(one.times_ms, ends_ms, side="right")
        before += len(one.times_ms)
    return Ranges(
        labels=[one.labels for one in series],
        times_ms=np.concatenate([np.empty(0, np.int64), *(one.times_ms for one in series)]),
        values=np.concatenate([np.empty(0), *(one.values for one in series)]),
        first=first,
        last=last,
        starts_ms=starts_ms,
        ends_ms=ends_ms,
        evaluated_ms=evaluated_ms,
    )


def milliseconds(duration: timedelta) -> int:
    return round(duration.total_seconds() * 1000)
