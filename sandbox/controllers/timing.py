"""When things happen: a clock that only says what time it is, and a queue of what is due when."""

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sandbox.store import Key

Now = Callable[[], datetime]


class Timing:
    """Waits shrink by `speed`; stamps are always the time of the clock, as every client reads it."""

    def __init__(self, now: Now, speed: float = 1.0) -> None:
        self.now = now
        self.speed = speed
        self._due: list[tuple[datetime, int, Key]] = []
        self._added = 0

    @property
    def stamp(self) -> str:
        return self.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def after(self, seconds: float) -> datetime:
        """The moment at which so many seconds will have passed for the cluster."""
        return self.now() + timedelta(seconds=seconds / self.speed)

    def since(self, moment: datetime) -> float:
        """Seconds that have passed for the cluster since a moment."""
        return (self.now() - moment).total_seconds() * self.speed

    def look_again(self, key: Key, at: datetime) -> None:
        self._added += 1
        heapq.heappush(self._due, (at, self._added, key))

    def due(self) -> list[Key]:
        """What is to be looked at by now, once each."""
        found: dict[Key, None] = {}
        while self._due and self._due[0][0] <= self.now():
            found[heapq.heappop(self._due)[2]] = None
        return list(found)

    @property
    def next(self) -> datetime | None:
        return self._due[0][0] if self._due else None


def moment(text: object) -> datetime | None:
    """A time as objects write it; None for anything else."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
