"""The loop: what changed is told to the controllers concerned, until nothing is left to do."""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.controllers.concerns import concerned
from sandbox.controllers.world import World
from sandbox.store import Change, Expired, Key

Json = dict[str, Any]
Reconcile = Callable[[World, Key], None]

_LOG = logging.getLogger(__name__)
# More rounds than this without rest means that two controllers undo each other's work.
_MOST_ROUNDS = 1_000
# What an object that nobody checked can make a controller stumble over.
_MALFORMED = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, IndexError)


@dataclass
class Controllers:
    """All of it runs where the store is written, so nothing is locked."""

    world: World
    by_resource: Mapping[str, Reconcile]
    _seen: int = 0

    def __post_init__(self) -> None:
        self._seen = self.world.store.version

    def step(self) -> datetime | None:
        """Do all that is to be done by now. When there will be more, None if only after a write."""
        keys: list[Key] = []
        for _ in range(_MOST_ROUNDS):
            keys = self._to_do()
            if not keys:
                return self.world.timing.next
            for key in keys:
                self._reconcile(key)
        _LOG.error("The controllers of the practice cluster found no rest: %s", keys)
        return self.world.timing.next

    async def run(self) -> None:
        """Work until cancelled."""
        changed = asyncio.Event()
        unsubscribe = self.world.store.subscribe(changed.set)
        try:
            while True:
                changed.clear()
                wait_s = self._wait_s(self.step())
                if not self._behind():
                    await _first_of(changed, wait_s)
        finally:
            unsubscribe()

    def _behind(self) -> bool:
        return self._seen < self.world.store.version

    def _wait_s(self, due: datetime | None) -> float | None:
        if due is None:
            return None
        return max(0.0, (due - self.world.timing.now()).total_seconds())

    def _to_do(self) -> list[Key]:
        found: dict[Key, None] = dict.fromkeys(self.world.timing.due())
        for change in self._news():
            found.update(dict.fromkeys(concerned(self.world, change)))
        return [key for key in found if key.resource in self.by_resource]

    def _news(self) -> Iterator[Change]:
        since, self._seen = self._seen, self.world.store.version
        try:
            return self.world.store.changes_since(since)
        except Expired:
            _LOG.warning("The controllers of the practice cluster missed changes.")
            return iter(())

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
