"""What many write at the same moment is one transaction, and each hears what came of its own."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import event

from core.errors import Conflict, NotFound
from core.storage.database import Database
from core.storage.records import Beginning
from core.storage.repositories.conversations import Conversations
from core.storage.together import Together
from core.storage.turn_writing import TurnWriting
from tests.storage.test_conversations import NOON, turn


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.opened(f"sqlite:///{tmp_path / 'x.db'}") as database:
        yield database


def commits(database: Database) -> list[int]:
    counted: list[int] = []
    event.listen(database.engine.sync_engine, "commit", lambda _: counted.append(1))
    return counted


async def test_two_hundred_turns_at_once_are_kept_in_a_few_transactions(
    database: Database,
) -> None:
    writing, counted = TurnWriting(database), commits(database)
    names = [f"t{n}" for n in range(200)]
    await asyncio.gather(*(writing.begin(Beginning(one, "ann", "why", NOON)) for one in names))
    await asyncio.gather(*(writing.append(turn(n, thread=one)) for n, one in enumerate(names)))
    assert len(counted) <= 10
    async with database.session() as session:
        for one in names:
            messages = await Conversations(session).messages(one, owner="ann")
            assert [message.role for message in messages] == ["user", "assistant"]
            assert messages[1].tool_calls


async def test_one_that_cannot_be_kept_does_not_take_the_others_along(database: Database) -> None:
    writing = TurnWriting(database)
    await writing.begin(Beginning("taken", "bob", "why", NOON))
    begun = await asyncio.gather(
        *(writing.begin(Beginning(one, "ann", "why", NOON)) for one in ("a", "taken", "b")),
        return_exceptions=True,
    )
    assert [type(one) for one in begun] == [type(None), Conflict, type(None)]
    kept = await asyncio.gather(
        *(writing.append(turn(n, thread=one)) for n, one in enumerate(("a", "taken", "new", "b"))),
        return_exceptions=True,
    )
    assert [type(one) for one in kept] == [type(None), NotFound, type(None), type(None)]
    async with database.session() as session:
        for one in ("a", "b", "new"):
            assert len(await Conversations(session).messages(one, owner="ann")) == 2


async def test_who_is_cut_while_it_waits_is_kept_and_the_others_hear_of_theirs() -> None:
    written: list[int] = []
    go_on = asyncio.Event()

    async def write(numbers: Sequence[int]) -> None:
        await go_on.wait()
        written.extend(numbers)

    together = Together(write)
    waiting = [asyncio.create_task(together.add(n)) for n in range(3)]
    await asyncio.sleep(0)
    waiting[1].cancel()
    go_on.set()
    told = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(one) for one in told] == [type(None), asyncio.CancelledError, type(None)]
    assert sorted(written) == [0, 1, 2]


async def test_a_mistake_is_told_to_whose_it_is_and_ends_nothing() -> None:
    written: list[int] = []

    async def write(numbers: Sequence[int]) -> None:
        if 13 in numbers:
            raise ZeroDivisionError
        written.extend(numbers)

    together = Together(write)
    told = await asyncio.gather(*(together.add(n) for n in (12, 13, 14)), return_exceptions=True)
    assert [type(one) for one in told] == [type(None), ZeroDivisionError, type(None)]
    await together.add(15)
    assert written == [12, 14, 15]


async def test_what_comes_soon_after_a_batch_is_written_together_and_in_its_order() -> None:
    batches: list[list[int]] = []

    async def write(numbers: Sequence[int]) -> None:
        batches.append(list(numbers))

    together = Together(write, most=3, apart_s=0.2)
    await together.add(0)
    await asyncio.gather(*(together.add(n) for n in range(1, 6)))
    assert batches == [[0], [1, 2, 3], [4, 5]]


async def test_writers_that_wait_hold_no_connection_that_readers_need(tmp_path: Path) -> None:
    async with Database.opened(f"sqlite:///{tmp_path / 'y.db'}") as database:
        async with database.session() as first:
            await Conversations(first).begin("first", "ann", "why", NOON)
            writers = [
                asyncio.create_task(
                    TurnWriting(database).begin(Beginning(f"w{n}", "ann", "q", NOON))
                )
                for n in range(100)
            ]
            async with asyncio.timeout(30), database.session() as reader:
                assert await Conversations(reader).owner_of("nobody") is None
            assert not any(one.done() for one in writers)
        await asyncio.gather(*writers)
