"""A practice cluster keeps running: what a series does after its last recorded sample.

A series that was still being scraped when the picture was taken is continued, at its own
scrape interval, in the way it ended: a gauge holds its last value, a counter (with the
buckets, sum and count of a histogram or summary) keeps the rate of its last intervals, and a
counter of whole things stays whole. A series that had ended before stays ended. What happens in
the cluster afterwards begins another growth, from its own moment on. No sample is stored: a
question about a window computes those that fall into it.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

Millis = NDArray[np.int64]
Floats = NDArray[np.float64]

# The intervals whose pace a counter keeps: enough to even out, few enough to be its end.
_INTERVALS = 5

# A series that missed more than this, or than two of its scrapes, had ended.
_STILL_SCRAPED_MS = 300_000

# A target is scraped once a minute at least.
_MISSED_MS = 60_000

# As many turns of one series as are remembered: days, for one that turns now and then.
_MOST_GROWTHS = 1_000


@dataclass(frozen=True, slots=True)
class Growth:
    """From `since_ms`, where it has `value`, up to `until_ms`, None for ever.

    It is sampled every `interval_ms` from `first_ms` on.
    """

    since_ms: int
    value: float
    first_ms: int
    interval_ms: int
    per_ms: float = 0.0
    whole: bool = False
    until_ms: int | None = None

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
            since_ms=int(times[-1]),
            value=float(ending[-1]),
            first_ms=int(times[-1]) + interval_ms,
            interval_ms=interval_ms,
            per_ms=pace(times, ending) if counter else 0.0,
            whole=bool(np.all(ending == np.floor(ending))),
        )

    def at(self, moment_ms: int) -> float:
        """What it has come to, between samples too."""
        return self.value + (moment_ms - self.since_ms) * self.per_ms

    def scraped_after(self, moment_ms: int) -> int:
        """The first of its scrapes at or after a moment."""
        missed = max(0, -((self.first_ms - moment_ms) // self.interval_ms))
        return self.first_ms + missed * self.interval_ms

    def between(self, start_ms: int, end_ms: int) -> tuple[Millis, Floats]:
        """The samples that lie in this time, both ends included."""
        last_ms = end_ms if self.until_ms is None else min(end_ms, self.until_ms - 1)
        first_ms = self.scraped_after(start_ms)
        times = np.arange(first_ms, last_ms + 1, self.interval_ms, dtype=np.int64)
        values: Floats = self.value + (times - self.since_ms).astype(np.float64) * self.per_ms
        if self.whole:
            np.floor(values, out=values)
        return times, values


Growths = tuple[Growth, ...]
"""In time order, none reaching into the next."""


def is_growing(growths: Growths) -> bool:
    return bool(growths) and growths[-1].until_ms is None


def ended(growths: Growths, at_ms: int) -> Growths:
    """No samples from this moment on."""
    if not is_growing(growths):
        return growths
    *before, last = growths
    return (*before, replace(last, until_ms=at_ms))


def turned(growths: Growths, growth: Growth) -> Growths:
    """The new growth instead of the last one, which is forgotten if it was never sampled."""
    before = ended(growths, growth.since_ms)
    if before and before[-1].first_ms >= growth.since_ms:
        before = before[:-1]
    return (*before, growth)[-_MOST_GROWTHS:]


def stale_ms(growths: Growths) -> Millis:
    """When scrapes first missed the series: they may be more frequent than its samples."""
    resumed = {one.since_ms for one in growths}
    marks = [
        min(one.scraped_after(one.until_ms), one.until_ms + _MISSED_MS)
        for one in growths
        if one.until_ms is not None and one.until_ms not in resumed
    ]
    return np.array(marks, dtype=np.int64)


def pace(times_ms: Millis, values: Floats) -> float:
    """Increase per millisecond; a counter that went down began again at zero."""
    if len(times_ms) < 2:
        return 0.0
    steps = np.diff(values)
    increase = np.where(steps < 0, values[1:], steps).sum()
    found = float(increase) / float(times_ms[-1] - times_ms[0])
    return found if np.isfinite(found) else 0.0
