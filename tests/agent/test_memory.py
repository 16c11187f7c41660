"""What a conversation remembers, and where."""

import asyncio
import sqlite3
from pathlib import Path

from agent.models import ModelChoice
from agent.recollection import WHOLE
from mcp_servers.client import Sessions
from tests.agent.conftest import assistant_with
from tests.agent.turns import ANN, ask


async def test_a_conversation_goes_on_after_a_restart(sessions: Sessions, tmp_path: Path) -> None:
    memory = tmp_path / "new" / "memory.db"
    async with assistant_with(sessions, ModelChoice(), memory=memory) as assistant:
        await ask(assistant, "list pods in shop")
    async with assistant_with(sessions, ModelChoice(), memory=memory) as assistant:
        told = await ask(assistant, "and in payments?")
    assert told.calls[0].arguments == {"namespace": "payments"}


async def test_a_forgotten_conversation_is_gone(sessions: Sessions, tmp_path: Path) -> None:
    memory = tmp_path / "memory.db"
    async with assistant_with(sessions, ModelChoice(), memory=memory) as assistant:
        await ask(assistant, "list pods in shop")
        await assistant.forget("thread")
        told = await ask(assistant, "and in payments?")
    assert told.done.route == ("none",)


async def test_a_turn_that_was_cancelled_leaves_the_conversation_usable(
    sessions: Sessions, tmp_path: Path
) -> None:
    memory = tmp_path / "memory.db"
    async with assistant_with(sessions, ModelChoice(), memory=memory) as assistant:
        await ask(assistant, "list pods in shop")
        events = assistant.run("Why is checkout failing?", principal=ANN, thread_id="thread")
        await anext(events)
        await events.aclose()
        told = await ask(assistant, "list nodes")
        state = await assistant.graph.aget_state({"configurable": {"thread_id": "thread"}})
    assert told.done.route == ("rca",)
    questions = [one["question"] for one in state.values["exchanges"]]
    assert questions == ["list pods in shop", "list nodes"]


async def test_many_turns_at_once_keep_to_their_own_threads(
    sessions: Sessions, tmp_path: Path
) -> None:
    async with assistant_with(sessions, ModelChoice(), memory=tmp_path / "m.db") as assistant:
        places = ["shop", "payments", "kube-system", "monitoring"]
        turns = [ask(assistant, f"list pods in {one}", thread=one) for one in places]
        told = await asyncio.gather(*turns)
    assert [one.calls[0].arguments["namespace"] for one in told] == places


async def test_a_long_conversation_is_kept_in_bounds(sessions: Sessions, tmp_path: Path) -> None:
    memory = tmp_path / "memory.db"
    async with assistant_with(sessions, ModelChoice(), memory=memory) as assistant:
        for n in range(WHOLE + 3):
            await ask(assistant, f"hello {n}")
        config = {"configurable": {"thread_id": "thread"}}
        state = await assistant.graph.aget_state(config)
    answered = [bool(one["answer"]) for one in state.values["exchanges"]]
    assert answered == [False] * 3 + [True] * WHOLE
    with sqlite3.connect(memory) as database:
        [[rows]] = database.execute("select count(*) from checkpoints").fetchall()
    database.close()
    assert rows == 1
