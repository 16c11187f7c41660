# pyright: reportUnknownMemberType=false
"""SQLite's driver, with one visit to its thread for each statement.

aiosqlite visits it to make a cursor, to execute, to fetch and to close, and again to end a transaction
that never began: forty visits a turn, each of which wakes two threads. Here rows come back with the
execution, and what there is nothing to do for stays here.
"""

import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from functools import partial
from typing import Any, Self

import aiosqlite

Run = Callable[[sqlite3.Cursor], object]


class Connection(aiosqlite.Connection):
    """Gives statements that fetch as they execute. Rows are read whole: no cursor stays open.

    One that is cut while its thread is still at it is never used again: SQLAlchemy throws it away.
    """

    def cursor(self) -> "Statement":  # pyright: ignore[reportIncompatibleMethodOverride]
        return Statement(self)

    async def visit(self, run: Run) -> "Outcome":
        return await self._execute(_executed, self._conn, run)

    async def commit(self) -> None:
        if self.in_transaction:
            await super().commit()

    async def rollback(self) -> None:
        if self.in_transaction:
            await super().rollback()


class Outcome:
    """What is left of a cursor that was closed where it was used."""

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self.description, self.lastrowid = cursor.description, cursor.lastrowid
        self.rows: list[Any] = cursor.fetchall() if cursor.description else []
        self.rowcount = (
            cursor.rowcount
        )  # of an UPDATE that returns rows it is known once they are read


class Statement:
    """The part of an aiosqlite cursor that SQLAlchemy uses."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._outcome: Outcome | None = None

    async def __aenter__(self) -> Self:
        return self

    @property
    def description(self) -> Any:
        return self._outcome.description if self._outcome else None

    @property
    def rowcount(self) -> int:
        return self._outcome.rowcount if self._outcome else -1

    @property
    def lastrowid(self) -> int | None:
        return self._outcome.lastrowid if self._outcome else None

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Self:
        self._outcome = await self._connection.visit(lambda cursor: cursor.execute(sql, parameters))
        return self

    async def executemany(self, sql: str, parameters: Iterable[Sequence[Any]]) -> Self:
        self._outcome = await self._connection.visit(
            lambda cursor: cursor.executemany(sql, parameters)
        )
        return self

    async def fetchall(self) -> list[Any]:
        return self._outcome.rows if self._outcome else []

    async def close(self) -> None:
        """It is closed already."""


def _executed(connection: sqlite3.Connection, run: Run) -> Outcome:
    with closing(connection.cursor()) as cursor:
        run(cursor)
        return Outcome(cursor)


def connect(path: str, **options: Any) -> Connection:
    """A connection to be awaited; its thread ends with the process."""
    connection = Connection(partial(sqlite3.connect, path, **options), iter_chunk_size=64)
    # As SQLAlchemy does it for the driver's own: there is no public way to say so.
    connection._thread.daemon = True  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return connection
