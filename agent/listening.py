"""One reply of one chat model: streamed, added up once, metered, its failures named."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from uuid import uuid4

from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage, ToolCall
from langchain_core.messages.ai import add_ai_message_chunks

from agent.candidates import Bound
from agent.events import Event
from agent.faults import Fault, ModelFailed, fault_of
from agent.metering import Meter, estimated_tokens
from agent.models import Speaker
from agent.toolbox import Call
from agent.voice import Voice

# What provider libraries stumble with over an answer that is not what they expect.
RUBBISH = (ValueError, TypeError, KeyError, IndexError, AttributeError)

# How providers say that a reply reached its own limit, and that the model would not answer.
TOO_LONG = ("max_tokens", "length", "incomplete")
DECLINED = ("refusal", "content_filter")


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, until when, who hears the pieces and who counts them."""

    purpose: str
    deadline_s: float
    voice: Voice
    meter: Meter
    emit: Callable[[Event], None]
    run_id: str = ""

    @property
    def seconds_left(self) -> float:
        return self.deadline_s - asyncio.get_running_loop().time()


@dataclass(slots=True)
class Heard:
    """What came of one request so far."""

    chunks: list[AIMessageChunk] = field(default_factory=list[AIMessageChunk])


async def one_reply(
    speaker: Speaker, bound: Bound, messages: Sequence[AnyMessage], asking: Asking
) -> AIMessage:
    """One request and its reply, the text streamed through the voice as it comes.

    Raises `TimeoutError` when the time is up, `ModelFailed` when the provider fails.
    """
    heard = Heard()
    asking.voice.begin()
    try:
        async with (
            asyncio.timeout_at(asking.deadline_s),
            aclosing(_chunks(speaker, bound, messages)) as stream,
        ):
            async for chunk in stream:
                heard.chunks.append(chunk)
                _speak(chunk, asking.voice)
    finally:
        _meter(speaker, messages, heard.chunks, asking)
    if not heard.chunks:
        raise _failed(speaker, "unreadable", "it sent an empty answer")
    reply = add_ai_message_chunks(heard.chunks[0], *heard.chunks[1:])
    _check_ending(reply, speaker)
    return _usable(reply)


def reached_its_limit(reply: AIMessage) -> bool:
    """Whether the provider cut the reply because it grew too long."""
    return _ending(reply) in TOO_LONG


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
        raise ModelFailed(speaker.choice.title, fault_of(error)) from error
    except RUBBISH as error:
        raise _failed(speaker, "unreadable", "its answer could not be read") from error


def _speak(chunk: AIMessageChunk, voice: Voice) -> None:
    if chunk.tool_call_chunks:
        voice.drop()
    elif text := chunk.text:
        voice.hear(text)


def _check_ending(reply: AIMessage, speaker: Speaker) -> None:
    """A provider says how a reply ended; one that just stops was cut off, its calls half told."""
    ending = _ending(reply)
    if not ending and not speaker.offline:
        raise _failed(speaker, "cut", "its answer broke off")
    if ending in DECLINED or _declines(reply):
        raise _failed(speaker, "refused", "it declined to answer")
    if ending in TOO_LONG and (reply.tool_calls or reply.invalid_tool_calls):
        raise _failed(speaker, "cut", "it did not come to the end of a tool call")


def _ending(reply: AIMessage) -> str:
    told = reply.response_metadata
    return str(told.get("stop_reason") or told.get("finish_reason") or told.get("status") or "")


def _declines(reply: AIMessage) -> bool:
    """OpenAI streams a refusal beside the text, which then stays empty."""
    blocks = reply.content if isinstance(reply.content, list) else []
    said = any(isinstance(one, dict) and one.get("type") == "refusal" for one in blocks)
    return said or bool(reply.additional_kwargs.get("refusal"))


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
    asking: Asking,
) -> None:
    """What the provider counted; an estimate when it did not say."""
    told = [one.usage_metadata for one in chunks if one.usage_metadata]
    spent_in = sum(one["input_tokens"] for one in told)
    spent_out = sum(one["output_tokens"] for one in told)
    if not speaker.offline:
        spent_in = spent_in or sum(estimated_tokens(str(one.content)) for one in messages)
        spent_out = spent_out or sum(estimated_tokens(str(one.content)) for one in chunks)
    asking.meter.add(speaker.choice.provider, speaker.choice.model, spent_in, spent_out)


def _failed(speaker: Speaker, outcome: str, why: str) -> ModelFailed:
    return ModelFailed(speaker.choice.title, Fault(outcome, why))
