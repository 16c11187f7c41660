"""A clock that is set back would let everything wait until it has caught up: seen, and put right."""

from collections.abc import Callable
from datetime import datetime, timedelta

from core.clock import monotonic_s, utc_now
from core.storage.kept_alerts import KeptAlerts
from core.telemetry import logger

# What time services do to a clock in small steps needs nothing done.
LEAST = timedelta(seconds=5)
log = logger("midwatch.jobs")


class Clock:
    """Compares the wall clock with one that never goes back, and pulls in all that waits.

    A clock set forward makes things due early, which they survive. What is set back while no
    process runs is not seen.
    """

    def __init__(
        self,
        store: KeptAlerts,
        wake: Callable[..., None],
        *,
        wall: Callable[[], datetime] = utc_now,
        steady_s: Callable[[], float] = monotonic_s,
    ) -> None:
        self._store, self._wake, self._wall, self._steady_s = store, wake, wall, steady_s
        self._seen = wall(), steady_s()

    async def work(self) -> datetime | None:
        """Look once. What could not be put right is tried with the next look."""
        now, steady_s = self._wall(), self._steady_s()
        before, before_s = self._seen
        by = before + timedelta(seconds=steady_s - before_s) - now
        if by >= LEAST:
            async with self._store.session() as tables:
                rows = await tables.waits.clock_went_back(now, by)
            log.warning("clock.went_back", by_s=round(by.total_seconds()), rows=rows)
            self._wake()
        self._seen = now, steady_s
        return None
