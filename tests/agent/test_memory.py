"""What a conversation remembers, and where."""

import sqlite3
from pathlib import Path

from agent.models import ModelChoice
from agent.state import EXCHANGES_KEPT
from mcp_servers.client import Sessions
from tests.agent.conftest import assistant_with
from tests.agent.turns import ask


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


async def test_a_long_conversation_is_kept_in_bounds(sessions: Sessions, tmp_path: Path) -> None:
    memory = tmp_path / "memory.db"
    async with assistant_with(sessions, ModelChoice(), memory=memory) as assistant:
        for n in range(EXCHANGES_KEPT + 3):
            await ask(assistant, f"hello {n}")
        config = {"configurable": {"thread_id": "thread"}}
        state = await assistant.graph.aget_state(config)
    assert len(state.values["exchanges"]) == EXCHANGES_KEPT
    with sqlite3.connect(memory) as database:
        [[rows]] = database.execute("select count(*) from checkpoints").fetchall()
    database.close()
    assert rows == 1
