"""Sessions commit at the end; what goes wrong with the file is told in a sentence."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import utc_now
from core.errors import Conflict, Invalid, UpstreamUnavailable
from core.storage.database import Database
from core.storage.records import UserRow
from core.storage.repositories.users import Users
from core.storage.turns import Queue


async def add(database: Database, name: str) -> None:
    async with database.session() as session:
        await Users(session).add(UserRow(name, "user", utc_now()))


async def names(database: Database) -> list[str]:
    async with database.session() as session:
        return [user.name for user in await Users(session).all()]


async def test_a_session_commits_when_its_block_ends(database: Database) -> None:
    await add(database, "ann")
    assert await names(database) == ["ann"]


async def test_a_session_that_raises_keeps_nothing(database: Database) -> None:
    async def add_twice() -> None:
        async with database.session() as session:
            await Users(session).add(UserRow("ann", "user", utc_now()))
            await Users(session).add(UserRow("ann", "user", utc_now()))

    with pytest.raises(Conflict):
        await add_twice()
    assert await names(database) == []


async def test_of_two_that_take_one_name_at_once_the_second_is_told(database: Database) -> None:
    added = await asyncio.gather(*(add(database, "ann") for _ in range(2)), return_exceptions=True)
    assert {type(one) for one in added} == {Conflict, type(None)}


async def test_who_only_reads_sees_what_was_kept_and_gives_the_connection_back(
    database: Database,
) -> None:
    await add(database, "ann")
    found = [await names_read(database) for _ in range(50)]  # more than there are connections
    assert found == [["ann"]] * 50
    assert database.engine.pool.checkedout() == 0  # pyright: ignore


async def test_who_only_reads_is_told_what_is_wrong_with_the_database_in_a_sentence(
    file: Path,
) -> None:
    async with Database.opened(f"sqlite:///{file}") as database:
        async with database.session() as session:
            await session.execute(text("ALTER TABLE users RENAME TO people"))
        with pytest.raises(UpstreamUnavailable, match="no such table"):
            await names_read(database)


async def names_read(database: Database) -> list[str]:
    async with database.reading() as reading:
        return list((await reading.execute(text("SELECT name FROM users"))).scalars().all())


async def test_an_error_of_the_block_passes_unchanged(database: Database) -> None:
    with pytest.raises(FileNotFoundError):
        async with database.session():
            raise FileNotFoundError("not the database's")


async def test_a_session_cut_while_it_waits_to_write_keeps_nothing(
    database: Database, file: Path
) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        cut = asyncio.create_task(add(database, "ann"))
        await asyncio.sleep(0.05)
        cut.cancel()
        await asyncio.sleep(0.05)
        other.execute("ROLLBACK")
    await asyncio.wait([cut])
    await add(database, "bob")
    assert (cut.cancelled(), await names(database)) == (True, ["bob"])


async def test_what_was_kept_is_there_after_a_restart(file: Path) -> None:
    async with Database.opened(f"sqlite:///{file}") as database:
        await add(database, "ann")
    async with Database.opened(f"sqlite:///{file}") as database:
        assert await names(database) == ["ann"]


async def test_many_writers_wait_for_each_other(database: Database) -> None:
    await asyncio.gather(*(add(database, f"user-{i}") for i in range(20)))
    assert len(await names(database)) == 20


async def test_writers_of_one_process_stand_in_a_queue_however_long_each_takes(file: Path) -> None:
    """SQLite itself would give up after the busy timeout, and ask whomever it likes first."""

    async def slowly(database: Database, name: str) -> None:
        async with database.session() as session:
            await Users(session).add(UserRow(name, "user", utc_now()))
            await asyncio.sleep(0.03)

    expected = [f"user-{n:02}" for n in range(12)]
    async with Database.opened(f"sqlite:///{file}", busy_timeout_s=0.01) as database:
        await asyncio.gather(*(slowly(database, name) for name in expected))
        assert await names(database) == expected


async def test_a_writer_that_failed_lets_the_next_one_write(database: Database) -> None:
    async def failing() -> None:
        async with database.session() as session:
            await Users(session).add(UserRow("ann", "user", utc_now()))
            raise FileNotFoundError("changed my mind")

    told = await asyncio.gather(failing(), add(database, "bob"), return_exceptions=True)
    assert isinstance(told[0], FileNotFoundError)
    assert await names(database) == ["bob"]


async def test_a_reader_does_not_wait_for_a_writer(database: Database) -> None:
    async with database.session() as session:
        await Users(session).add(UserRow("ann", "user", utc_now()))
        assert await names(database) == []
    assert await names(database) == ["ann"]


async def test_six_that_open_an_empty_file_at_once_make_it_once(tmp_path: Path) -> None:
    async def opened(file: Path) -> None:
        async with Database.opened(f"sqlite:///{file}") as database:
            await database.ping()

    for attempt in range(10):
        file = tmp_path / f"{attempt}.db"
        await asyncio.gather(*(opened(file) for _ in range(6)))


async def test_a_database_in_memory_lasts_as_long_as_it_is_open() -> None:
    async with Database.opened("sqlite://") as database:
        await add(database, "ann")
        assert await names(database) == ["ann"]


async def test_a_locked_file_is_unavailable_and_says_so(file: Path) -> None:
    async with Database.opened(f"sqlite:///{file}", busy_timeout_s=0.05) as database:
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(
            UpstreamUnavailable, match="Another process is writing to the database file"
        ):
            await add(database, "ann")
        other.execute("ROLLBACK")
        other.close()
        await add(database, "ann")


async def test_a_read_only_database_is_refused_on_the_first_write(database: Database) -> None:
    # Root may write to files without the permission, so the connections are made read-only.
    async with database.session() as session:
        await session.execute(text("PRAGMA query_only = ON"))
    with pytest.raises(Invalid, match="is read-only"):
        await add(database, "ann")


@pytest.fixture
def prose(tmp_path: Path) -> Path:
    path = tmp_path / "prose.db"
    path.write_text("this is a text, and it is long enough to be read as a header\n" * 40)
    return path


async def test_a_file_that_is_no_database_is_refused(prose: Path) -> None:
    with pytest.raises(Invalid, match=r"Cannot use the database file .*not an SQLite database"):
        async with Database.opened(f"sqlite:///{prose}"):
            pass


async def test_a_folder_that_cannot_be_made_is_refused(prose: Path) -> None:
    with pytest.raises(Invalid, match=r"Cannot make the data folder .*MIDWATCH_DATA_DIR"):
        async with Database.opened(f"sqlite:///{prose}/data/midwatch.db"):
            pass


async def test_a_path_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="Cannot open the database file"):
        async with Database.opened(f"sqlite:///{tmp_path}"):
            pass


@pytest.mark.parametrize(
    ("url", "says"),
    [("mysql://db", "SQLite or Postgres, not mysql"), ("no address", "not a database address")],
)
async def test_an_address_of_another_kind_is_refused(url: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        async with Database.opened(url):
            pass


async def test_the_password_of_the_address_is_in_no_sentence() -> None:
    with pytest.raises((Invalid, UpstreamUnavailable)) as refused:
        async with Database.opened("postgresql://app:hunter2@127.0.0.1:9/midwatch"):
            pass
    assert "hunter2" not in str(refused.value)


async def test_an_urgent_writer_goes_before_those_that_wait_and_lets_them_write_too(
    database: Database,
) -> None:
    wrote: list[str] = []

    async def write(name: str, *, urgent: bool) -> None:
        async with database.session(urgent=urgent) as session:
            await Users(session).add(UserRow(name, "user", utc_now()))
            wrote.append(name)

    async with database.session() as session:
        await Users(session).add(UserRow("first", "user", utc_now()))
        waiting = [asyncio.create_task(write(f"late-{n}", urgent=False)) for n in range(3)]
        await until_all_wait(session, 3)
        waiting += [asyncio.create_task(write(f"page-{n}", urgent=True)) for n in range(6)]
        await until_all_wait(session, 9)
    await asyncio.gather(*waiting)
    pages, late = ["page"], ["late"]
    kinds = [name.partition("-")[0] for name in wrote]
    assert kinds == pages * 4 + late + pages * 2 + late * 2


async def test_a_writer_that_is_cut_as_its_turn_comes_hands_it_on() -> None:
    line = Queue()
    await line.take()
    cut, next_one = (asyncio.create_task(line.take()) for _ in range(2))
    await asyncio.sleep(0)
    line.end()
    cut.cancel()
    await next_one
    line.end()
    await line.take(urgent=True)


async def until_all_wait(session: AsyncSession, count: int) -> None:
    line: Queue = session.sync_session.info["turn"].queue
    async with asyncio.timeout(60):
        while line.waiting < count:  # noqa: ASYNC110 - the queue tells nobody who stands in it
            await asyncio.sleep(0.001)
