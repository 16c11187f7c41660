"""Subscriptions to resources over stdio, in the protocol that editors speak today."""

import asyncio
import base64
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import ClientSession, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.types import (
    EmptyResult,
    ResourceUpdatedNotification,
    SubscribeRequest,
    SubscribeRequestParams,
    UnsubscribeRequest,
    UnsubscribeRequestParams,
)

from tests.api.test_command_line import ROOT

ANSWER_S = 120
RUNBOOKS = "midwatch://runbooks"
TEXT = b"# Night shift\n\nWho is called after ten."
PAGE = {"name": "night-shift.md", "content_base64": base64.b64encode(TEXT).decode()}


async def test_a_change_of_what_was_subscribed_to_is_told_until_it_is_no_more(
    tmp_path: Path,
) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()

    async def hear(message: Any) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            heard.put_nowait(message.params.uri)

    started = StdioServerParameters(
        command=sys.executable,
        args=["-m", "api.cli", "mcp"],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "MIDWATCH_DATA_DIR": str(tmp_path),
        },
        cwd=tmp_path,
    )
    async with (
        stdio_client(started) as (incoming, outgoing),
        ClientSession(incoming, outgoing, message_handler=hear) as session,
    ):
        told = await session.initialize()
        assert told.capabilities.resources
        assert told.capabilities.resources.subscribe
        await _subscribe(session, RUNBOOKS)
        with pytest.raises(MCPError):
            await _subscribe(session, "midwatch://incidents/inc-nowhere")
        added = await session.call_tool("knowledge_add_document", PAGE)
        assert not added.is_error, added
        async with asyncio.timeout(ANSWER_S):
            assert await heard.get() == RUNBOOKS
        await session.send_request(
            UnsubscribeRequest(params=UnsubscribeRequestParams(uri=RUNBOOKS)), EmptyResult
        )
        assert heard.empty()


async def _subscribe(session: ClientSession, uri: str) -> None:
    await session.send_request(
        SubscribeRequest(params=SubscribeRequestParams(uri=uri)), EmptyResult
    )
