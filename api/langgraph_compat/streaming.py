"""One run as LangGraph's stream: metadata, values, messages, updates, custom, error."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Iterator
from typing import Any

import orjson

from agent.events import (
    Event,
    FellBack,
    SubagentFinished,
    SubagentStarted,
    Token,
    ToolFinished,
    ToolStarted,
)
from api.langgraph_compat.shapes import GRAPH, Wire, answer_id, call, result
from api.turns.runs import Run
from api.turns.watching import HEARTBEAT_S
from core.errors import OpsError

HEARTBEAT = b":heartbeat\n\n"
Values = Callable[[], Awaitable[Wire]]


async def frames(
    run: Run, values: Values, modes: Collection[str], *, after: int = 0
) -> AsyncGenerator[bytes]:
    """Server-sent events with growing ids, those behind `after`. `values` reads the thread as it is."""
    number = 0
    async for named in _events(run, values, frozenset(modes)):
        if named is None:
            yield HEARTBEAT
            continue
        number += 1
        if number > after:
            name, data = named
            yield b"id: %d\nevent: %b\ndata: %b\n\n" % (number, name.encode(), _json(data))


async def _events(
    run: Run, values: Values, modes: frozenset[str]
) -> AsyncGenerator[tuple[str, Any] | None]:
    """Names and data; None when nothing happened for a while."""
    yield "metadata", {"run_id": run.id, "thread_id": run.thread_id, "attempt": 1}
    if "values" in modes:
        yield "values", await values()
    seen = 0
    while not (run.ending and seen == len(run.log)):
        if not await run.more(seen, timeout_s=HEARTBEAT_S):
            yield None
        for logged in run.log[seen:]:
            seen += 1
            for named in _told(run, logged.event, modes):
                yield named
    if run.error:
        yield "error", error_of(run.error)
    if "values" in modes:
        yield "values", await values()


def error_of(error: OpsError) -> Wire:
    return {"error": error.code, "message": str(error)}


def _told(run: Run, event: Event, modes: frozenset[str]) -> Iterator[tuple[str, Any]]:
    if "messages" in modes and (message := _message(run, event)):
        yield "messages", [message, {"run_id": run.id, "langgraph_node": _node(run, event)}]
    if "updates" in modes and isinstance(event, SubagentFinished):
        yield "updates", {event.name: {"status": event.status}}
    if "custom" in modes and (custom := _custom(event)):
        yield "custom", custom


def _message(run: Run, event: Event) -> Wire | None:
    match event:
        case Token(text=text):
            return {"type": "AIMessageChunk", "id": answer_id(run.id), "content": text}
        case ToolStarted(call_id=call_id, tool=tool, arguments=arguments):
            return call(run.id, call_id, tool, arguments)
        case ToolFinished(call_id=call_id, tool=tool, result=text, status=status):
            return result(run.id, call_id, tool, text, status)
        case _:
            return None


def _node(run: Run, event: Event) -> str:
    of = getattr(event, "subagent_run_id", "")
    return run.subagents().get(of, GRAPH)


def _custom(event: Event) -> Wire | None:
    match event:
        case SubagentStarted(name=name, why=why):
            return {"type": "subagent_started", "name": name, "why": why}
        case FellBack(failed=failed, asked=asked, why=why):
            return {"type": "model_fallback", "failed": failed, "asked": asked, "why": why}
        case _:
            return None


def _json(data: Any) -> bytes:
    return orjson.dumps(data, default=str)
