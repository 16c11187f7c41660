"""Midwatch as an MCP server on stdin and stdout."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

from mcp.server.stdio import stdio_server

from api.cli.identity import OPERATOR
from api.cli.sentences import SENTENCES
from api.editions import opened_assistant, opened_sessions
from api.mcp_gateway.asking import Ask, Progress, shape_of
from api.mcp_gateway.server import gateway
from api.mcp_gateway.subscribing import Subscribing
from api.mcp_gateway.toolsets import toolsets_named
from api.turns.questions import Question
from api.turns.running import Answering
from api.turns.runs import Run, run_alone
from core.errors import Invalid
from core.principal import Principal
from core.settings import Settings


async def speak(server: str, toolsets: str, settings: Settings) -> None:
    """Serve one client until it closes stdin: `ask` and the tools of `toolsets`, or one server's tools."""
    async with AsyncExitStack() as stack:
        sessions = await stack.enter_async_context(opened_sessions(settings))
        if server and server not in sessions.built:
            known = ", ".join(sorted(sessions.built))
            raise SENTENCES.error(Invalid, "no_tool_server", server=server, known=known)
        ask, chosen = None, toolsets_named(server or toolsets, sessions.built)
        if not server:
            assistant = opened_assistant(settings, sessions, memory=None)
            ask = _asking(await stack.enter_async_context(assistant))
        midwatch = gateway(sessions, ask, caller=lambda _: OPERATOR, toolsets=lambda _: chosen)
        subscribing = await stack.enter_async_context(Subscribing.opened(sessions, OPERATOR))
        subscribing.serve(midwatch)
        incoming, outgoing = await stack.enter_async_context(stdio_server())
        await midwatch.run(incoming, outgoing, midwatch.create_initialization_options())


def _asking(assistant: Answering) -> Ask:
    """Turns that nobody records; the conversation lasts as long as the process."""

    async def ask(principal: Principal, question: Question, progress: Progress) -> dict[str, Any]:
        thread_id = question.thread_id or str(uuid4())
        run = Run(str(uuid4()), thread_id, principal.subject, question.text)
        events = assistant.run(
            question.text, principal=principal, thread_id=thread_id, language=question.language
        )
        async with asyncio.TaskGroup() as group:
            group.create_task(run_alone(run, events))
            return await shape_of(run, progress)

    return ask
