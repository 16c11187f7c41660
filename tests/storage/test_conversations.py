"""Turns are kept whole, found again in Chinese and English, and belong to their owner."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import Invalid, NotFound
from core.storage.database import Database
from core.storage.records import MessageRow, ToolCallRow, Turn
from core.storage.repositories.conversations import Conversations
from core.storage.repositories.usage import Usage
from tests.storage.test_usage import CALL as MODEL_CALL

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
CALL = ToolCallRow(
    id="c1",
    server="rca",
    tool="rca_investigate",
    arguments={"namespace": "shop"},
    status="ok",
    duration_ms=12,
    result="checkout was killed for memory",
    result_tokens=9,
    subagent="rca",
)


def turn(
    n: int, *, thread: str = "", owner: str = "ann", asked: str = "Why?", answered: str = "Because."
) -> Turn:
    at = NOON + timedelta(minutes=n)
    return Turn(
        thread_id=thread or f"t{n}",
        owner=owner,
        question=MessageRow(f"q{n}", "user", asked, "en", at),
        answer=MessageRow(f"a{n}", "assistant", answered, "en", at, {"route": ["rca"]}, (CALL,)),
    )


async def keep(database: Database, *turns: Turn) -> None:
    for one in turns:
        async with database.session() as session:
            await Conversations(session).append_turn(one)


async def test_pinned_conversations_come_first_through_all_pages(database: Database) -> None:
    await keep(database, *(turn(n) for n in range(1, 6)))
    async with database.session() as session:
        conversations = Conversations(session)
        for name in ("t2", "t4"):
            assert (await conversations.pin(name, owner="ann", pinned=True)).pinned
        order, cursor = list[str](), ""
        while True:
            page = await conversations.page("ann", cursor=cursor, limit=2)
            order += [one.id for one in page.rows]
            if not (cursor := page.cursor):
                break
        assert order == ["t4", "t2", "t5", "t3", "t1"]
        await conversations.pin("t4", owner="ann", pinned=False)
        assert [one.id for one in (await conversations.page("ann")).rows][:3] == ["t2", "t5", "t4"]
        with pytest.raises(NotFound):
            await conversations.pin("t1", owner="eve", pinned=True)


async def test_a_turn_is_read_back_as_it_was(database: Database) -> None:
    await keep(database, turn(1))
    async with database.session() as session:
        question, answer = await Conversations(session).messages("t1", owner="ann")
    assert (question.role, question.text, question.created_at) == (
        "user",
        "Why?",
        NOON + timedelta(minutes=1),
    )
    assert (answer.text, answer.detail, answer.tool_calls) == (
        "Because.",
        {"route": ["rca"]},
        (CALL,),
    )


async def test_the_first_question_is_the_title_and_later_turns_only_move_it_up(
    database: Database,
) -> None:
    long = "Why is checkout failing " * 10
    await keep(database, turn(1, asked=long), turn(2), turn(3, thread="t1", asked="And now?"))
    async with database.session() as session:
        page = await Conversations(session).page("ann")
    assert [row.id for row in page.rows] == ["t1", "t2"]
    assert page.rows[0].title.startswith("Why is checkout failing")
    assert len(page.rows[0].title) == 80
    assert page.rows[0].updated_at == NOON + timedelta(minutes=3)


async def test_pages_follow_each_other_without_gap_or_repeat(database: Database) -> None:
    await keep(database, *(turn(n) for n in range(7)))
    seen: list[str] = []
    cursor = ""
    async with database.session() as session:
        while True:
            page = await Conversations(session).page("ann", cursor=cursor, limit=3)
            seen += [row.id for row in page.rows]
            cursor = page.cursor
            if not cursor:
                break
    assert seen == [f"t{n}" for n in reversed(range(7))]


async def test_a_cursor_from_elsewhere_is_refused(database: Database) -> None:
    async with database.session() as session:
        for cursor in ("%%%", "aGVsbG8=", "é"):
            with pytest.raises(Invalid, match="cursor"):
                await Conversations(session).page("ann", cursor=cursor)


async def test_another_persons_conversation_does_not_exist(database: Database) -> None:
    await keep(database, turn(1))
    async with database.session() as session:
        conversations = Conversations(session)
        assert (await conversations.page("bob")).rows == ()
        assert await conversations.search("bob", "Because") == []
        for attempt in (
            conversations.get("t1", owner="bob"),
            conversations.messages("t1", owner="bob"),
            conversations.rename("t1", "mine", owner="bob"),
            conversations.delete("t1", owner="bob"),
            conversations.append_turn(turn(2, thread="t1", owner="bob")),
        ):
            with pytest.raises(NotFound, match="no conversation 't1'"):
                await attempt


async def test_a_conversation_is_renamed(database: Database) -> None:
    await keep(database, turn(1))
    async with database.session() as session:
        renamed = await Conversations(session).rename("t1", "  Checkout\n incident ", owner="ann")
        with pytest.raises(Invalid):
            await Conversations(session).rename("t1", "  ", owner="ann")
    assert renamed.title == "Checkout incident"


async def test_a_deleted_conversation_is_found_no_more_but_its_cost_stays(
    database: Database,
) -> None:
    await keep(database, turn(1, answered="memory limit"), turn(2, answered="memory limit"))
    async with database.session() as session:
        await Usage(session).add([MODEL_CALL])
    async with database.session() as session:
        await Conversations(session).delete("t1", owner="ann")
    async with database.session() as session:
        hits = await Conversations(session).search("ann", "memory")
        spent = await Usage(session).spent_in("t1")
    assert [hit.conversation.id for hit in hits] == ["t2"]
    assert spent.tokens == 120


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("内存不足", ["t1"]),
        ("内存", ["t1"]),
        ("checkout OOMKilled", ["t2"]),
        ("oomkilled", ["t2"]),
        ("OOMKilled 镜像", []),
        ('"quoted" -and* (odd)', ["t3"]),
        ("100%", ["t3"]),
        ("   ", []),
    ],
)
async def test_every_word_of_a_search_must_be_there(
    database: Database, words: str, found: list[str]
) -> None:
    await keep(
        database,
        turn(1, answered="容器因为内存不足被终止"),
        turn(2, answered="The checkout pod was OOMKilled twice."),
        turn(3, answered='a "quoted" word -and* (odd) signs at 100% here'),
    )
    async with database.session() as session:
        hits = await Conversations(session).search("ann", words)
    assert [hit.conversation.id for hit in hits] == found


async def test_a_search_hit_shows_the_place(database: Database) -> None:
    await keep(database, turn(1, answered="x " * 200 + "the needle is here" + " y" * 200))
    async with database.session() as session:
        [hit] = await Conversations(session).search("ann", "needle")
    assert hit.message_id == "a1"
    assert "the needle is here" in hit.snippet
    assert len(hit.snippet) <= 122


async def test_one_long_conversation_does_not_hide_the_others(database: Database) -> None:
    await keep(database, turn(0, answered="memory"))
    await keep(database, *(turn(n, thread="long", answered="memory") for n in range(1, 8)))
    async with database.session() as session:
        hits = await Conversations(session).search("ann", "memory", limit=2)
    assert [hit.conversation.id for hit in hits] == ["long", "t0"]


async def test_secrets_are_not_kept(database: Database) -> None:
    told = turn(1, asked="login with password=hunter2 fails", answered="token: hunter2hunter2abc1")
    call = replace(CALL, arguments={"password": "hunter2"}, result="DB_PASSWORD=hunter2")
    await keep(database, replace(told, answer=replace(told.answer, tool_calls=(call,))))
    async with database.session() as session:
        conversations = Conversations(session)
        kept = repr(await conversations.messages("t1", owner="ann")) + repr(
            await conversations.page("ann")
        )
    assert "hunter2" not in kept
