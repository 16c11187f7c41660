"""A practice cluster keeps running: what a series does after its last recorded sample.

A series that was still being scraped when the picture was taken is continued, at its own
scrape interval, in the way it ended: a gauge holds its last value, a counter (with the
buckets, sum and count of a histogram or summary) keeps the rate of its last intervals, and a
counter of whole things stays whole. A series that had ended before stays ended. Nothing of this
is stored: a question about a window computes the samples that fall into it.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Millis = NDArray[np.int64]
Floats = NDArray[np.float64]

# The intervals whose pace a counter keeps: enough to even out, few enough to be its end.
_INTERVALS = 5

# A series that missed more than this, or than two of its scrapes, had ended.
_STILL_SCRAPED_MS = 300_000


@dataclass(frozen=True, slots=True)
class Growth:
    """How a series goes on after its last sample."""

    last_ms: int
    last_value: float
    interval_ms: int
    per_ms: float
    whole: bool

    @classmethod
    def of(cls, times_ms: Millis, values: Floats, *, counter: bool, newest_ms: int) -> Self | None:
        """None for a series that had ended before `newest_ms`, or that has no interval yet."""
        if len(times_ms) < 2:
            return None
        times, ending = times_ms[-_INTERVALS - 1 :], values[-_INTERVALS - 1 :]
        interval_ms = int(np.median(np.diff(times)))
        if newest_ms - int(times[-1]) > max(_STILL_SCRAPED_MS, 2 * interval_ms):
            return None
        return cls(
            last_ms=int(times[-1]),
            last_value=float(ending[-1]),
            interval_ms=interval_ms,
            per_ms=_pace(times, ending) if counter else 0.0,
            whole=bool(np.all(ending == np.floor(ending))),
        )

    def between(self, start_ms: int, end_ms: int) -> tuple[Millis, Floats]:
        """The samples after the last recorded one that lie in this time, both ends included."""
        first = max(1, -((self.last_ms - start_ms) // self.interval_ms))
        last = (end_ms - self.last_ms) // self.interval_ms
        after_ms = np.arange(first, last + 1, dtype=np.int64) * self.interval_ms
        grown: Floats = after_ms.astype(np.float64) * self.per_ms
        if self.whole:
            np.floor(grown, out=grown)
        return self.last_ms + after_ms, self.last_value + grown


def _pace(times_ms: Millis, values: Floats) -> float:
    """Increase per millisecond; a counter that went down began again at zero."""
    steps = np.diff(values)
    increase = np.where(steps < 0, values[1:], steps).sum()
    pace = float(increase) / float(times_ms[-1] - times_ms[0])
    return pace if np.isfinite(pace) else 0.0
