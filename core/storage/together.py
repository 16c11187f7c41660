"""What many write at the same moment goes into one transaction, and each hears what came of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from core.clock import monotonic_s

MOST = 100

Item = TypeVar("Item")
Waiting = tuple[Item, "asyncio.Future[None]"]


@dataclass(slots=True)
class Together(Generic[Item]):
    """`write` keeps one or more, or none of them and raises.

    The first is written at once, and what comes meanwhile is the next batch: alone nobody waits, and
    two hundred need a few transactions instead of two hundred. Batches begin at least `apart_s` from each
    other, so that more comes together. One that cannot be kept, by whatever mistake, does not take the
    others of its batch along: then they are written one by one.
    """

    write: Callable[[Sequence[Item]], Awaitable[None]]
    most: int = MOST
    apart_s: float = 0.0
    _waiting: list[Waiting[Item]] = field(default_factory=list[Waiting[Item]])
    _writer: asyncio.Task[None] | None = None

    async def add(self, item: Item) -> None:
        """Until it is kept. Raises what kept it from that; who is cut here is kept all the same."""
        done = asyncio.get_running_loop().create_future()
        done.add_done_callback(_heard)
        self._waiting.append((item, done))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all())
        await asyncio.shield(done)

    async def _write_all(self) -> None:
        try:
            while batch := self._waiting[: self.most]:
                del self._waiting[: self.most]
                began_s = monotonic_s()
                await self._written(batch)
                await asyncio.sleep(max(0.0, began_s + self.apart_s - monotonic_s()))
        finally:
            self._writer = None

    async def _written(self, batch: Sequence[Waiting[Item]]) -> None:
        writing = asyncio.Task(_awaited(self.write([item for item, _ in batch])))
        await asyncio.wait([writing])
        error = writing.exception()
        if error is not None and len(batch) > 1:
            for one in batch:
                await self._written([one])
            return
        for _, done in batch:
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)


async def _awaited(writing: Awaitable[None]) -> None:
    await writing


def _heard(done: "asyncio.Future[None]") -> None:
    """An error that nobody waits for any more is no mistake of the loop."""
    if not done.cancelled():
        done.exception()
