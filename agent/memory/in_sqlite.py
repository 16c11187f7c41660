"""Checkpoints in one SQLite file, read and written by a thread of their own."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from agent.memory.shelves import Kept, Part, Place, Write
from agent.sentences import SENTENCES
from core.errors import Invalid, OpsError, UpstreamUnavailable

Steps = Sequence[tuple[str, Sequence[tuple[object, ...]]]]
Work = Callable[[sqlite3.Connection], Any]

# How much goes into one transaction, in which nobody else can write.
BATCH = 100
# How long one process waits while another one writes. Ours take a millisecond.
BUSY_TIMEOUT_S = 5.0

TABLES = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA cache_size = -512;
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
CREATE TABLE IF NOT EXISTS parts (
    thread_id TEXT NOT NULL, checkpoint_ns TEXT NOT NULL, part_id TEXT NOT NULL, value BLOB NOT NULL,
    PRIMARY KEY (thread_id, checkpoint_ns, part_id)
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
READ_PARTS = "SELECT part_id, value FROM parts WHERE thread_id = ? AND checkpoint_ns = ?"
PUT_PART = "INSERT OR IGNORE INTO parts VALUES (?, ?, ?, ?)"
PUT = "INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?, ?, ?, ?)"
INSTEAD = (
    "UPDATE OR REPLACE checkpoints SET checkpoint_id = ?, parent_checkpoint_id = ?, type = ?,"
    " checkpoint = ?, metadata = ? WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id <= ?"
)
OLDER_WRITES = "DELETE FROM writes WHERE thread_id = ? AND checkpoint_ns = ? AND checkpoint_id < ?"
PUT_WRITE = (
    "INTO writes (thread_id, checkpoint_ns, checkpoint_id, task_id, idx, task_path, channel, type,"
    " value) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
TABLE_NAMES = ("checkpoints", "writes", "parts")
DROP_INNER = tuple(
    f"DELETE FROM {table} WHERE thread_id = ? AND checkpoint_ns <> ''"  # noqa: S608 - constants
    for table in TABLE_NAMES
)
DROP = tuple(
    f"DELETE FROM {table} WHERE thread_id = ?"  # noqa: S608 - constants
    for table in TABLE_NAMES
)


@dataclass(frozen=True, slots=True)
class _Job:
    """`told` hears how it ended; without one, the next who comes for that `thread` does."""

    thread: str
    work: Work
    told: asyncio.Future[Any] | None = None

    def tell(self, result: object, failure: OpsError | None) -> None:
        def say(told: asyncio.Future[Any]) -> None:
            if told.done():
                return
            if failure:
                told.set_exception(failure)
            else:
                told.set_result(result)

        if self.told:
            self.told.get_loop().call_soon_threadsafe(say, self.told)


class InSqlite:
    """One thread reads and writes, in the order in which it is asked; what waits goes in together.

    Nobody waits for a step to be kept: the next node works meanwhile. If it was not, the next who
    comes for its conversation is told, at the latest by `settle`.
    """

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection, self._path = connection, path
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._failed: dict[str, OpsError] = {}
        self._lost: set[str] = (
            set()
        )  # conversations of which a step was not kept, until somebody asks
        self._thread = threading.Thread(target=self._work_off, name="memory", daemon=True)
        self._thread.start()

    async def read(self, place: Place) -> tuple[Kept, Sequence[Write]] | None:
        return await self._ask(place.thread, partial(_read, where=(place.thread, place.namespace)))

    async def parts(self, place: Place) -> Mapping[str, bytes]:
        where = (place.thread, place.namespace)
        return await self._ask(place.thread, partial(_read_parts, where=where))

    async def put(self, place: Place, kept: Kept, parts: Sequence[Part] = ()) -> None:
        where = (place.thread, place.namespace, kept.id)
        row = (*where, kept.parent or None, kept.kind, kept.body, kept.metadata)
        new = [(place.thread, place.namespace, one.id, one.value) for one in parts]
        self._note(place.thread, partial(_put, row=row, where=where, parts=new))

    async def put_writes(
        self, place: Place, checkpoint: str, writes: Sequence[Write], *, instead: bool
    ) -> None:
        where = (place.thread, place.namespace, checkpoint)
        rows = [
            (*where, one.task, one.index, one.path, one.channel, one.kind, one.value)
            for one in writes
        ]
        verb = "INSERT OR REPLACE" if instead else "INSERT OR IGNORE"
        work = partial(_write, steps=[(f"{verb} {PUT_WRITE}", rows)])
        self._jobs.put(_Job(place.thread, work))

    async def drop_inner(self, thread: str) -> None:
        await self._ask(thread, partial(_write, steps=[(one, [(thread,)]) for one in DROP_INNER]))

    async def drop(self, thread: str) -> None:
        await self._ask(thread, partial(_write, steps=[(one, [(thread,)]) for one in DROP]))

    async def settle(self, thread: str) -> None:
        await self._ask(thread, partial(_write, steps=[]))

    async def close(self) -> None:
        """Work off what waits."""
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        self._connection.close()

    def _note(self, thread: str, work: Work) -> None:
        if failure := self._failed.pop(thread, None):
            raise failure
        self._jobs.put(_Job(thread, work))

    async def _ask(self, thread: str, work: Work) -> Any:
        told = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(thread, work, told))
        result = await told
        if failure := self._failed.pop(thread, None):
            raise failure
        return result

    def _work_off(self) -> None:
        while (job := self._jobs.get()) is not None:
            jobs = [job]
            while not self._jobs.empty() and len(jobs) < BATCH:
                if (more := self._jobs.get()) is None:
                    self._jobs.put(None)
                    break
                jobs.append(more)
            self._together(jobs)

    def _together(self, jobs: Sequence[_Job]) -> None:
        """All in one transaction; when that fails each in one of its own, for each is another's."""
        try:
            with self._connection:
                results = [self._done(job) for job in jobs]
        except sqlite3.Error as error:
            if len(jobs) > 1:
                for job in jobs:
                    self._together([job])
                return
            self._told_of(jobs[0], error)
            return
        for job, result in zip(jobs, results, strict=True):
            job.tell(result, None)

    def _done(self, job: _Job) -> Any:
        """A step whose parts went with one before it is not kept either; the next who asks begins anew."""
        if job.told is None and job.thread in self._lost:
            return None
        result = job.work(self._connection)
        if job.told is not None:
            self._lost.discard(job.thread)
        return result

    def _told_of(self, job: _Job, error: sqlite3.Error) -> None:
        failure = SENTENCES.error(
            UpstreamUnavailable, "memory_file_away", path=str(self._path), error=str(error)
        )
        failure.__cause__ = error
        if job.told is None:
            self._failed[job.thread] = failure
            self._lost.add(job.thread)
        job.tell(None, failure)


def _read(
    connection: sqlite3.Connection, *, where: tuple[str, str]
) -> tuple[Kept, Sequence[Write]] | None:
    row = connection.execute(READ, where).fetchone()
    if row is None:
        return None
    kept = Kept(*row)
    rows = connection.execute(READ_WRITES, (*where, kept.id)).fetchall()
    return kept, [Write(*one) for one in rows]


def _read_parts(connection: sqlite3.Connection, *, where: tuple[str, str]) -> dict[str, bytes]:
    return dict(connection.execute(READ_PARTS, where).fetchall())


def _put(
    connection: sqlite3.Connection,
    *,
    row: tuple[object, ...],
    where: tuple[str, str, str],
    parts: Sequence[tuple[object, ...]],
) -> None:
    """In the place of the one before, whose pages it takes over; that is half of what a new row costs."""
    connection.executemany(PUT_PART, parts)
    if connection.execute(INSTEAD, (*row[2:], *where)).rowcount == 0:
        connection.execute(PUT, row)
    connection.execute(OLDER_WRITES, where)


def _write(connection: sqlite3.Connection, *, steps: Steps) -> None:
    for statement, rows in steps:
        connection.executemany(statement, rows)


@asynccontextmanager
async def opened_file(path: Path) -> AsyncGenerator[InSqlite]:
    """The file and its folder are made when they are missing."""
    shelf = InSqlite(await asyncio.to_thread(_connected, path), path)
    try:
        yield shelf
    finally:
        await shelf.close()


def _connected(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # One thread opens it, another uses it.
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
        connection.executescript(TABLES)
    except (OSError, sqlite3.Error) as error:
        raise SENTENCES.error(
            Invalid, "memory_file_unwritable", path=str(path), error=str(error)
        ) from error
    return connection
