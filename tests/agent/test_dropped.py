"""A provider that closes the connections it kept open just as requests come, as servers do after idle seconds."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from agent.models import Lineup, ModelChoice
from evals.providers.anthropic_api import anthropic_stream
from evals.providers.openai_api import openai_stream
from evals.providers.saying import Say
from mcp_servers.client import Sessions
from tests.agent.conftest import assistant_with
from tests.agent.turns import BOTH, Vendor, ask

LOOK = Say("", [("kubernetes_list_pods", {"namespace": "shop"})])
ANSWER = "It is memory."
HEAD = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: {length}\r\n\r\n"
# More than the failures in a row after which a model is left alone.
PEOPLE = 6


class Provider:
    """Answers one request of each connection; the second ones it drops, once all of them have come."""

    def __init__(self) -> None:
        self.firsts, self.seconds = asyncio.Barrier(PEOPLE), asyncio.Barrier(PEOPLE)
        self.dropped = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path, body = await read(reader)
        looked = b"tool_result" in body or b'"role":"tool"' in body.replace(b'": "', b'":"')
        if not looked:
            await self.firsts.wait()
        stream = anthropic_stream if path.endswith("/messages") else openai_stream
        told = "".join(stream(Say(ANSWER) if looked else LOOK, "model-x")).encode()
        writer.write(HEAD.format(length=len(told)).encode() + told)
        if not looked and await read(reader):
            self.dropped += 1
            await self.seconds.wait()
        writer.close()


async def read(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """The path and the body of a request."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = int(head.partition("content-length:")[2].partition("\r\n")[0])
    return head.split(" ")[1], await reader.readexactly(length)


@asynccontextmanager
async def closing(vendor: Vendor) -> AsyncGenerator[tuple[Provider, ModelChoice]]:
    provider = Provider()
    server = await asyncio.start_server(provider.talk, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    suffix = "/v1" if vendor == "openai" else ""
    choice = ModelChoice(vendor, "model-x", "key-x", f"http://{host}:{port}{suffix}", 30.0)
    try:
        yield provider, choice
    finally:
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize("vendor", BOTH)
async def test_connections_that_were_closed_meanwhile_say_nothing_about_the_model(
    vendor: Vendor, sessions: Sessions
) -> None:
    async with (
        closing(vendor) as (provider, choice),
        assistant_with(sessions, choice, lineup=Lineup(pause_s=0.01)) as assistant,
    ):
        turns = [ask(assistant, "Why is checkout failing?", thread=str(n)) for n in range(PEOPLE)]
        told = await asyncio.gather(*turns)
    assert provider.dropped == PEOPLE
    assert [one.done.incomplete for one in told] == [""] * PEOPLE
    assert all(one.answer.startswith(ANSWER) for one in told)
