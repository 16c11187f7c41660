"""The trail is complete, in order, and shows every edit."""

import asyncio
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from core.errors import Invalid, UpstreamUnavailable
from core.security.audit import AuditLog, Head
from core.storage.database import Database
from core.telemetry import configure_logging


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    async with Database.opened("sqlite://") as database:
        yield database


async def note(audit: AuditLog, n: int, *, outcome: str = "ok", **more: Any) -> None:
    await audit.record(
        subject="ann",
        action="kubernetes_list_pods",
        target=f"shop/{n}",
        outcome=outcome,
        detail={"n": n},
        **more,
    )


async def written(database: Database) -> list[str]:
    async with database.session() as session:
        found = await session.execute(text("SELECT target FROM audit_entries ORDER BY sequence"))
        return list(found.scalars())


async def test_lines_are_written_in_order_and_the_chain_holds(database: Database) -> None:
    async with AuditLog(database) as audit:
        for n in range(30):
            await note(audit, n, at_once=n % 7 == 0)
        assert await audit.verify() is None
    assert await written(database) == [f"shop/{n}" for n in range(30)]


async def test_a_reading_call_is_not_waited_for_but_written_soon(database: Database) -> None:
    async with AuditLog(database, linger_s=0.01) as audit:
        await note(audit, 1)
        assert await written(database) == []
        assert audit._entries._writer
        await audit._entries._writer
        assert await written(database) == ["shop/1"]


async def test_a_change_is_on_record_before_it_is_made_and_when_it_ended(
    database: Database,
) -> None:
    async with AuditLog(database, linger_s=60) as audit:
        await note(audit, 1)
        await note(audit, 2, outcome="started")
        assert await written(database) == ["shop/1", "shop/2"]
        await note(audit, 2, outcome="ok")
        assert len(await written(database)) == 3
        await note(audit, 2, outcome="ok")
        assert len(await written(database)) == 3


async def test_closing_writes_what_waits(database: Database) -> None:
    async with AuditLog(database, linger_s=60) as audit:
        await note(audit, 1)
    assert await written(database) == ["shop/1"]


async def test_a_caller_who_gives_up_loses_no_line_and_doubles_none(database: Database) -> None:
    async with AuditLog(database, linger_s=60) as audit:
        for n in range(10):
            giving_up = asyncio.create_task(note(audit, n, at_once=True))
            for _ in range(n):
                await asyncio.sleep(0)
            giving_up.cancel()
            await asyncio.wait([giving_up])
    assert await written(database) == [f"shop/{n}" for n in range(1, 10)]


async def test_too_many_waiting_lines_make_the_next_caller_write_them(database: Database) -> None:
    async with AuditLog(database, linger_s=60, capacity=3) as audit:
        for n in range(4):
            await note(audit, n)
        assert len(await written(database)) == 3


async def test_many_callers_at_once_leave_one_chain(database: Database) -> None:
    async with AuditLog(database) as audit:
        await asyncio.gather(*(note(audit, n, at_once=n % 2 == 0) for n in range(50)))
        assert await audit.verify() is None
    assert sorted(await written(database)) == sorted(f"shop/{n}" for n in range(50))


async def test_two_processes_share_one_chain(tmp_path_factory: pytest.TempPathFactory) -> None:
    url = f"sqlite:///{tmp_path_factory.mktemp('audit')}/x.db"
    async with Database.opened(url) as one, Database.opened(url) as two:
        async with AuditLog(one) as first, AuditLog(two) as second:
            for n in range(10):
                await asyncio.gather(note(first, n, at_once=True), note(second, n, at_once=True))
            assert await first.verify() is None
        assert len(await written(one)) == 20


async def test_secrets_stay_out_and_long_details_are_cut(database: Database) -> None:
    async with AuditLog(database) as audit:
        await audit.record(
            subject="ann",
            action="x",
            target="redis://:hunter2@cache",
            outcome="ok",
            detail={"password": "hunter2", "text": "y" * 50_000},
        )
        [line] = await audit.latest()
    assert "hunter2" not in line.target + line.detail
    assert len(line.detail) < 10_000


async def test_the_newest_lines_come_first_and_pages_go_on(database: Database) -> None:
    async with AuditLog(database) as audit:
        for n in range(5):
            await note(audit, n)
        first = await audit.latest(limit=2)
        second = await audit.latest(limit=2, before=first[-1].sequence)
        assert await audit.latest(subject="bob") == []
    assert [line.target for line in first + second] == ["shop/4", "shop/3", "shop/2", "shop/1"]


async def test_what_the_database_refuses_is_told_at_once_for_a_change_and_kept_for_later(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("audit") / "x.db"
    async with Database.opened(f"sqlite:///{path}", busy_timeout_s=0.02) as database:
        async with AuditLog(database, linger_s=0.01) as audit, database.engine.connect() as other:
            await other.exec_driver_sql("BEGIN EXCLUSIVE")
            await note(audit, 1)
            with pytest.raises(UpstreamUnavailable):
                await note(audit, 2, outcome="started")
            await other.rollback()
            assert await audit.verify() is None
        assert await written(database) == ["shop/1", "shop/2"]


async def test_lines_that_cannot_be_written_at_the_end_go_to_the_log(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    stream = io.StringIO()
    configure_logging("json", stream=stream)
    path = tmp_path_factory.mktemp("audit") / "x.db"
    async with (
        Database.opened(f"sqlite:///{path}", busy_timeout_s=0.02) as database,
        database.engine.connect() as other,
    ):
        await other.exec_driver_sql("BEGIN EXCLUSIVE")
        async with AuditLog(database, linger_s=60) as audit:
            await note(audit, 7)
        await other.rollback()
    assert "audit.not_written" in stream.getvalue()
    assert "shop/7" in stream.getvalue()


# :n is any entry, :m the one after it (round the end).
TAMPERING = {
    "subject": ["UPDATE audit_entries SET subject = 'bob' WHERE sequence = :n"],
    "detail": ["UPDATE audit_entries SET detail = '{}' WHERE sequence = :n"],
    "outcome": ["UPDATE audit_entries SET outcome = 'no' WHERE sequence = :n"],
    "time": ["UPDATE audit_entries SET at = '2020-01-01 00:00:00.000000' WHERE sequence = :n"],
    "deletion": ["DELETE FROM audit_entries WHERE sequence = :n"],
    "cut tail": ["DELETE FROM audit_entries WHERE sequence >= :n"],
    "reorder": [
        "UPDATE audit_entries SET sequence = -1 WHERE sequence = :n",
        "UPDATE audit_entries SET sequence = :n WHERE sequence = :m",
        "UPDATE audit_entries SET sequence = :m WHERE sequence = -1",
    ],
    "insertion": [
        """INSERT INTO audit_entries SELECT 7, at, subject, action, target, outcome, detail,
        previous_hash, hash FROM audit_entries WHERE sequence = :n"""
    ],
    "closed gap": [
        "DELETE FROM audit_entries WHERE sequence = :n",
        "UPDATE audit_entries SET sequence = sequence - 1 WHERE sequence > :n",
        "UPDATE audit_head SET sequence = sequence - 1",
    ],
}


@pytest.mark.parametrize("kind", TAMPERING)
@pytest.mark.parametrize("n", range(1, 7))
async def test_tampering_is_found(database: Database, kind: str, n: int) -> None:
    async with AuditLog(database) as audit:
        for i in range(6):
            await note(audit, i)
        assert await audit.verify() is None
        async with database.session() as session:
            for statement in TAMPERING[kind]:
                values = {"n": n, "m": n % 6 + 1}
                used = {name: value for name, value in values.items() if f":{name}" in statement}
                await session.execute(text(statement), used)
        broken = await audit.verify()
    assert broken is not None
    assert broken.why
    assert broken.sequence in {n, n % 6 + 1, 7}


async def test_a_trail_written_anew_or_cut_off_whole_does_not_hold_a_head_that_was_noted(
    database: Database,
) -> None:
    async with AuditLog(database) as audit:
        for n in range(4):
            await note(audit, n)
        noted = await audit.head()
        await note(audit, 4)
        assert await audit.verify(noted) is None
        async with database.session() as session:
            await session.execute(text("DELETE FROM audit_entries"))
            await session.execute(text("DELETE FROM audit_head"))
        for n in range(6):
            await note(audit, n + 10)
        assert await audit.verify() is None
        broken = await audit.verify(noted)
    assert broken is not None
    assert (broken.sequence, broken.why.reason) == (4, "not_as_noted")
    assert Head.read(str(noted)) == noted


@pytest.mark.parametrize("told", ["", "4", "4:", "x:" + "0" * 64, "4:" + "g" * 64])
def test_what_is_no_head_is_said_to_be_none(told: str) -> None:
    with pytest.raises(Invalid, match="no head of an audit trail"):
        Head.read(told)


async def test_heads_are_put_into_the_log_now_and_then(database: Database) -> None:
    stream = io.StringIO()
    configure_logging("json", stream=stream)
    async with AuditLog(database) as audit:
        for n in range(120):
            await note(audit, n)
    heads = [line for line in stream.getvalue().splitlines() if "audit.head" in line]
    assert len(heads) == 1
    assert "120:" in heads[0] or "100:" in heads[0]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.text(max_size=300), st.dictionaries(st.text(max_size=5), st.text(max_size=50) | st.floats())
)
async def test_any_text_can_be_written_and_verified(target: str, detail: dict[str, Any]) -> None:
    async with Database.opened("sqlite://") as database, AuditLog(database) as audit:
        await audit.record(subject=target, action="x", target=target, outcome="ok", detail=detail)
        assert await audit.verify() is None
