"""Model calls are noted without waiting, written soon, summed up, and never lost."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from core.storage import migrations
from core.storage.database import Database
from core.storage.records import Spent, UsageRow
from core.storage.repositories.usage import Usage
from core.storage.usage_log import UsageLog
from core.telemetry import configure_logging

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
CALL = UsageRow(
    subject="ann",
    conversation_id="t1",
    run_id="r1",
    request_id="q1",
    subagent="rca",
    provider="openai",
    model="m",
    outcome="ok",
    input_tokens=100,
    output_tokens=20,
    cache_read_tokens=60,
    cache_write_tokens=10,
    reasoning_tokens=5,
    estimated=False,
    cost_usd=0.25,
    first_token_ms=40,
    duration_ms=300,
    created_at=NOON,
)


async def kept(database: Database) -> list[UsageRow]:
    """The oldest first."""
    async with database.session() as session:
        return list((await Usage(session).calls()).rows)[::-1]


async def keep(database: Database, *rows: UsageRow) -> None:
    async with UsageLog(database) as usage:
        for row in rows:
            usage.add(row)


async def test_a_call_is_kept_as_it_was_noted(database: Database) -> None:
    await keep(database, CALL, replace(CALL, first_token_ms=None, cost_usd=None, outcome="cut"))
    assert await kept(database) == [
        CALL,
        replace(CALL, first_token_ms=None, cost_usd=None, outcome="cut"),
    ]


async def test_noting_does_not_wait_and_a_moment_later_it_is_written(database: Database) -> None:
    async with UsageLog(database, linger_s=0.01) as usage:
        usage.add(CALL)
        assert await kept(database) == []
        for _ in range(1000):
            if await kept(database):
                break
            await asyncio.sleep(0.01)
        assert await kept(database) == [CALL]


async def test_what_waits_at_the_end_is_written(database: Database) -> None:
    async with UsageLog(database, linger_s=3600) as usage:
        for n in range(1200):
            usage.add(replace(CALL, run_id=f"r{n}"))
    async with database.session() as session:
        [total] = await Usage(session).totals(since=NOON, until=NOON + timedelta(1))
    assert (total.calls, total.turns) == (1200, 1200)


async def test_a_log_that_is_closed_while_it_writes_writes_each_call_once(
    database: Database,
) -> None:
    for n in range(60):
        async with UsageLog(database, linger_s=0) as usage:
            usage.add(replace(CALL, run_id=f"r{n}"))
            for _ in range(n):
                await asyncio.sleep(0)
    async with database.session() as session:
        rows = (await Usage(session).calls(limit=1000)).rows
    assert sorted(row.run_id for row in rows) == sorted(f"r{n}" for n in range(60))


async def test_what_the_database_does_not_take_is_written_when_it_does(
    database: Database,
) -> None:
    async with database.session() as session:
        await session.execute(text("ALTER TABLE model_usage RENAME TO elsewhere"))
    async with UsageLog(database, linger_s=0.01) as usage:
        usage.add(CALL)
        await asyncio.sleep(0.1)
        usage.add(replace(CALL, run_id="r2"))
        async with database.session() as session:
            await session.execute(text("ALTER TABLE elsewhere RENAME TO model_usage"))
    assert [row.run_id for row in await kept(database)] == ["r1", "r2"]


async def test_what_cannot_be_written_at_all_stands_in_the_log(database: Database) -> None:
    async with database.session() as session:
        await session.execute(text("DROP TABLE model_usage"))
    told = StringIO()
    configure_logging("json", stream=told)
    await keep(database, CALL)
    assert "usage.not_written" in told.getvalue()
    assert "run_id='r1'" in told.getvalue()


async def test_texts_are_kept_without_their_secrets(database: Database) -> None:
    await keep(database, replace(CALL, prompt="password=hunter2", reply="DB_PASSWORD=hunter2"))
    [row] = await kept(database)
    assert "password" in (row.prompt or "")
    assert "hunter2" not in f"{row.prompt}{row.reply}"


async def test_usage_is_summed_by_model_and_an_unknown_price_is_said(database: Database) -> None:
    own = replace(CALL, model="own", cost_usd=None, input_tokens=10, output_tokens=5, run_id="r2")
    bobs = replace(CALL, subject="bob", run_id="r3", outcome="cut")
    await keep(database, CALL, CALL, own, bobs)
    hour = {"since": NOON, "until": NOON + timedelta(hours=1)}
    async with database.session() as session:
        everybody = await Usage(session).totals(**hour)
        mine = await Usage(session).totals(**hour, subject="ann")
    assert [(one.model, one.turns, one.calls, one.failed, one.cost_usd) for one in everybody] == [
        ("m", 2, 3, 1, 0.75),
        ("own", 1, 1, 0, 0),
    ]
    assert [(one.unpriced, one.cache_read_tokens) for one in everybody] == [(0, 180), (1, 60)]
    assert [(one.model, one.output_tokens) for one in mine] == [("m", 40), ("own", 5)]


async def test_what_was_spent_is_known_by_day_person_and_thread(database: Database) -> None:
    yesterday = replace(CALL, created_at=NOON - timedelta(1))
    await keep(
        database,
        CALL,
        yesterday,
        replace(CALL, subject="bob", conversation_id="t2", cost_usd=None),
    )
    midnight = NOON.replace(hour=0)
    async with database.session() as session:
        usage = Usage(session)
        assert await usage.spent_since(midnight) == Spent(240, Decimal("0.25"))
        assert await usage.spent_since(midnight, subject="ann") == Spent(120, Decimal("0.25"))
        assert await usage.spent_in("t1") == Spent(240, Decimal("0.5"))
        assert await usage.spent_in("nowhere") == Spent()


async def test_the_log_is_read_in_pages(database: Database) -> None:
    await keep(database, *(replace(CALL, run_id=f"r{n}") for n in range(5)))
    async with database.session() as session:
        usage = Usage(session)
        first = await usage.calls(limit=2)
        second = await usage.calls(limit=2, cursor=first.cursor)
        foreign = await usage.calls(subject="bob")
    assert [row.run_id for row in first.rows + second.rows] == ["r4", "r3", "r2", "r1"]
    assert foreign.rows == ()


def test_usage_from_before_calls_were_told_apart_is_kept(tmp_path: Path) -> None:
    with create_engine(f"sqlite:///{tmp_path}/x.db").begin() as connection:
        migrations.upgrade(connection, "0002")
        connection.execute(
            text(
                "INSERT INTO model_usage (subject, conversation_id, message_id, provider, model, "
                "input_tokens, output_tokens, cost_usd, created_at) VALUES "
                "('ann', 't1', 'a1', 'openai', 'm', 100, 20, 0.25, '2026-11-21 12:00:00')"
            )
        )
        migrations.upgrade(connection)
        query = "SELECT run_id, outcome, estimated, subagent FROM model_usage"
        assert connection.execute(text(query)).one() == ("a1", "ok", 0, "")
        migrations.downgrade(connection, "0002")
        assert connection.execute(text("SELECT message_id FROM model_usage")).scalar() == "a1"


@pytest.mark.parametrize("capacity", [3])
async def test_a_database_that_is_away_for_long_does_not_fill_the_memory(
    database: Database, capacity: int
) -> None:
    told = StringIO()
    configure_logging("json", stream=told)
    async with UsageLog(database, linger_s=3600, capacity=capacity) as usage:
        for n in range(4):
            usage.add(replace(CALL, run_id=f"r{n}"))
        usage.add(replace(CALL, run_id="last"))
    assert [row.run_id for row in await kept(database)] == ["last"]
    assert all(f"run_id='r{n}'" in told.getvalue() for n in range(4))
