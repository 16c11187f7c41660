# pyright: reportUnknownMemberType=false
"""Searches for threads by LangGraph's own SDK: beyond one page, by state, in another order."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import utc_now
from core.storage.repositories.conversations import Conversations
from tests.api.repairs import Repairs, repairing
from tests.api.test_langgraph_sdk import RESTART, get_client


@pytest.fixture
async def repairs(tmp_path: Path) -> AsyncIterator[Repairs]:
    async with repairing(tmp_path) as repairs:
        yield repairs


async def test_a_search_goes_on_behind_the_first_hundred_and_by_state(repairs: Repairs) -> None:
    async with repairs.turns.database.session() as session:
        for number in range(130):
            at = utc_now() - timedelta(hours=number + 1)
            await Conversations(session).begin(f"t{number}", "admin", f"question {number}", at)
    made = get_client(url=f"{repairs.address}/langgraph", api_key=repairs.token)
    async with made as client:
        waiting = (await client.threads.create(thread_id="waits"))["thread_id"]
        await client.runs.wait(waiting, "midwatch", input=RESTART)
        first = await client.threads.search(limit=2)
        far = await client.threads.search(limit=100, offset=120)
        oldest = await client.threads.search(limit=1, sort_by="updated_at", sort_order="asc")
        asked = await client.threads.search(status="interrupted")
        idle = await client.threads.search(status="idle", limit=2, offset=128)
    assert [one["thread_id"] for one in first] == [waiting, "t0"]
    assert [one["thread_id"] for one in far] == [f"t{n}" for n in range(119, 130)]
    assert [one["thread_id"] for one in oldest] == ["t129"]
    assert [one["thread_id"] for one in asked] == [waiting]
    assert [one["thread_id"] for one in idle] == ["t128", "t129"]
