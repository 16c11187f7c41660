"""Lists read in parts: in every order each row once, in both databases, also where rows lack a value."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import Invalid
from core.storage.database import Database
from core.storage.records import MessageRow, Turn, UserRow
from core.storage.repositories.conversations import Conversations
from core.storage.repositories.usage import Usage
from core.storage.repositories.users import Users
from tests.storage.test_usage import CALL

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
COSTS = (0.5, None, 0.25, 0.5, None)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """SQLite and Postgres, which compare and order each in their own way."""
    async with Database.opened(database_url) as opened:
        yield opened


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("cost_usd", ["r2", "r3", "r0", "r4", "r1"]),
        ("-cost_usd", ["r3", "r0", "r2", "r4", "r1"]),
        ("-cost_usd,at", ["r0", "r3", "r2", "r1", "r4"]),
    ],
)
async def test_rows_without_a_value_are_last_whichever_way_the_others_go(
    database: Database, sort: str, order: list[str]
) -> None:
    async with database.session() as session:
        usage = Usage(session)
        await usage.add(
            [
                replace(CALL, run_id=f"r{n}", cost_usd=cost, created_at=NOON + timedelta(hours=n))
                for n, cost in enumerate(COSTS)
            ]
        )
        seen, cursor = list[str](), ""
        while True:
            found = await usage.calls(sort=sort, cursor=cursor, limit=2)
            seen += [one.run_id for one in found.rows]
            if not (cursor := found.cursor):
                break
    assert seen == order


@pytest.mark.parametrize("sort", ["disabled", "-disabled", "-created_at,disabled"])
async def test_people_are_read_one_by_one_in_any_order(database: Database, sort: str) -> None:
    async with database.session() as session:
        users = Users(session)
        for n, name in enumerate(("ann", "bob", "cho", "dee")):
            at = NOON + timedelta(hours=n // 2)
            await users.add(UserRow(name, "user", at, disabled=n % 2 == 1))
        whole = [one.name for one in (await users.page(sort=sort)).rows]
        seen, cursor = list[str](), ""
        while len(seen) < 5:
            found = await users.page(sort=sort, cursor=cursor, limit=1)
            seen += [one.name for one in found.rows]
            if not (cursor := found.cursor):
                break
        first = await users.page(sort=sort, limit=1)
        with pytest.raises(Invalid, match="another order"):
            await users.page(sort="name", cursor=first.cursor)
    assert seen == whole
    assert sorted(seen) == ["ann", "bob", "cho", "dee"]


async def test_a_fork_leaves_behind_what_is_not_on_its_way_and_brings_back_what_is(
    database: Database,
) -> None:
    async def said(n: int, fork: str = "") -> None:
        at = NOON + timedelta(minutes=n)
        detail = {"run_id": f"r{n}", **({"after": fork} if fork else {})}
        question = None if fork.startswith("asked-") else MessageRow(f"q{n}", "user", "?", "en", at)
        answer = MessageRow(f"a{n}", "assistant", "!", "en", at, detail)
        async with database.session() as session:
            await Conversations(session).append_turn(Turn("t", "ann", question, answer, fork))

    async def line() -> list[str]:
        async with database.session() as session:
            return [one.id for one in await Conversations(session).messages("t", owner="ann")]

    for n in range(3):
        await said(n)
    await said(3, "r0")
    assert await line() == ["q0", "a0", "q3", "a3"]
    await said(4, "asked-r1")
    assert await line() == ["q0", "a0", "q1", "a4"]
    await said(5, "r2")
    assert await line() == ["q0", "a0", "q1", "a1", "q2", "a2", "q5", "a5"]
    async with database.session() as session:
        every = await Conversations(session).every_message("t", owner="ann")
    assert len(every) == 11
