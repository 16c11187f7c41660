"""The usage log: model calls are noted at once and written a moment later, many in one transaction."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from core.errors import OpsError
from core.redaction import redact_text
from core.storage.database import Database
from core.storage.records import UsageRow
from core.storage.repositories.usage import Usage
from core.telemetry import logger

# Calls of one turn come within this time and are written together.
LINGER_S = 0.25
LONGEST_LINGER_S = 30.0
BATCH = 500
# When the database takes nothing for so long, the oldest rows go to the process's log instead.
CAPACITY = 10_000

log = logger(__name__)


class UsageLog:
    """Use it as `async with UsageLog(database) as usage`.

    `add` never waits and never fails. What cannot be written is tried again, and at the end put
    into the process's log in full: nothing is dropped.
    """

    def __init__(
        self, database: Database, *, linger_s: float = LINGER_S, capacity: int = CAPACITY
    ) -> None:
        self._database, self._linger_s, self._capacity = database, linger_s, capacity
        self._waiting: list[UsageRow] = []
        self._writing = asyncio.Lock()
        self._writer: asyncio.Task[None] | None = None
        self._flushing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def waiting(self) -> Sequence[UsageRow]:
        """What is not written yet, or just now."""
        return tuple(self._waiting)

    def add(self, row: UsageRow) -> None:
        self._waiting.append(row)
        if len(self._waiting) > self._capacity and not self._writing.locked():
            self._give_up(self._waiting[:BATCH])
            del self._waiting[:BATCH]
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_later())

    async def flush(self) -> None:
        """Write all that waits. Raises `OpsError` when the database does not take it.

        Goes on to its end when its caller is cut: a batch that is begun is not begun again.
        """
        writing = asyncio.create_task(self._write_waiting())
        self._flushing.add(writing)
        writing.add_done_callback(self._flushed)
        await asyncio.shield(writing)

    async def close(self) -> None:
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.wait([self._writer])
        try:
            await self.flush()
        except OpsError:
            self._give_up(self._waiting)

    def _flushed(self, writing: asyncio.Task[None]) -> None:
        self._flushing.discard(writing)
        if not writing.cancelled():
            writing.exception()  # whoever waits for it is told; who was cut cannot be

    async def _write_waiting(self) -> None:
        async with self._writing:
            while batch := self._waiting[:BATCH]:
                async with self._database.session() as session:
                    await Usage(session).add([_redacted(row) for row in batch])
                del self._waiting[: len(batch)]

    async def _write_later(self) -> None:
        delay_s = self._linger_s
        while self._waiting:
            await asyncio.sleep(delay_s)
            try:
                await self.flush()
                delay_s = self._linger_s
            except OpsError as error:
                log.warning("usage.waiting", rows=len(self._waiting), why=str(error))
                delay_s = min(delay_s * 2, LONGEST_LINGER_S)
        self._writer = None

    def _give_up(self, rows: Sequence[UsageRow]) -> None:
        log.error("usage.not_written", rows=[repr(_redacted(row)) for row in rows])


def _redacted(row: UsageRow) -> UsageRow:
    """Done by the writer, so that no turn waits for it."""
    if row.prompt is None and row.reply is None:
        return row
    return replace(row, prompt=redact_text(row.prompt or ""), reply=redact_text(row.reply or ""))
