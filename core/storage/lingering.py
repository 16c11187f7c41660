"""Rows that are noted at once and written a moment later, many in one transaction, in their order."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from core.errors import OpsError

# Rows of one turn come within this time and are written together.
LINGER_S = 0.25
LONGEST_LINGER_S = 30.0
BATCH = 500

Row = TypeVar("Row")


@dataclass(slots=True)
class Lingering(Generic[Row]):
    """`write` keeps one batch or raises `OpsError`; then it is tried again later, and `told` hears why.

    Nothing is dropped: what is still `waiting` after `close` was not written.
    """

    write: Callable[[Sequence[Row]], Awaitable[None]]
    told: Callable[[int, OpsError], None]
    linger_s: float = LINGER_S
    waiting: list[Row] = field(default_factory=list[Row])
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _writer: asyncio.Task[None] | None = None
    _flushing: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])

    @property
    def is_writing(self) -> bool:
        return self._writing.locked()

    def add(self, row: Row) -> None:
        """Note a row, to be written soon. Neither waits nor fails."""
        self.waiting.append(row)
        self.write_soon()

    def write_soon(self) -> None:
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_later())

    async def flush(self) -> None:
        """Write all that waits. Raises `OpsError` when it is not taken.

        Goes on to its end when its caller is cut: a batch that is begun is not begun again.
        """
        writing = asyncio.create_task(self._write_waiting())
        self._flushing.add(writing)
        writing.add_done_callback(self._flushed)
        await asyncio.shield(writing)

    async def close(self) -> None:
        """Write what waits for the last time. Raises `OpsError` when it is not taken."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.wait([self._writer, *self._flushing])
            self._writer = None
        await self.flush()

    def _flushed(self, writing: asyncio.Task[None]) -> None:
        self._flushing.discard(writing)
        if not writing.cancelled():
            writing.exception()  # whoever waits for it is told; who was cut cannot be

    async def _write_waiting(self) -> None:
        async with self._writing:
            while batch := self.waiting[:BATCH]:
                await self.write(batch)
                del self.waiting[: len(batch)]

    async def _write_later(self) -> None:
        delay_s = self.linger_s
        while self.waiting:
            await asyncio.sleep(delay_s)
            try:
                await self.flush()
                delay_s = self.linger_s
            except OpsError as error:
                self.told(len(self.waiting), error)
                delay_s = min(delay_s * 2, LONGEST_LINGER_S)
        self._writer = None
