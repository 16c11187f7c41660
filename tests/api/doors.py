"""The doors of a running Midwatch, each as a function from question to answer shape."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import orjson
from ag_ui.core import Event
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from pydantic import TypeAdapter

from tests.api.conftest import Midwatch

AG_UI = TypeAdapter(Event)
# How long an answer is waited for: a busy machine is slow.
ANSWER_S = 240


async def by_query(midwatch: Midwatch, question: str) -> dict[str, Any]:
    async with midwatch.client() as http:
        return (await http.post("/api/v1/query", json={"question": question})).json()


async def by_agui(midwatch: Midwatch, question: str) -> dict[str, Any]:
    """The ask shape as far as a stream tells it; every event is AG-UI 1.0."""
    answer, told = "", dict[str, Any]()
    body = {"messages": [{"id": "1", "role": "user", "content": question}]}
    async with midwatch.client() as http, http.stream("POST", "/agui", json=body) as response:
        async for line in response.aiter_lines():
            if not line.startswith("data: "):
                continue
            event = orjson.loads(line[6:])
            AG_UI.validate_python(event)
            answer += event.get("delta", "") if event["type"] == "TEXT_MESSAGE_CONTENT" else ""
            told |= event.get("content") if event["type"] == "ACTIVITY_SNAPSHOT" else {}
            told |= event.get("result", {}) if event["type"] == "RUN_FINISHED" else {}
    return {**told, "answer": answer}


async def by_mcp(midwatch: Midwatch, question: str) -> dict[str, Any]:
    heard: list[str] = []

    async def progress(_done: float, _total: float | None, message: str | None) -> None:
        heard.append(message or "")

    headers = {"Authorization": f"Bearer {midwatch.token}"}
    async with httpx2.AsyncClient(headers=headers, verify=False, timeout=ANSWER_S) as http:
        transport = streamable_http_client(f"{midwatch.address}/mcp", http_client=http)
        async with Client(transport) as client:
            result = await client.call_tool(
                "ask", {"question": question}, progress_callback=progress
            )
    assert "rca: rca_investigate" in heard
    return result.structured_content or {}


async def by_command_line(_midwatch: Midwatch, question: str) -> dict[str, Any]:
    return await printed("ask", question, "--snapshot", "shop", "-o", "json")


async def by_a_remote_command_line(midwatch: Midwatch, question: str) -> dict[str, Any]:
    reach = ["--server", midwatch.address, "--token", midwatch.token]
    return await printed("ask", question, "-o", "json", *reach)


async def printed(*arguments: str) -> dict[str, Any]:
    """What `midwatch` prints, while this loop goes on serving it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "api.cli", *arguments), stdout=asyncio.subprocess.PIPE
    )
    return json.loads((await process.communicate())[0])


Door = Callable[[Midwatch, str], Awaitable[dict[str, Any]]]
OVER_HTTP: list[Door] = [by_query, by_agui, by_mcp]
DOORS: list[Door] = [*OVER_HTTP, by_command_line, by_a_remote_command_line]
