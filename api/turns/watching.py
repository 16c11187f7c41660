"""One run as readers of plain text follow it: what is being done, and in the end the whole text."""

from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from agent.events import Event, SubagentFinished, SubagentStarted, ToolFinished, ToolStarted
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


@dataclass(frozen=True, slots=True)
class Step:
    """A piece of the work begins, or is over; both under the same id."""

    id: str
    text: str
    status: Literal["started", "ok", "failed"] = "started"


@dataclass(frozen=True, slots=True)
class Silence:
    """Nothing happened for a while; the connection is to be kept."""


@dataclass(frozen=True, slots=True)
class Told:
    """The end: the text, the `ask` shape behind it, and the run if it is one's answer."""

    text: str
    shape: Mapping[str, Any]
    run_id: str = ""


Piece = Step | Silence | Told
HowTo = Callable[[Mapping[str, Any], Language], str]


async def begun(turns: Turns, principal: Principal, question: Question) -> Run | Told:
    """The run, or what waits for a person first, told as a reply: no client shows it otherwise."""
    try:
        return await turns.start(principal, question)
    except AwaitsPerson as waits:
        language = language_of(question.text)
        text = waits.what_waits(language)
        shape = Answered(question.thread_id).shape(duration_ms=0)
        return Told(text, {**shape, "answer": text, "language": language, "status": "interrupted"})


async def pieces(started: Run | Told, how_to_answer: HowTo) -> AsyncGenerator[Piece]:
    """What `begun` gave, to its end. Raises the error that a run ended with.

    The text comes whole: claims without evidence are marked when it is complete, and a reader of this
    kind cannot be shown that what was said is taken back.
    """
    if isinstance(started, Told):
        yield started
        return
    run, answered, seen = started, Answered(started.thread_id), 0
    while not (run.ending and seen == len(run.log)):
        if not await run.more(seen, timeout_s=HEARTBEAT_S):
            yield Silence()
        for logged in run.log[seen:]:
            seen += 1
            answered.add(logged.event)
            if step := step_of(logged.event):
                yield step
    if run.error:
        raise run.error
    end = told(answered.shape(duration_ms=run.duration_ms), how_to_answer)
    yield replace(end, run_id=run.id)


def told(shape: Mapping[str, Any], how_to_answer: HowTo) -> Told:
    language: Language = "zh" if shape["language"] == "zh" else "en"
    return Told(as_text(shape, lambda asked: how_to_answer(asked, language)), shape)


def by_reply(asked: Mapping[str, Any], language: Language) -> str:
    """How to answer where there is nothing but messages."""
    key = "text.reply_typed" if asked["typed"] else "text.reply"
    return phrase(key, language, id=asked["id"], typed=asked["typed"])


def step_of(event: Event) -> Step | None:
    match event:
        case SubagentStarted(run_id=run_id, name=name, why=why):
            return Step(run_id, f"{name}: {why}")
        case SubagentFinished(run_id=run_id, name=name, status=status):
            return Step(run_id, name, "ok" if status in ("ok", "waiting") else "failed")
        case ToolStarted(call_id=call_id, tool=tool, arguments=arguments):
            return Step(call_id, called(tool, arguments))
        case ToolFinished(call_id=call_id, tool=tool, arguments=arguments, status=status):
            return Step(call_id, called(tool, arguments), "ok" if status == "ok" else "failed")
        case _:
            return None


def called(tool: str, arguments: Mapping[str, Any]) -> str:
    return f"{tool}({', '.join(f'{name}={value}' for name, value in arguments.items())})"
