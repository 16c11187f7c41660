"""The loop: what changed is told to the controllers concerned, until nothing is left to do."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.controllers.concerns import concerned
from sandbox.controllers.world import World
from sandbox.store import Change, Key

Json = dict[str, Any]
Reconcile = Callable[[World, Key], None]

_LOG = logging.getLogger(__name__)
# More rounds than this without rest means that two controllers undo each other's work.
_MOST_ROUNDS = 1_000
# Some milliseconds of work, after which requests are answered.
_AT_A_STRETCH = 20
# What an object that nobody checked can make a controller stumble over.
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, IndexError)


@dataclass
class Controllers:
    """All of it runs where the store is written, so nothing is locked."""

    world: World
    by_resource: Mapping[str, Reconcile]
    _news: list[Change] = field(default_factory=list[Change])

    def __post_init__(self) -> None:
        # Not the log that watchers read: one write can have more consequences than it remembers.
        self._unfollow = self.world.store.follow(self._news.append)

    def close(self) -> None:
        """Take no notice of changes any more."""
        self._unfollow()

    def step(self) -> datetime | None:
        """Do all that is to be done by now. When there will be more, None if only after a write."""
        for _ in self._steps():
            pass
        return self.world.timing.next

    async def run(self) -> None:
        """Work until cancelled, letting clients in while there is much to do."""
        changed = asyncio.Event()
        unsubscribe = self.world.store.subscribe(changed.set)
        try:
            while True:
                changed.clear()
                for number, _ in enumerate(self._steps(), 1):
                    if number % _AT_A_STRETCH == 0:
                        await asyncio.sleep(0)
                if not self._news:
                    await _first_of(changed, self._wait_s(self.world.timing.next))
        finally:
            unsubscribe()

    def _steps(self) -> Iterator[Key]:
        """Each key that was looked at, until nothing is left to do."""
        keys: list[Key] = []
        for _ in range(_MOST_ROUNDS):
            keys = self._to_do()
            if not keys:
                return
            for key in keys:
                self._reconcile(key)
                yield key
        _LOG.error("The controllers of the practice cluster found no rest: %s", keys)

    def _wait_s(self, due: datetime | None) -> float | None:
        if due is None:
            return None
        return max(0.0, (due - self.world.timing.now()).total_seconds())

    def _to_do(self) -> list[Key]:
        found: dict[Key, None] = dict.fromkeys(self.world.timing.due())
        news = self._news[:]
        self._news.clear()
        for change in news:
            found.update(dict.fromkeys(concerned(self.world, change)))
        return [key for key in found if key.resource in self.by_resource]

    def _reconcile(self, key: Key) -> None:
        try:
            self.by_resource[key.resource](self.world, key)
        except _MALFORMED:
            _LOG.exception("No controller can make sense of %s", key)


async def _first_of(changed: asyncio.Event, wait_s: float | None) -> None:
    try:
        async with asyncio.timeout(wait_s):
            await changed.wait()
    except TimeoutError:
        return
