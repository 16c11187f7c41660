"""The database: SQLite in the data folder by default, Postgres when its address is given."""

import asyncio
import re
import sqlite3
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

import orjson
from sqlalchemy import URL, event, exc, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from core.errors import Conflict, Invalid, OpsError, UpstreamUnavailable
from core.storage import migrations, one_visit
from core.storage.sentences import SENTENCES
from core.storage.statements import Statements
from core.storage.turns import TURN, InTurn, Queue, Turn

# How long a writer waits for another one. Our transactions take milliseconds.
BUSY_TIMEOUT_S = 5.0
# How long a session waits for a connection where two hundred turns begin at once on a slow, busy machine:
# each holds one for milliseconds of its own, and the wait is for the processor, as in `turns`.
POOL_TIMEOUT_S = 90.0
# How many read at once, each with a thread of its own, made when it is needed. With fewer two hundred turns
# stood in line for a look of a millisecond, two seconds a turn on a busy machine.
CONNECTIONS = 24
# What each connection remembers of the file; the system remembers it too. By default it is 2 MiB.
CACHE_KIB = 512

# What a driver raises when there is no connection; in a statement the second is a mistake of ours.
UNCONNECTED = (OSError, exc.DBAPIError)


class Database:
    """One pool of connections. Open it with `Database.opened`."""

    def __init__(self, engine: AsyncEngine, *, name: str) -> None:
        self.engine = engine
        self.name = name
        self._queue = Queue() if engine.dialect.name == "sqlite" else None
        self._sessions = async_sessionmaker(
            engine, expire_on_commit=False, sync_session_class=InTurn if self._queue else Session
        )

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, url: str, *, busy_timeout_s: float = BUSY_TIMEOUT_S, migrated: bool = True
    ) -> AsyncGenerator[Self]:
        """The database at `url`, with all migrations applied; not `migrated`: as it is.

        Raises `Invalid` when the address or the file cannot be used, and
        `UpstreamUnavailable` when the server does not answer or another process holds the lock.
        """
        address = _address(url)
        name = _name(address)
        if _is_file(address):
            await asyncio.to_thread(_prove_usable, Path(str(address.database)), busy_timeout_s)
        engine = _engine(address, busy_timeout_s)
        try:
            database = cls(engine, name=name)
            await database.ping()
            if migrated:
                with _our_errors(name):
                    await _to_head(engine)
            yield database
        finally:
            await engine.dispose()

    @asynccontextmanager
    async def session(self, *, urgent: bool = False) -> AsyncGenerator[AsyncSession]:
        """A session that commits at the end, or rolls back when the block raises.

        Keep it short: from its first write to its end no other session can write to SQLite.
        Never hold one while a tool or a model runs. An `urgent` one writes before those that wait.
        """
        session, turn = self._sessions(), Turn(self._queue, urgent=urgent)
        session.info[TURN] = turn
        try:
            async with session:
                if self._connects_first:
                    with _our_errors(self.name, *UNCONNECTED):
                        await session.connection()
                with _our_errors(self.name):
                    yield session
                    await session.commit()
        finally:
            turn.end()

    @asynccontextmanager
    async def statements(self, *, urgent: bool = False) -> AsyncGenerator[Statements]:
        """As `session`, for statements that need no ORM: two thirds of what a session costs."""
        turn = Turn(self._queue, urgent=urgent)
        statements = Statements(self.engine, turn)
        try:
            async with statements:
                if self._connects_first:
                    with _our_errors(self.name, *UNCONNECTED):
                        await statements.connect()
                with _our_errors(self.name):
                    yield statements
                    await statements.commit()
        finally:
            turn.end()

    @property
    def _connects_first(self) -> bool:
        """Who stands in the queue to write is not to hold a connection meanwhile, which others would
        wait for: of SQLite it is taken by the first statement, after the turn."""
        return self._queue is None

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncConnection]:
        """A connection for statements that only read: a third of what a session costs."""
        async with AsyncExitStack() as stack:
            with _our_errors(self.name, *UNCONNECTED):
                connection = await stack.enter_async_context(self.engine.connect())
            with _our_errors(self.name):
                yield connection

    async def ping(self) -> None:
        """Raise `UpstreamUnavailable` when the database does not answer."""
        with _our_errors(self.name, *UNCONNECTED):
            async with self.engine.connect() as connection:
                await connection.exec_driver_sql("SELECT 1")


def _address(url: str) -> URL:
    try:
        address = make_url(re.sub(r"^postgres(ql)?://", "postgresql+asyncpg://", url))
    except exc.ArgumentError as error:
        raise SENTENCES.error(Invalid, "no_database_address") from error
    if address.get_backend_name() == "sqlite":
        return address.set(drivername="sqlite+aiosqlite")
    if address.drivername != "postgresql+asyncpg":
        raise SENTENCES.error(Invalid, "other_database", driver=address.drivername)
    if find_spec("asyncpg") is None:
        raise SENTENCES.error(Invalid, "no_driver")
    return address


def _name(address: URL) -> str:
    """What to call it in a sentence, without its password."""
    if address.get_backend_name() == "sqlite":
        return f"the database file {address.database}" if address.database else "the database"
    return f"Postgres at {address.host}"


def _is_file(address: URL) -> bool:
    return address.get_backend_name() == "sqlite" and address.database not in (None, "", ":memory:")


def _prove_usable(path: Path, busy_timeout_s: float) -> None:
    """Fail here, in words, rather than in the driver's thread, which then outlives its loop."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=busy_timeout_s)) as connection:
            _write_ahead(connection, busy_timeout_s)
    except OSError as error:
        raise SENTENCES.error(
            Invalid, "no_data_folder", folder=str(path.parent), error=str(error.strerror)
        ) from error
    except sqlite3.Error as error:
        raise _explained(error, f"the database file {path}") from error


def _write_ahead(connection: sqlite3.Connection, busy_timeout_s: float) -> None:
    """Turn the file's write-ahead log on; it stays on.

    Two that turn it on at once are both in each other's way, so SQLite tells one of them "locked"
    without waiting for `timeout`: the waiting is done here.
    """
    deadline = time.monotonic() + busy_timeout_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _engine(address: URL, busy_timeout_s: float) -> AsyncEngine:
    options: dict[str, Any] = {"json_serializer": _to_json, "json_deserializer": orjson.loads}
    if address.get_backend_name() != "sqlite":
        return create_async_engine(address, pool_pre_ping=True, **options)
    if _is_file(address):
        sizes = {"pool_size": CONNECTIONS, "max_overflow": 0}
        options |= {"pool_timeout": POOL_TIMEOUT_S, **sizes}
    else:
        options |= {"poolclass": StaticPool}
    engine = create_async_engine(
        address,
        # The write lock is taken by the first write of a transaction and waited for there;
        # taken later than a read it would fail at once instead.
        connect_args={
            "timeout": busy_timeout_s,
            "isolation_level": "IMMEDIATE",
            "async_creator_fn": one_visit.connect,
        },
        **options,
    )
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    return engine


def _to_json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()


def _prepare_sqlite(connection: DBAPIConnection, _: object) -> None:
    cursor = connection.cursor()
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON", f"cache_size=-{CACHE_KIB}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


async def _to_head(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        if await connection.run_sync(migrations.current) == migrations.HEAD:
            return
        await _lock(connection)
        # Another process may have done it while we waited for the lock.
        found = await connection.run_sync(migrations.current)
        _refuse_newer(found)
        if await connection.run_sync(migrations.is_empty):
            await connection.run_sync(migrations.create)
        elif found != migrations.HEAD:
            await connection.run_sync(migrations.upgrade)
        await connection.commit()


def _refuse_newer(revision: str) -> None:
    if revision > migrations.HEAD:
        raise SENTENCES.error(Invalid, "newer_database", revision=revision, head=migrations.HEAD)


async def _lock(connection: AsyncConnection) -> None:
    """One process migrates, the others wait. The lock ends with the transaction."""
    if connection.dialect.name == "sqlite":
        await connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        await connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7303014)")


@contextmanager
def _our_errors(name: str, *more: type[Exception]) -> Generator[None]:
    """A library's error as a sentence of ours; `more` are kinds that are told so too."""
    try:
        yield
    except exc.IntegrityError as error:
        raise SENTENCES.error(Conflict, "changed_meanwhile") from error
    except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError, *more) as error:
        raise _explained(error, name) from error


def _explained(error: Exception, name: str) -> OpsError:
    text = str(getattr(error, "orig", None) or error).rpartition("'>: ")[2]
    if "readonly" in text or "read-only" in text:
        return SENTENCES.error(Invalid, "read_only", name=name)
    if "not a database" in text:
        return SENTENCES.error(Invalid, "no_sqlite", name=name)
    if "unable to open" in text:
        return SENTENCES.error(Invalid, "unopened", name=name)
    if "locked" in text or "busy" in text:
        return SENTENCES.error(UpstreamUnavailable, "another_writer", name=name)
    if "authentication failed" in text or "does not exist" in text:
        return SENTENCES.error(Invalid, "unusable", name=name, text=text)
    if "disk is full" in text:
        return SENTENCES.error(UpstreamUnavailable, "disk_full", name=name)
    return SENTENCES.error(
        UpstreamUnavailable, "database_away", name=f"{name[0].upper()}{name[1:]}", text=text
    )
