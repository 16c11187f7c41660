"""The tools of one caller in one turn: offered to a model, called once each, their results numbered."""

from agent.sentences import SENTENCES
from agent.untraced import put_off_http

put_off_http()  # before anything below brings LangChain

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from functools import partial
from typing import Any, TypedDict
from uuid import uuid4

from langchain_core.messages import ToolMessage

from agent.addresses import Text
from agent.estimating import estimated_tokens
from agent.events import Event, ToolFinished, ToolStarted
from agent.evidence import Evidence
from agent.limits import MAX_RESULT_CHARACTERS
from agent.reading_on import READ_ON, Long
from agent.repeating import Nearly, key_of
from core.clock import monotonic_s
from core.errors import Invalid, NotFound, OpsError, UpstreamUnavailable
from mcp_servers.client import Tools, ToolSpec

OK = "ok"
TIMED_OUT = "timeout"
REFUSED = "tool_limit"
# A change that was not made, because the one before it did not hold.
HELD_BACK = "held_back"
NOT_AFTER = "The change before this one did not hold, so this one was not made."
VERIFIED = "verified"
AGAIN = "You made this very call before in this turn; its result is above. Do not repeat it."


class Call(TypedDict):
    """A call as a model asked for it. `problem` says why it cannot be made, if it cannot."""

    id: str
    name: str
    args: dict[str, Any]
    problem: str


@dataclass(frozen=True, slots=True)
class Result:
    """What a call brought. `text` is what a model reads, `data` what code reads.

    `texts` is a failure as people read it, by language.
    """

    tool: str
    arguments: dict[str, Any]
    status: str
    text: str
    data: dict[str, Any] = field(default_factory=dict[str, Any])
    numbers: dict[str, int] = field(default_factory=dict[str, int])
    whole: int = 0
    duration_ms: int = 0
    cached: bool = False
    texts: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def ok(self) -> bool:
        return self.status == OK

    def shape(self) -> dict[str, Any]:
        """Plain values, for a checkpoint."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @classmethod
    def of(cls, shape: Any) -> "Result":
        """The result again. Raises `TypeError` for anything but a shape."""
        return cls(**shape)


def offer(spec: ToolSpec) -> dict[str, Any]:
    """A tool as `bind_tools` takes it for every provider: the server's own schema, unchanged."""
    function = {
        "name": spec.name,
        "description": spec.description,
        "parameters": spec.input_schema,
    }
    return {"type": "function", "function": function}


@dataclass(slots=True)
class Toolbox:
    """Makes the calls of one turn as one caller. The same call is made once and remembered.

    A subagent that repeats itself is told so; another one that asks the same is given what was found.
    What was looked at before a change was made is looked at again after it.
    """

    tools: Tools
    evidence: Evidence
    learn: Callable[[Text, Mapping[str, Any]], None]
    emit: Callable[[Event], None]
    deadline_s: float
    results: list[Result] = field(default_factory=list[Result])
    long: Long = field(default_factory=Long)
    nearly: Nearly = field(default_factory=Nearly)
    repeats: int = 0
    _heard: set[str] = field(default_factory=set[str])
    _changing: set[str] = field(default_factory=set[str])
    _settled: set[str] = field(default_factory=set[str])
    _begun: dict[str, asyncio.Future[Result]] = field(
        default_factory=dict[str, "asyncio.Future[Result]"]
    )

    @property
    def own(self) -> list[ToolSpec]:
        """Tools of the turn itself, offered once there is a use for them."""
        return [READ_ON] if self.long.texts else []

    def begin(self) -> None:
        """Another subagent takes up its work: nothing was called or told in its conversation yet."""
        self._heard, self.nearly = set(), Nearly()

    def aside(self) -> "Toolbox":
        """For a conversation beside this one, which knows what was found but heard none of it."""
        return replace(self, results=[], nearly=Nearly(), _heard=set())

    def knows(self, call: Call) -> bool:
        """Whether this very call was made, or answered without making it."""
        return _key(call) in self._begun

    def changed(self, offered: Sequence[ToolSpec]) -> bool:
        """Whether a tool that changes something reported that it did what it was called for."""
        changing = {spec.name for spec in offered if spec.changes}
        return any(one.ok and one.tool in changing for one in self.results)

    def settle(self, call: Call, status: str, sentence: str, texts: Mapping[str, str] = {}) -> None:
        """Answer a call that will not be made, before it is asked for."""
        if not self.knows(call):
            told = asyncio.get_running_loop().create_future()
            result = Result(call["name"], call["args"], status, sentence, texts=dict(texts))
            told.set_result(result)
            self._begun[_key(call)] = told
            self._settled.add(_key(call))

    def take_back(self, results: Sequence[Result], *, heard: bool = False) -> None:
        """What was found before this process, or this run, took the turn up; `heard` where it goes on."""
        for one in results:
            key = _key(Call(id="", name=one.tool, args=one.arguments, problem=""))
            if one.status != UpstreamUnavailable.code and key not in self._begun:
                self._begun[key] = asyncio.get_running_loop().create_future()
                self._begun[key].set_result(one)
            if heard:
                self._heard.add(key)
            self.long.shown(one.text)
            self._learn(one)
            self.results.append(one)

    async def call(
        self, calls: Sequence[Call], offered: Sequence[ToolSpec], run_id: str
    ) -> list[ToolMessage]:
        """Make calls side by side; one answer for each, in their order, whatever happens.

        What changes something is made one after the other, and none after one that did not hold.
        A failed call is answered with a sentence: a model can read it, and do something else.
        """
        known = {spec.name: spec for spec in offered}
        self._changing |= {spec.name for spec in offered if spec.changes}
        begun = self._begun_of(calls, known, run_id)
        try:
            told = [
                self._finished(call, await task, spec, again, run_id)
                for call, task, spec, again in begun
            ]
        finally:
            for _, task, _, _ in begun:
                task.cancel()
        if any(call["name"] in self._changing and not again for call, _, _, again in begun):
            self._look_anew()
        return told

    def _look_anew(self) -> None:
        """Something may have changed: what was seen before it may not be so any more."""
        looks = [key for key in self._begun if key.partition(" ")[0] not in self._changing]
        for key in looks:
            del self._begun[key]
        self.nearly = Nearly()

    def refuse(self, calls: Sequence[Call], limit: int, run_id: str) -> list[ToolMessage]:
        """Answer calls over the limit with a sentence instead of making them."""
        sentence = f"The limit of {limit} tool calls is reached. Answer now from what you have."
        answers: list[ToolMessage] = []
        for call in calls:
            self.emit(_started(call, _server(call["name"]), run_id))
            result = Result(call["name"], call["args"], REFUSED, sentence)
            answers.append(self._told(call, result, _server(call["name"]), run_id))
        return answers

    def _begun_of(
        self, calls: Sequence[Call], known: Mapping[str, ToolSpec], run_id: str
    ) -> list[tuple[Call, asyncio.Future[Result], str, bool]]:
        begun: list[tuple[Call, asyncio.Future[Result], str, bool]] = []
        before: asyncio.Future[Result] | None = None
        for call in calls:
            spec, is_made = known.get(call["name"]), _key(call) not in self._settled
            found = self._begin(call, known, run_id, before if spec and spec.changes else None)
            begun.append((call, *found))
            if spec and spec.changes and is_made:
                before = found[0]
        return begun

    def _begin(
        self,
        call: Call,
        known: Mapping[str, ToolSpec],
        run_id: str,
        before: asyncio.Future[Result] | None,
    ) -> tuple[asyncio.Future[Result], str, bool]:
        spec = known.get(call["name"])
        server = spec.server if spec else _server(call["name"])
        self.emit(_started(call, server, run_id))
        key = _key(call)
        again = key in self._begun and key in self._heard and key not in self._settled
        self._settled.discard(key)
        self._heard.add(key)
        if key not in self._begun:
            work = partial(self._work, call, known)
            self._begun[key] = asyncio.create_task(_after(before, work, call) if before else work())
        return self._begun[key], server, again

    def _work(self, call: Call, known: Mapping[str, ToolSpec]) -> Coroutine[Any, Any, Result]:
        if call["problem"] or call["name"] not in known:
            return _unusable(call, known)
        return self._read_on(call) if call["name"] == READ_ON.name else self._make(call)

    async def _read_on(self, call: Call) -> Result:
        try:
            return Result(call["name"], call["args"], OK, self.long.read_on(call["args"]))
        except OpsError as error:
            return _failed(call, error)

    async def _make(self, call: Call) -> Result:
        began_s = monotonic_s()
        name, arguments = call["name"], call["args"]
        try:
            async with asyncio.timeout_at(self.deadline_s):
                answer = await self.tools.call(name, **arguments)
        except OpsError as error:
            result = _failed(call, error)
        except TimeoutError:
            sentence = "The time for this turn was up before the tool answered."
            result = Result(name, arguments, TIMED_OUT, sentence)
        else:
            result = Result(name, arguments, OK, _fitting(answer.text), answer.data)
        return replace(result, duration_ms=round((monotonic_s() - began_s) * 1000))

    def _finished(
        self, call: Call, result: Result, server: str, again: bool, run_id: str
    ) -> ToolMessage:
        if again:
            self.repeats += 1
            result = replace(result, text=AGAIN, data={}, duration_ms=0, cached=True)
        elif result.ok and result.tool != READ_ON.name and not result.whole:
            self._learn(result)
            told = self.evidence.number(result.tool, result.arguments, result.text, result.data)
            likeness = self.nearly.made(result.tool, result.arguments, result.text)
            self.repeats += likeness.repeats
            text = f"{told.text}\n{likeness.note}" if likeness.note else told.text
            result = replace(result, text=text, numbers=told.numbers, whole=told.whole)
        if result.status == UpstreamUnavailable.code:
            self._begun.pop(_key(call), None)  # asking once more may help
        if not again:
            self.results.append(result)
        return self._told(call, result, server, run_id)

    def _learn(self, result: Result) -> None:
        """What a tool found may be repeated; why it found nothing tells of the call alone."""
        if result.ok:
            self.learn(result.text, result.arguments)
            self.learn(partial(_as_json, result.data), result.arguments)

    def _told(self, call: Call, result: Result, server: str, run_id: str) -> ToolMessage:
        self.emit(
            ToolFinished(
                call_id=call["id"],
                server=server,
                tool=call["name"],
                arguments=call["args"],
                status=result.status,
                duration_ms=result.duration_ms,
                result=result.text,
                data=result.data,
                result_tokens=estimated_tokens(result.text),
                subagent_run_id=run_id,
                cached=result.cached,
            )
        )
        is_part = result.tool == READ_ON.name
        text = result.text if is_part else self.long.shown(result.text)
        return ToolMessage(
            content=marked(result.tool, result.status, text),
            tool_call_id=call["id"],
            name=call["name"],
            artifact=result.shape(),
            status="success" if result.ok else "error",
        )


async def _after(
    before: asyncio.Future[Result], work: Callable[[], Coroutine[Any, Any, Result]], call: Call
) -> Result:
    """A change that waits for the one before it, and is not made when that did not hold."""
    if _holds(await asyncio.shield(before)):
        return await work()
    return Result(call["name"], call["args"], HELD_BACK, NOT_AFTER)


def _holds(result: Result) -> bool:
    """A change that tells how it stands holds once it is verified."""
    return result.ok and result.data.get("status", VERIFIED) == VERIFIED


def marked(tool: str, status: str, text: str) -> str:
    """A text between marks that it cannot close itself: whatever it says, it is only data."""
    inside = text.replace("</tool_data", "<\\/tool_data")
    return f'<tool_data tool="{tool}" status="{status}">\n{inside}\n</tool_data>'


def new_call(name: str, arguments: Mapping[str, Any]) -> Call:
    return Call(id=f"call_{uuid4().hex[:12]}", name=name, args=dict(arguments), problem="")


async def _unusable(call: Call, known: Mapping[str, ToolSpec]) -> Result:
    if call["problem"]:
        error: OpsError = SENTENCES.error(
            Invalid, "arguments_unread", name=call["name"], problem=call["problem"]
        )
    else:
        near = get_close_matches(call["name"], known, n=3, cutoff=0.4) or sorted(known)
        error = SENTENCES.error(NotFound, "no_such_tool", name=call["name"], known=", ".join(near))
    return _failed(call, error)


def _failed(call: Call, error: OpsError) -> Result:
    return Result(call["name"], call["args"], error.code, str(error), texts=error.texts)


def _key(call: Call) -> str:
    # What cannot be read has no arguments, and is not the call without any.
    return key_of(call["name"], call["args"]) + call["problem"]


def _as_json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, default=str)


def _server(tool: str) -> str:
    return tool.partition("_")[0]


def _fitting(text: str) -> str:
    if len(text) <= MAX_RESULT_CHARACTERS:
        return text
    return f"{text[:MAX_RESULT_CHARACTERS]}\n… {len(text) - MAX_RESULT_CHARACTERS} characters cut"


def _started(call: Call, server: str, run_id: str) -> ToolStarted:
    return ToolStarted(call["id"], server, call["name"], call["args"], run_id)
