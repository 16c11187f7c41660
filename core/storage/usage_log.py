"""The usage log: model calls are noted at once and written a moment later, many in one transaction."""

from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from core.errors import OpsError
from core.redaction import redact_text
from core.storage.database import Database
from core.storage.lingering import BATCH, LINGER_S, Lingering
from core.storage.records import UsageRow
from core.storage.repositories.usage import Usage
from core.telemetry import logger

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
        self._database, self._capacity = database, capacity
        self._rows = Lingering(self._write, _say_waiting, linger_s)

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
        return tuple(self._rows.waiting)

    def add(self, row: UsageRow) -> None:
        self._rows.add(row)
        if len(self._rows.waiting) > self._capacity and not self._rows.is_writing:
            self._give_up(self._rows.waiting[:BATCH])
            del self._rows.waiting[:BATCH]

    async def flush(self) -> None:
        """Write all that waits. Raises `OpsError` when the database does not take it."""
        await self._rows.flush()

    async def close(self) -> None:
        try:
            await self._rows.close()
        except OpsError:
            self._give_up(self._rows.waiting)

    async def _write(self, batch: Sequence[UsageRow]) -> None:
        async with self._database.session() as session:
            await Usage(session).add([_redacted(row) for row in batch])

    def _give_up(self, rows: Sequence[UsageRow]) -> None:
        log.error("usage.not_written", rows=[repr(_redacted(row)) for row in rows])


def _say_waiting(rows: int, why: OpsError) -> None:
    log.warning("usage.waiting", rows=rows, why=str(why))


def _redacted(row: UsageRow) -> UsageRow:
    """Done by the writer, so that no turn waits for it."""
    if row.prompt is None and row.reply is None:
        return row
    return replace(row, prompt=redact_text(row.prompt or ""), reply=redact_text(row.reply or ""))
