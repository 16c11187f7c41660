"""Checkpoints in one SQLite file, read and written in threads, one at a time."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

from agent.memory.shelves import Kept, Place, Write
from core.errors import Invalid, UpstreamUnavailable

# How long one process waits while another one writes. Ours take a millisecond.
BUSY_TIMEOUT_S = 5.0

TABLES = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
CREATE TABLE IF NOT EXISTS checkpoints (
    thread_id TEXT NOT NULL, checkpoint_ns TEXT NOT NULL DEFAULT '', checkpoint_id TEXT NOT NULL,
    parent_checkpoint_id TEXT, type TEXT, checkpoint BLOB, metadata BLOB,
    PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id)
);
CREATE TABLE IF NOT EXISTS writes (
    thread_id TEXT NOT NULL, checkpoint_ns TEXT NOT NULL DEFAULT '', checkpoint_id TEXT NOT NULL,
    task_id TEXT NOT NULL, task_path TEXT NOT NULL DEFAULT '', idx INTEGER NOT NULL,
    channel TEXT NOT NULL, type TEXT, value BLOB,
    PRIMARY KEY (thread_id, checkpoint_ns, checkpoint_id, task_id, idx)
);
"""
READ = (
    "SELECT checkpoint_id, coalesce(parent_checkpoint_id, ''), type, checkpoint, metadata"
    " FROM checkpoints WHERE thread_id = ? AND checkpoint_ns = ?"
    " ORDER BY checkpoint_id DESC LIMIT 1"
)
READ_WRITES = (
    "SELECT task_id, idx, task_path, channel, type, value FROM writes"
    " WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id = ?"
    " ORDER BY task_path, task_id, idx"
)
PUT = "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?, ?, ?)"
OLDER = tuple(
    f"DELETE FROM {table} WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id < ?"  # noqa: S608 - constants
    for table in ("checkpoints", "writes")
)
PUT_WRITE = (
    "INTO writes (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, task_path, channel, type,"
    " value) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
DROP_INNER = tuple(
    f"DELETE FROM {table} WHERE thread_id = ? AND checkpoint_ns <> ''"  # noqa: S608 - constants
    for table in ("checkpoints", "writes")
)
DROP = tuple(
    f"DELETE FROM {table} WHERE thread_id = ?"  # noqa: S608 - constants
    for table in ("checkpoints", "writes")
)


class InSqlite:
    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection, self._path, self._lock = connection, path, threading.Lock()

    async def read(self, place: Place) -> tuple[Kept, Sequence[Write]] | None:
        return await asyncio.to_thread(self._read, place)

    async def put(self, place: Place, kept: Kept) -> None:
        where = (place.thread, place.namespace, kept.id)
        row = (*where, kept.parent or None, kept.kind, kept.body, kept.metadata)
        steps = [(PUT, [row]), *((older, [where]) for older in OLDER)]
        await asyncio.to_thread(self._write, steps)

    async def put_writes(
        self, place: Place, checkpoint: str, writes: Sequence[Write], *, instead: bool
    ) -> None:
        where = (place.thread, place.namespace, checkpoint)
        rows = [
            (*where, one.task, one.index, one.path, one.channel, one.kind, one.value)
            for one in writes
        ]
        verb = "INSERT OR REPLACE" if instead else "INSERT OR IGNORE"
        await asyncio.to_thread(self._write, [(f"{verb} {PUT_WRITE}", rows)])

    async def drop_inner(self, thread: str) -> None:
        await asyncio.to_thread(self._write, [(one, [(thread,)]) for one in DROP_INNER])

    async def drop(self, thread: str) -> None:
        await asyncio.to_thread(self._write, [(one, [(thread,)]) for one in DROP])

    def _read(self, place: Place) -> tuple[Kept, Sequence[Write]] | None:
        where = (place.thread, place.namespace)
        with self._lock, _our_errors(self._path):
            row = self._connection.execute(READ, where).fetchone()
            if row is None:
                return None
            kept = Kept(*row)
            rows = self._connection.execute(READ_WRITES, (*where, kept.id)).fetchall()
        return kept, [Write(*one) for one in rows]

    def _write(self, steps: Sequence[tuple[str, Sequence[tuple[object, ...]]]]) -> None:
        with self._lock, _our_errors(self._path), self._connection:
            for statement, rows in steps:
                self._connection.executemany(statement, rows)


@contextmanager
def _our_errors(path: Path) -> Generator[None]:
    """SQLite's errors as a sentence."""
    try:
        yield
    except sqlite3.Error as error:
        raise UpstreamUnavailable(
            f"The memory of conversations in {path} cannot be used.", hint=str(error)
        ) from error


@asynccontextmanager
async def opened_file(path: Path) -> AsyncGenerator[InSqlite]:
    """The file and its folder are made when they are missing."""
    with closing(await asyncio.to_thread(_connected, path)) as connection:
        yield InSqlite(connection, path)


def _connected(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The shelf has a lock of its own, so its threads may take turns.
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
        connection.executescript(TABLES)
    except (OSError, sqlite3.Error) as error:
        raise Invalid(
            f"Cannot keep the memory of conversations in {path}: {error}.",
            hint="Set MIDWATCH_DATA_DIR to a folder that Midwatch may write to.",
        ) from error
    return connection
