"""Stop really stops: the provider sees its connection close, and the tool is told, over every wire."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import uvicorn

from core.principal import Principal
from evals.providers.saying import Say
from mcp_servers.access import Gate
from mcp_servers.calling_over_http import at_address
from mcp_servers.serve import app
from tests.agent.changing_server import Ledger, server
from tests.agent.turns import ANN
from tests.api.conftest import Server
from tests.api.repairs import QUESTION, Repairs, repairing

SLOW = ("autofix_look", {"name": "slow-checkout"})
# How long is waited for what is to happen at once.
WITHIN_S = 60


@pytest.fixture
async def repairs(tmp_path: Path) -> AsyncIterator[Repairs]:
    async with repairing(tmp_path) as repairs:
        repairs.ledger.slow_s = 600
        yield repairs


async def until(seen: Callable[[], bool]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not seen():  # noqa: ASYNC110 - a ledger sets no event
            await asyncio.sleep(0.02)


async def stopped(repairs: Repairs, begun: Callable[[], bool]) -> tuple[Any, Any]:
    """The thread and the last event of a turn that was stopped when `begun`."""
    thread, run = str(uuid4()), str(uuid4())
    said = [{"id": "1", "role": "user", "content": QUESTION}]
    reading = asyncio.create_task(repairs.streamed(threadId=thread, runId=run, messages=said))
    await until(begun)
    async with repairs.client() as http:
        ended = await http.post(f"/api/v1/runs/{run}/cancel")
    assert ended.json()["ending"] == "cancelled"
    return thread, (await reading)[-1]


async def goes_on(repairs: Repairs, thread: str) -> str:
    """What the next question of the conversation is answered."""
    async with repairs.client() as http:
        body = {"question": "restart cart", "thread_id": thread}
        return (await http.post("/api/v1/query", json=body)).json()["answer"]


async def test_stop_closes_the_connection_to_a_model_that_speaks(repairs: Repairs) -> None:
    provider = repairs.provider
    provider.script[:] = [Say("word " * 4000, drip_s=0.05), Say("Back again.")]
    thread, last = await stopped(repairs, provider.speaking.is_set)
    await until(provider.abandoned.is_set)
    assert last["outcome"] == {"type": "cancelled"}
    assert await goes_on(repairs, thread) == "Back again."


async def test_stop_closes_the_connection_to_a_model_that_thinks(repairs: Repairs) -> None:
    provider = repairs.provider
    provider.script[:] = [Say("Too late.", pause_s=600), Say("Back again.")]
    thread, last = await stopped(repairs, provider.asked.is_set)
    await until(provider.abandoned.is_set)
    assert last["outcome"] == {"type": "cancelled"}
    assert await goes_on(repairs, thread) == "Back again."


async def test_stop_cuts_the_tool_that_is_at_work_short(repairs: Repairs) -> None:
    provider, ledger = repairs.provider, repairs.ledger
    provider.script[:] = [Say("", [SLOW]), Say("Back again.")]
    thread, last = await stopped(repairs, lambda: bool(ledger.done))
    await until(lambda: len(ledger.done) > 1)
    assert ledger.done == ["look slow-checkout", "look slow-checkout cut short"]
    assert last["outcome"] == {"type": "cancelled"}
    assert len(provider.requests) == 1
    assert await goes_on(repairs, thread) == "Back again."


async def ann(_token: str) -> Principal:
    """Whose every token is."""
    return ANN


async def test_stop_cuts_a_tool_short_that_works_behind_an_address(tmp_path: Path) -> None:
    """The tool server is another service here: the closed connection is all that tells it."""
    ledger = Ledger(slow_s=600)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
        inner = app(server(ledger, Gate.over_http(ann, url=url)), url)
        there = Server(uvicorn.Config(inner, log_config=None, timeout_graceful_shutdown=1))
        serving = asyncio.create_task(there.serve(sockets=[listener]))
        async with at_address(url, "ann's token") as (line, _):
            call = asyncio.create_task(line.call("autofix_look", {"name": "slow-checkout"}, ANN))
            await until(lambda: bool(ledger.done))
            call.cancel()
            await until(lambda: len(ledger.done) > 1)
        there.should_exit = True
        await serving
    assert ledger.done == ["look slow-checkout", "look slow-checkout cut short"]


async def test_an_mcp_client_that_hangs_up_stops_its_turn(repairs: Repairs) -> None:
    """It asked for plain JSON, so that the closed connection is all that tells the service."""
    provider = repairs.provider
    provider.script[:] = [Say("word " * 4000, drip_s=0.05)]
    called = {"name": "ask", "arguments": {"question": QUESTION}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": called}
    async with repairs.client(Accept="application/json, text/event-stream") as http:
        calling = asyncio.create_task(http.post("/mcp", json=body))
        await until(provider.speaking.is_set)
        calling.cancel()
        await until(provider.abandoned.is_set)
