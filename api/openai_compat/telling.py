"""One run as what these clients can show: what is being done, and in the end the whole text."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import Request
from fastapi.responses import StreamingResponse

from agent.events import Event, SubagentStarted, ToolStarted
from agent.intents import Language, language_of
from agent.wording import phrase
from api.turns.answers import Answered
from api.turns.questions import Question
from api.turns.reading import as_text
from api.turns.running import Turns
from api.turns.runs import Run
from api.turns.standing import AwaitsPerson
from core.principal import Principal

HEARTBEAT_S = 15.0
HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
KEEPALIVE = b":keepalive\n\n"
# What OpenAI's shapes have no place for.
BESIDE = ("thread_id", "language", "route", "status", "citations", "approvals")


@dataclass(frozen=True, slots=True)
class Step:
    """A line about the work."""

    text: str


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing happened for a while; the connection is to be kept."""


@dataclass(frozen=True, slots=True)
class Told:
    """The end: the text, and the `ask` shape behind it."""

    text: str
    shape: Mapping[str, Any]


Piece = Step | Silence | Told


async def begun(turns: Turns, principal: Principal, question: Question) -> Run | Told:
    """The run, or what waits for a person first, told as a reply: no client shows it otherwise."""
    try:
        return await turns.start(principal, question)
    except AwaitsPerson as waits:
        language = language_of(question.text)
        text = waits.what_waits(language)
        shape = Answered(question.thread_id).shape(duration_ms=0)
        return Told(text, {**shape, "answer": text, "language": language, "status": "interrupted"})


async def pieces(turns: Turns, started: Run | Told) -> AsyncGenerator[Piece]:
    """What `begun` gave, to its end; who stops listening ends the run. Raises the error it ended with.

    The text comes whole: claims without evidence are marked when it is complete, and a client of
    this kind cannot take back what it was sent.
    """
    if isinstance(started, Told):
        yield started
        return
    run, answered, seen = started, Answered(started.thread_id), 0
    try:
        while not (run.ending and seen == len(run.log)):
            if not await run.more(seen, timeout_s=HEARTBEAT_S):
                yield Silence()
            for logged in run.log[seen:]:
                seen += 1
                answered.add(logged.event)
                if step := _step(logged.event):
                    yield Step(step)
        if run.error:
            raise run.error
        yield told(answered.shape(duration_ms=run.duration_ms))
    finally:
        turns.abandon(run)


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


def told(shape: Mapping[str, Any]) -> Told:
    language: Language = "zh" if shape["language"] == "zh" else "en"

    def how_to_answer(asked: Mapping[str, Any]) -> str:
        key = "text.reply_typed" if asked["typed"] else "text.reply"
        return phrase(key, language, id=asked["id"], typed=asked["typed"])

    return Told(as_text(shape, how_to_answer), shape)


def beside(told: Told) -> dict[str, Any]:
    return {name: told.shape[name] for name in BESIDE}


def streamed(sent: AsyncIterator[bytes]) -> StreamingResponse:
    return StreamingResponse(sent, media_type="text/event-stream", headers=HEADERS)


def data(body: Mapping[str, Any]) -> bytes:
    return b"data: %b\n\n" % orjson.dumps(body, default=str)


async def _last(turns: Turns, run: Run) -> Told:
    async with aclosing(pieces(turns, run)) as said:
        async for piece in said:
            if isinstance(piece, Told):
                return piece
    raise AssertionError("a run ends with an answer or an error")


async def _gone(request: Request) -> None:
    """Returns when the client has hung up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _step(event: Event) -> str:
    match event:
        case SubagentStarted(name=name, why=why):
            return f"{name}: {why}"
        case ToolStarted(tool=tool, arguments=arguments):
            given = ", ".join(f"{key}={value}" for key, value in arguments.items())
            return f"{tool}({given})"
        case _:
            return ""
