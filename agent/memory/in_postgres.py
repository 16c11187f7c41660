"""Checkpoints in Postgres, over the driver that the database itself is used with."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# asyncpg has types for part of what it gives.

import re
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from agent.memory.shelves import Kept, Part, Place, Write
from agent.sentences import SENTENCES
from core.errors import Invalid, UpstreamUnavailable

MAX_CONNECTIONS = 8
TIMEOUT_S = 5.0

TABLES = """
CREATE TABLE IF NOT EXISTS memory_checkpoints (
    thread text NOT NULL, namespace text NOT NULL, id text NOT NULL, parent text NOT NULL,
    kind text NOT NULL, body bytea NOT NULL, metadata bytea NOT NULL,
    PRIMARY KEY (thread, namespace, id)
);
CREATE TABLE IF NOT EXISTS memory_writes (
    thread text NOT NULL, namespace text NOT NULL, checkpoint text NOT NULL, task text NOT NULL,
    index integer NOT NULL, path text NOT NULL, channel text NOT NULL, kind text NOT NULL,
    value bytea NOT NULL, PRIMARY KEY (thread, namespace, checkpoint, task, index)
);
CREATE TABLE IF NOT EXISTS memory_parts (
    thread text NOT NULL, namespace text NOT NULL, id text NOT NULL, value bytea NOT NULL,
    PRIMARY KEY (thread, namespace, id)
);
"""
# One process makes the tables, the others wait.
LOCK = "SELECT pg_advisory_xact_lock(7303015)"
READ = (
    "SELECT id, parent, kind, body, metadata FROM memory_checkpoints"
    " WHERE thread = $1 AND namespace = $2 ORDER BY id DESC LIMIT 1"
)
READ_WRITES = (
    "SELECT task, index, path, channel, kind, value FROM memory_writes"
    ' WHERE thread = $1 AND namespace = $2 AND checkpoint = $3 ORDER BY path COLLATE "C", task, index'
)
READ_PARTS = "SELECT id, value FROM memory_parts WHERE thread = $1 AND namespace = $2"
PUT_PART = (
    "INSERT INTO memory_parts (thread, namespace, id, value) VALUES ($1, $2, $3, $4)"
    " ON CONFLICT (thread, namespace, id) DO NOTHING"
)
PUT = (
    "INSERT INTO memory_checkpoints (thread, namespace, id, parent, kind, body, metadata)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (thread, namespace, id)"
    " DO UPDATE SET parent = excluded.parent, kind = excluded.kind, body = excluded.body,"
    " metadata = excluded.metadata"
)
OLDER = (
    'DELETE FROM memory_checkpoints WHERE thread = $1 AND namespace = $2 AND id COLLATE "C" < $3',
    'DELETE FROM memory_writes WHERE thread = $1 AND namespace = $2 AND checkpoint COLLATE "C" < $3',
)
PUT_WRITE = (
    "INSERT INTO memory_writes (thread, namespace, checkpoint, task, index, path, channel, kind,"
    " value) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
    " ON CONFLICT (thread, namespace, checkpoint, task, index) DO "
)
INSTEAD = (
    "UPDATE SET path = excluded.path, channel = excluded.channel, kind = excluded.kind,"
    " value = excluded.value"
)
DROP_INNER = (
    "DELETE FROM memory_checkpoints WHERE thread = $1 AND namespace <> ''",
    "DELETE FROM memory_writes WHERE thread = $1 AND namespace <> ''",
    "DELETE FROM memory_parts WHERE thread = $1 AND namespace <> ''",
)
DROP = (
    "DELETE FROM memory_checkpoints WHERE thread = $1",
    "DELETE FROM memory_writes WHERE thread = $1",
    "DELETE FROM memory_parts WHERE thread = $1",
)


class InPostgres:
    def __init__(self, pool: Any) -> None:
        self._pool = pool

    async def read(self, place: Place) -> tuple[Kept, Sequence[Write]] | None:
        where = (place.thread, place.namespace)
        async with self._connection() as connection:
            row = await connection.fetchrow(READ, *where)
            if row is None:
                return None
            kept = Kept(*row)
            rows = await connection.fetch(READ_WRITES, *where, kept.id)
        return kept, [Write(*one) for one in rows]

    async def parts(self, place: Place) -> Mapping[str, bytes]:
        async with self._connection() as connection:
            return dict(await connection.fetch(READ_PARTS, place.thread, place.namespace))

    async def put(self, place: Place, kept: Kept, parts: Sequence[Part] = ()) -> None:
        where = (place.thread, place.namespace, kept.id)
        new = [(place.thread, place.namespace, one.id, one.value) for one in parts]
        async with self._connection() as connection, connection.transaction():
            if new:
                await connection.executemany(PUT_PART, new)
            await connection.execute(PUT, *where, kept.parent, kept.kind, kept.body, kept.metadata)
            for statement in OLDER:
                await connection.execute(statement, *where)

    async def put_writes(
        self, place: Place, checkpoint: str, writes: Sequence[Write], *, instead: bool
    ) -> None:
        rows = [
            (
                *(place.thread, place.namespace, checkpoint, one.task, one.index),
                *(one.path, one.channel, one.kind, one.value),
            )
            for one in writes
        ]
        async with self._connection() as connection:
            await connection.executemany(PUT_WRITE + (INSTEAD if instead else "NOTHING"), rows)

    async def settle(self, thread: str) -> None:
        """It is kept when `put` comes back."""

    async def drop_inner(self, thread: str) -> None:
        await self._each(DROP_INNER, thread)

    async def drop(self, thread: str) -> None:
        await self._each(DROP, thread)

    async def _each(self, statements: Sequence[str], thread: str) -> None:
        async with self._connection() as connection, connection.transaction():
            for statement in statements:
                await connection.execute(statement, thread)

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Any]:
        async with _our_errors(), self._pool.acquire(timeout=TIMEOUT_S) as connection:
            yield connection


@asynccontextmanager
async def _our_errors() -> AsyncGenerator[None]:
    import asyncpg

    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
        raise SENTENCES.error(
            UpstreamUnavailable, "memory_postgres_away", error=str(error)
        ) from error


@asynccontextmanager
async def opened_postgres(url: str) -> AsyncGenerator[InPostgres]:
    """Raises `Invalid` when the driver is missing, `UpstreamUnavailable` when nobody answers."""
    try:
        import asyncpg
    except ImportError as error:
        raise SENTENCES.error(Invalid, "memory_postgres_driver") from error
    address = re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", url)
    async with _our_errors():
        pool = await asyncpg.create_pool(
            address, min_size=1, max_size=MAX_CONNECTIONS, command_timeout=TIMEOUT_S
        )
    try:
        async with _our_errors(), pool.acquire() as connection, connection.transaction():
            await connection.execute(LOCK)
            await connection.execute(TABLES)
        yield InPostgres(pool)
    finally:
        await pool.close()
