"""One reply of a chat model: streamed, added up once, metered, its failures named."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from uuid import uuid4

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage, ToolCall
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.runnables import Runnable

from agent.metering import estimated_tokens
from agent.models import Speaker
from agent.toolbox import Call
from agent.turn import Turn
from core.errors import UpstreamUnavailable

Bound = Runnable[LanguageModelInput, AIMessage]

# What provider libraries stumble with over an answer that is not what they expect.
RUBBISH = (ValueError, TypeError, KeyError, IndexError, AttributeError)

# What a person can do something about.
STATUSES = {
    401: "the provider does not accept the key",
    403: "the key may not use this model",
    404: "the provider has no model of this name",
    429: "the provider wants fewer requests, or the credit is used up",
    529: "the provider is overloaded",
}

# How providers say that a reply reached its own limit.
TOO_LONG = ("max_tokens", "length", "incomplete")


class ModelFailed(UpstreamUnavailable):
    """The model could not be reached, or what it said could not be understood."""


async def reply_of(
    speaker: Speaker, bound: Bound, messages: Sequence[AnyMessage], turn: Turn
) -> AIMessage:
    """One reply, its text streamed through the turn's voice as it comes.

    Raises `TimeoutError` when the turn's time is up, `ModelFailed` when the provider fails.
    """
    chunks: list[AIMessageChunk] = []
    turn.voice.begin()
    try:
        async with (
            asyncio.timeout_at(turn.deadline_s),
            aclosing(_chunks(speaker, bound, messages)) as stream,
        ):
            async for chunk in stream:
                chunks.append(chunk)
                _speak(chunk, turn)
    finally:
        _meter(speaker, messages, chunks, turn)
    if not chunks:
        raise ModelFailed(_sentence(speaker, "it sent an empty answer"))
    reply = add_ai_message_chunks(chunks[0], *chunks[1:])
    _check_ending(reply, speaker, turn)
    return _usable(reply)


def calls_of(reply: AIMessage) -> list[Call]:
    """The calls a reply asks for; what is wrong with an unreadable one stands in `problem`."""
    return [
        Call(
            id=one["id"] or "",
            name=one["name"],
            args=one["args"],
            problem=reply.additional_kwargs.get("problems", {}).get(one["id"], ""),
        )
        for one in reply.tool_calls
    ]


async def _chunks(
    speaker: Speaker, bound: Bound, messages: Sequence[AnyMessage]
) -> AsyncGenerator[AIMessageChunk]:
    try:
        async for chunk in bound.astream(list(messages)):
            if isinstance(chunk, AIMessageChunk):
                yield chunk
    except speaker.failures as error:
        raise ModelFailed(_sentence(speaker, _first_line(error))) from error
    except RUBBISH as error:
        raise ModelFailed(_sentence(speaker, "its answer could not be read")) from error


def _speak(chunk: AIMessageChunk, turn: Turn) -> None:
    if chunk.tool_call_chunks:
        turn.voice.drop()
    elif text := chunk.text:
        turn.voice.hear(text)


def _check_ending(reply: AIMessage, speaker: Speaker, turn: Turn) -> None:
    """A provider says how a reply ended; one that just stops was cut off, its calls half told."""
    told = reply.response_metadata
    ending = told.get("stop_reason") or told.get("finish_reason") or told.get("status")
    if not ending and not speaker.offline:
        raise ModelFailed(_sentence(speaker, "its answer broke off"))
    if ending in TOO_LONG:
        if reply.tool_calls or reply.invalid_tool_calls:
            raise ModelFailed(_sentence(speaker, "it did not come to the end of a tool call"))
        turn.end_early("token_limit")


def _usable(reply: AIMessage) -> AIMessage:
    """The reply with an id for every call, so that every call can be answered."""
    if not reply.invalid_tool_calls and all(one["id"] for one in reply.tool_calls):
        return reply
    calls = [ToolCall({**one, "id": one["id"] or _new_id()}) for one in reply.tool_calls]
    problems: dict[str, str] = {}
    for broken in reply.invalid_tool_calls:
        call_id = broken["id"] or _new_id()
        problems[call_id] = f"Not a JSON object: {(broken['args'] or '')[:80]}"
        calls.append(ToolCall(name=broken["name"] or "unnamed", args={}, id=call_id))
    return AIMessage(content=reply.text, tool_calls=calls, additional_kwargs={"problems": problems})


def _new_id() -> str:
    return f"call_{uuid4().hex[:12]}"


def _meter(
    speaker: Speaker,
    messages: Sequence[AnyMessage],
    chunks: Sequence[AIMessageChunk],
    turn: Turn,
) -> None:
    """What the provider counted; an estimate when it did not say."""
    told = [one.usage_metadata for one in chunks if one.usage_metadata]
    spent_in = sum(one["input_tokens"] for one in told)
    spent_out = sum(one["output_tokens"] for one in told)
    if not speaker.offline:
        spent_in = spent_in or sum(estimated_tokens(str(one.content)) for one in messages)
        spent_out = spent_out or sum(estimated_tokens(str(one.content)) for one in chunks)
    turn.meter.add(speaker.choice.provider, speaker.choice.model, spent_in, spent_out)


def _sentence(speaker: Speaker, why: str) -> str:
    return f"The model {speaker.choice.model} ({speaker.choice.provider}) failed: {why}."


def _first_line(error: Exception) -> str:
    if "Timeout" in type(error).__name__:
        return "it did not answer in time"
    status = getattr(error, "status_code", None)
    if status in STATUSES:
        return f"{STATUSES[status]} (status {status})"
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:200].rstrip(".")
