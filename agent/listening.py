"""One reply of one chat model: streamed, added up once, metered, its failures named."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import uuid4

import orjson
from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage, InvalidToolCall, ToolCall
from langchain_core.messages.ai import UsageMetadata, add_ai_message_chunks

from agent.candidates import Ready
from agent.estimating import estimated_tokens
from agent.events import Event, ModelCall, Tokens
from agent.faults import Fault, ModelFailed, fault_of
from agent.metering import Meter
from agent.models import Speaker
from agent.sentences import SENTENCES
from agent.streaming import pieces
from agent.toolbox import Call
from agent.voice import Voice
from core.clock import monotonic_s, utc_now
from core.visible import visible, visible_fields

# What provider libraries stumble with over an answer that is not what they expect.
RUBBISH = (ValueError, TypeError, KeyError, IndexError, AttributeError)

# How providers say that a reply reached its own limit, and that the model would not answer.
TOO_LONG = ("max_tokens", "length", "incomplete")
DECLINED = ("refusal", "content_filter")

# A request that ended so before anything came was not worked on.
UNASKED = frozenset(
    {
        *("rate_limited", "overloaded", "denied", "no_such_model", "invalid", "too_long"),
        *("server_error", "unreachable"),
    }
)


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

    at: datetime = field(default_factory=utc_now)
    began_s: float = field(default_factory=monotonic_s)
    first_s: float | None = None
    outcome: str = "ok"
    chunks: list[AIMessageChunk] = field(default_factory=list[AIMessageChunk])

    def add(self, chunk: AIMessageChunk) -> None:
        self.chunks.append(chunk)
        if self.first_s is None and (chunk.content or chunk.tool_call_chunks):
            self.first_s = monotonic_s()

    def call(self, ready: Ready, messages: Sequence[AnyMessage], asking: Asking) -> ModelCall:
        """The record of the request, whichever way it ended."""
        choice, first_s = ready.speaker.choice, self.first_s
        return ModelCall(
            at=self.at,
            subagent=asking.purpose,
            provider=choice.provider,
            model=choice.model,
            outcome=self.outcome,
            tokens=self._tokens(ready, messages, asking.meter),
            duration_ms=round((monotonic_s() - self.began_s) * 1000),
            first_token_ms=None if first_s is None else round((first_s - self.began_s) * 1000),
            prompt=asking.meter.new_in(messages),
            reply="".join(map(_said, self.chunks)) if asking.meter.account.keeps_texts else None,
        )

    def _tokens(self, ready: Ready, messages: Sequence[AnyMessage], meter: Meter) -> Tokens:
        """What the provider counted; an estimate of what it did not say."""
        told = sum((_counted(one.usage_metadata) for one in self.chunks), Tokens())
        unasked = not self.chunks and self.outcome in UNASKED
        if ready.speaker.offline or unasked or (told.input and told.output):
            return told
        asked = told.input or meter.estimates.of(messages) + ready.offer_tokens
        said = told.output or sum(estimated_tokens(_said(one)) for one in self.chunks)
        return replace(told, input=asked, output=said, estimated=True)


async def one_reply(ready: Ready, messages: Sequence[AnyMessage], asking: Asking) -> AIMessage:
    """One request and its reply, the text streamed through the voice as it comes.

    Raises `TimeoutError` when the time is up, `ModelFailed` when the provider fails.
    """
    heard = Heard()
    asking.voice.begin(by_rules=ready.speaker.offline)
    try:
        async with (
            asyncio.timeout_at(asking.deadline_s),
            aclosing(_chunks(ready, messages)) as stream,
        ):
            async for chunk in stream:
                heard.add(chunk)
                _speak(chunk, asking.voice)
        return _reply(heard.chunks, ready.speaker)
    except ModelFailed as failure:
        heard.outcome = failure.fault.outcome
        raise
    except TimeoutError:
        heard.outcome = "time_limit"
        raise
    except asyncio.CancelledError:
        heard.outcome = "cancelled"
        raise
    finally:
        asking.meter.add(heard.call(ready, messages, asking))


def _reply(chunks: Sequence[AIMessageChunk], speaker: Speaker) -> AIMessage:
    if not chunks:
        raise _failed(speaker, "unreadable", "model_sent_nothing")
    reply = add_ai_message_chunks(chunks[0], *chunks[1:])
    _check_ending(reply, speaker)
    return _usable(_without_guesses(reply))


def _without_guesses(reply: AIMessageChunk) -> AIMessageChunk:
    """LangChain closes brackets that a model left open; what such a call means is not for us to guess."""
    broken = [one for one in reply.tool_call_chunks if not _is_object(one["args"] or "{}")]
    if not broken:
        return reply
    ids = {one["id"] for one in broken}
    told = [
        InvalidToolCall(
            name=one["name"],
            args=one["args"],
            id=one["id"],
            error=None,
            type="invalid_tool_call",
        )
        for one in broken
    ]
    kept = [one for one in reply.tool_calls if one["id"] not in ids]
    known = [one for one in reply.invalid_tool_calls if one["id"] not in ids]
    return reply.model_copy(update={"tool_calls": kept, "invalid_tool_calls": [*known, *told]})


def _is_object(text: str) -> bool:
    """Of what can be handed on: not a number without end, nor half a character."""
    try:
        read = json.loads(text)
        orjson.dumps(read)
    except (ValueError, TypeError, RecursionError):
        return False
    return isinstance(read, dict)


def reached_its_limit(reply: AIMessage) -> bool:
    """Whether the provider cut the reply because it grew too long."""
    return _ending(reply) in TOO_LONG


def calls_of(reply: AIMessage) -> list[Call]:
    """The calls a reply asks for, as a person would see them; what is wrong with an unreadable one
    stands in `problem`."""
    return [
        Call(
            id=one["id"] or "",
            name=visible(one["name"]),
            args=visible_fields(one["args"]),
            problem=reply.additional_kwargs.get("problems", {}).get(one["id"], ""),
        )
        for one in reply.tool_calls
    ]


async def _chunks(ready: Ready, messages: Sequence[AnyMessage]) -> AsyncGenerator[AIMessageChunk]:
    speaker = ready.speaker
    try:
        async with aclosing(pieces(speaker.model, messages, ready.options)) as stream:
            async for piece in stream:
                yield piece
    except speaker.failures as error:
        raise ModelFailed(speaker.choice.title, fault_of(error)) from error
    except RUBBISH as error:
        raise _failed(speaker, "unreadable", "model_unreadable") from error


def _speak(chunk: AIMessageChunk, voice: Voice) -> None:
    if chunk.tool_call_chunks:
        voice.drop()
    elif text := chunk.text:
        voice.hear(text)


def _check_ending(reply: AIMessage, speaker: Speaker) -> None:
    """A provider says how a reply ended; one that just stops was cut off, its calls half told."""
    ending = _ending(reply)
    if not ending and not speaker.offline:
        raise _failed(speaker, "cut", "model_broke_off")
    if ending in DECLINED or _declines(reply):
        raise _failed(speaker, "refused", "model_declined")
    if ending in TOO_LONG and (reply.tool_calls or reply.invalid_tool_calls):
        raise _failed(speaker, "cut", "model_call_cut")


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
        told = (broken["args"] or "")[:80].encode(errors="replace").decode()
        problems[call_id] = f"Not a JSON object: {told}"
        calls.append(ToolCall(name=broken["name"] or "unnamed", args={}, id=call_id))
    return AIMessage(content=reply.text, tool_calls=calls, additional_kwargs={"problems": problems})


def _new_id() -> str:
    return f"call_{uuid4().hex[:12]}"


def _counted(usage: UsageMetadata | None) -> Tokens:
    if usage is None:
        return Tokens()
    read = dict(usage.get("input_token_details") or {})
    wrote = dict(usage.get("output_token_details") or {})
    return Tokens(
        input=usage["input_tokens"],
        output=usage["output_tokens"],
        cache_read=_kind(read, "cache_read"),
        # A provider that tells writes by their lifetime tells no sum of them.
        cache_write=_kind(read, "cache_creation", "ephemeral_5m_input_tokens")
        + _kind(read, "ephemeral_1h_input_tokens"),
        reasoning=_kind(wrote, "reasoning"),
    )


def _kind(details: Mapping[str, Any], *names: str) -> int:
    """Counts of some kinds; a service tier may stand before their names."""
    return sum(int(n or 0) for kind, n in details.items() if kind.endswith(names))


def _said(chunk: AIMessageChunk) -> str:
    return chunk.text + "".join(one["args"] or "" for one in chunk.tool_call_chunks)


def _failed(speaker: Speaker, outcome: str, why: str) -> ModelFailed:
    """`why` is the name of a sentence of ours."""
    return ModelFailed(speaker.choice.title, Fault(outcome, SENTENCES.said(why)))
