"""One run as AG-UI 1.0 events, and as server-sent events."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from agent.events import (
    ApprovalNeeded,
    Done,
    Event,
    FellBack,
    Planned,
    SubagentFinished,
    SubagentStarted,
    Token,
    ToolFinished,
    ToolStarted,
    Usage,
)
from agent.intents import language_of
from api.agui.interrupts import interrupt
from api.sentences import SENTENCES
from api.turns.answers import Answered, citation_shape, usage_shape
from api.turns.runs import Ending, Run, broken
from core.redaction import redact_text

PROTOCOL_VERSION = "1.0"
HEARTBEAT_S = 15.0
HEARTBEAT = b":keepalive\n\n"

Wire = dict[str, Any]
Work = Planned | SubagentStarted | SubagentFinished | ToolStarted | ToolFinished | FellBack


@dataclass(slots=True)
class Translation:
    """One run's events as AG-UI events.

    The same events always give the same stream, so the number of an AG-UI event is its place
    in it, and a dropped connection is resumed by translating again from the first.
    """

    thread_id: str
    run_id: str
    language: str = "en"
    answered: Answered = field(init=False)
    plan: list[Wire] = field(default_factory=list[Wire])
    open_message: str = ""
    streamed: str = ""
    open_subagents: list[str] = field(default_factory=list[str])
    open_calls: dict[str, ToolStarted] = field(default_factory=dict[str, ToolStarted])

    def __post_init__(self) -> None:
        self.answered = Answered(self.thread_id)

    def begin(self) -> list[Wire]:
        started = {"type": "RUN_STARTED", "threadId": self.thread_id, "runId": self.run_id}
        return [
            {**started, "protocolVersion": PROTOCOL_VERSION},
            {"type": "STATE_SNAPSHOT", "snapshot": {"plan": []}},
        ]

    def of(self, event: Event) -> list[Wire]:
        self.answered.add(event)
        match event:
            case Token():
                return self._token(event)
            case Done():
                return self._done(event)
            case Usage() | ApprovalNeeded():
                return []  # told with the end
            case _:
                return self._of_work(event)

    def _of_work(self, event: Work) -> list[Wire]:
        match event:
            case Planned():
                return self._plan(event)
            case SubagentStarted():
                return self._subagent_started(event)
            case SubagentFinished():
                return self._subagent_finished(event)
            case ToolStarted():
                return self._tool_started(event)
            case ToolFinished():
                return self._tool_finished(event)
            case FellBack():
                return [_fell_back(event)]

    def end(self, run: Run) -> list[Wire]:
        """What closes the stream, whichever way the run ended."""
        if run.ending is Ending.DONE:
            return [self._finished({"type": "success"}, self._result())]
        if run.ending is Ending.WAITING:
            told = [interrupt(one) for one in self._approvals]
            return [self._finished({"type": "interrupt", "interrupts": told}, self._result())]
        if run.ending is Ending.CANCELLED:
            return [*self._close_all("cancelled"), self._finished({"type": "cancelled"}, None)]
        return [*self._close_message(), self._failed(run)]

    def _plan(self, planned: Planned) -> list[Wire]:
        steps = [{"title": step.title, "status": step.status} for step in planned.steps]
        delta = _plan_delta(self.plan, steps)
        self.plan = steps
        return [{"type": "STATE_DELTA", "delta": delta}] if delta else []

    def _subagent_started(self, event: SubagentStarted) -> list[Wire]:
        self.open_subagents.append(event.run_id)
        named = {"subagentRunId": event.run_id, "name": event.name, "description": event.why}
        return [{"type": "SUBAGENT_STARTED", **named}]

    def _subagent_finished(self, event: SubagentFinished) -> list[Wire]:
        self.open_subagents = [run for run in self.open_subagents if run != event.run_id]
        return [self._subagent_end(event.run_id, event.status)]

    def _subagent_end(self, run_id: str, status: str) -> Wire:
        if status == "ok":
            success = {"type": "success"}
            return {"type": "SUBAGENT_FINISHED", "subagentRunId": run_id, "outcome": success}
        if status == "waiting":
            suspended = {"type": "suspended"}
            return {"type": "SUBAGENT_FINISHED", "subagentRunId": run_id, "outcome": suspended}
        key = "subagent_cancelled" if status == "cancelled" else "subagent_unfinished"
        message = SENTENCES.said(key).told(self.language)
        return {
            "type": "SUBAGENT_ERROR",
            "subagentRunId": run_id,
            "message": message,
            "code": status,
        }

    @property
    def _approvals(self) -> Sequence[Wire]:
        return self.answered.done.approvals if self.answered.done else ()

    def _tool_started(self, event: ToolStarted) -> list[Wire]:
        self.open_calls[event.call_id] = event
        call = {"toolCallId": event.call_id, **_by(event.subagent_run_id)}
        arguments = orjson.dumps(event.arguments, default=str).decode()
        told = {"server": event.server, "subagent": event.subagent_run_id}
        return [
            {"type": "TOOL_CALL_START", **call, "toolCallName": event.tool, "metadata": told},
            {"type": "TOOL_CALL_ARGS", **call, "delta": arguments},
            {"type": "TOOL_CALL_END", **call},
        ]

    def _tool_finished(self, event: ToolFinished) -> list[Wire]:
        before = [] if event.call_id in self.open_calls else self._tool_started(_start_of(event))
        self.open_calls.pop(event.call_id, None)
        metadata = {
            "status": event.status,
            "durationMs": event.duration_ms,
            "server": event.server,
            "subagent": event.subagent_run_id,
            "cacheHit": event.cached,
            "resultTokens": event.result_tokens,
        }
        return [*before, _tool_result(event.call_id, event.result, event.subagent_run_id, metadata)]

    def _token(self, event: Token) -> list[Wire]:
        before = [] if event.message_id == self.open_message else self._open(event.message_id)
        if not event.text:
            return before
        self.streamed += event.text
        return [*before, _content(event.message_id, event.text)]

    def _done(self, event: Done) -> list[Wire]:
        streamed = self.streamed if event.message_id == self.open_message else ""
        told = self._token(Token(event.message_id, _rest(event.answer, streamed)))
        told += self._close_message()
        if self.streamed != event.answer:
            revised = {"messageId": event.message_id, "answer": event.answer}
            told.append({"type": "CUSTOM", "name": "answer_revised", "value": revised})
        if event.citations:
            told.append(_sources(event))
        told += [_chart(event.message_id, one) for one in self.answered.charts]
        return told

    def _open(self, message_id: str) -> list[Wire]:
        told = self._close_message()
        self.open_message, self.streamed = message_id, ""
        start = {"type": "TEXT_MESSAGE_START", "messageId": message_id, "role": "assistant"}
        return [*told, start]

    def _close_message(self) -> list[Wire]:
        closed, self.open_message = self.open_message, ""
        return [{"type": "TEXT_MESSAGE_END", "messageId": closed}] if closed else []

    def _close_all(self, why: str) -> list[Wire]:
        """Nothing may stay open when a run finishes."""
        told = self._close_message()
        for call in self.open_calls.values():
            metadata = {"status": why, "server": call.server, "subagent": call.subagent_run_id}
            told.append(_tool_result(call.call_id, why, call.subagent_run_id, metadata))
        told += [self._subagent_end(run, "cancelled") for run in reversed(self.open_subagents)]
        return told

    def _result(self) -> Wire:
        done = self.answered.done
        if done is None:
            return {}
        return {
            "language": done.language,
            "route": list(done.route),
            "incomplete": done.incomplete,
            "incompleteCode": done.incomplete_code,
        }

    def _finished(self, outcome: Wire, result: Wire | None) -> Wire:
        event: Wire = {"type": "RUN_FINISHED", "threadId": self.thread_id, "runId": self.run_id}
        event |= {"outcome": outcome, **self._usage()}
        return event | ({"result": result} if result is not None else {})

    def _failed(self, run: Run) -> Wire:
        """In the language of the question: there was no answer that could have had another."""
        error = run.error or broken()
        message = redact_text(error.told(language_of(run.question)))
        return {"type": "RUN_ERROR", "message": message, "code": error.code, **self._usage()}

    def _usage(self) -> Wire:
        used = self.answered.used
        if not used:
            return {}
        counted = [
            {
                "provider": usage.provider,
                "model": usage.model,
                "inputTokens": usage.input_tokens,
                "outputTokens": usage.output_tokens,
                "totalTokens": usage.input_tokens + usage.output_tokens,
            }
            for usage in used
        ]
        return {"usage": counted, "metadata": {"usage": [usage_shape(usage) for usage in used]}}


def _plan_delta(old: Sequence[Wire], new: Sequence[Wire]) -> list[Wire]:
    """The JSON Patch from one plan to the next: single statuses where the titles stayed."""
    if [step["title"] for step in old] != [step["title"] for step in new]:
        return [{"op": "replace", "path": "/plan", "value": list(new)}]
    return [
        {"op": "replace", "path": f"/plan/{place}/status", "value": after["status"]}
        for place, (before, after) in enumerate(zip(old, new, strict=True))
        if before["status"] != after["status"]
    ]


def _tool_result(call_id: str, content: str, subagent_run_id: str, metadata: Wire) -> Wire:
    return {
        "type": "TOOL_CALL_RESULT",
        "messageId": f"{call_id}-result",
        "toolCallId": call_id,
        "content": content,
        "role": "tool",
        **_by(subagent_run_id),
        "metadata": metadata,
    }


def _start_of(event: ToolFinished) -> ToolStarted:
    return ToolStarted(
        event.call_id, event.server, event.tool, event.arguments, event.subagent_run_id
    )


def _content(message_id: str, text: str) -> Wire:
    return {"type": "TEXT_MESSAGE_CONTENT", "messageId": message_id, "delta": text}


def _rest(answer: str, streamed: str) -> str:
    return answer.removeprefix(streamed) if answer.startswith(streamed) else ""


def _fell_back(event: FellBack) -> Wire:
    told = {"failed": event.failed, "asked": event.asked, "why": event.why}
    value = {**told, **_by(event.subagent_run_id)}
    return {"type": "CUSTOM", "name": "model_fallback", "value": value}


def _sources(done: Done) -> Wire:
    citations = [citation_shape(citation) for citation in done.citations]
    return {
        "type": "ACTIVITY_SNAPSHOT",
        "messageId": f"{done.message_id}-sources",
        "activityType": "sources",
        "content": {"messageId": done.message_id, "citations": citations},
    }


def _chart(message_id: str, chart: Wire) -> Wire:
    return {
        "type": "ACTIVITY_SNAPSHOT",
        "messageId": f"{message_id}-chart-{chart['id']}",
        "activityType": "chart",
        "content": {"messageId": message_id, "toolCallId": chart["id"], **chart},
    }


def _by(subagent_run_id: str) -> Wire:
    return {"subagentRunId": subagent_run_id} if subagent_run_id else {}


async def wire_events(run: Run, *, timeout_s: float | None = None) -> AsyncIterator[Wire | None]:
    """A run as AG-UI events from the first on; None when nothing happened for `timeout_s`."""
    translation = Translation(run.thread_id, run.id, language_of(run.question))
    for told in translation.begin():
        yield {**told, "timestamp": run.started_ms}
    seen = 0
    while not (run.ending and seen == len(run.log)):
        if not await run.more(seen, timeout_s=timeout_s):
            yield None
        for logged in run.log[seen:]:
            seen += 1
            for told in translation.of(logged.event):
                yield {**told, "timestamp": logged.at_ms}
    for told in translation.end(run):
        yield {**told, "timestamp": run.ended_ms}


async def frames(run: Run, *, after: int = 0) -> AsyncIterator[bytes]:
    """The run as server-sent events with increasing ids, from the one behind `after` on."""
    number = 0
    async for told in wire_events(run, timeout_s=HEARTBEAT_S):
        if told is None:
            yield HEARTBEAT
            continue
        number += 1
        if number > after:
            yield b"id: %d\ndata: %b\n\n" % (number, orjson.dumps(told, default=str))
