"""How long a run is listened to, and what is sent of it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

import orjson
from fastapi import Request
from fastapi.responses import StreamingResponse

from api.turns.running import Turns
from api.turns.runs import Run
from api.turns.watching import Piece, Told, by_reply, pieces

HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
KEEPALIVE = b":keepalive\n\n"
# What OpenAI's shapes have no place for.
BESIDE = ("thread_id", "language", "route", "status", "citations", "approvals")


async def listened(turns: Turns, started: Run | Told) -> AsyncGenerator[Piece]:
    """What was begun, to its end; who stops listening ends it."""
    try:
        async with aclosing(pieces(started, by_reply)) as said:
            async for piece in said:
                yield piece
    finally:
        if isinstance(started, Run):
            turns.abandon(started)


async def whole(turns: Turns, started: Run | Told, request: Request) -> Told:
    """The end of a run that is waited for; who hangs up ends it."""
    if isinstance(started, Told):
        return started
    ending = asyncio.create_task(_last(turns, started))
    gone = asyncio.create_task(_gone(request))
    try:
        await asyncio.wait([ending, gone], return_when=asyncio.FIRST_COMPLETED)
        if not ending.done():
            turns.abandon(started)
        return await ending
    finally:
        gone.cancel()


def beside(told: Told) -> dict[str, Any]:
    return {name: told.shape[name] for name in BESIDE}


def streamed(sent: AsyncIterator[bytes]) -> StreamingResponse:
    return StreamingResponse(sent, media_type="text/event-stream", headers=HEADERS)


def data(body: Mapping[str, Any]) -> bytes:
    return b"data: %b\n\n" % orjson.dumps(body, default=str)


async def _last(turns: Turns, run: Run) -> Told:
    async with aclosing(listened(turns, run)) as said:
        async for piece in said:
            if isinstance(piece, Told):
                return piece
    raise AssertionError("a run ends with an answer or an error")


async def _gone(request: Request) -> None:
    """Returns when the client has hung up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
