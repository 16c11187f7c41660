"""`midwatch ask` and `midwatch route`."""

import shlex
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.in_person import in_person
from api.cli.languages import Language, chosen
from api.cli.outcome import NO, OK, UPSTREAM_AWAY, finish, put, put_json, say, spoken
from api.cli.sentences import SENTENCES
from api.cli.source import (
    LanguageOption,
    NamespaceOption,
    Output,
    OutputOption,
    Source,
    with_source,
)
from api.cli.words import word
from core.errors import Invalid, OpsError, UpstreamUnavailable

if TYPE_CHECKING:
    from agent.approvals import Decision
    from agent.events import Event
    from agent.graph import Assistant
    from agent.standing import Standing
    from api.turns.runs import Run


class AnswerFormat(StrEnum):
    TEXT = "text"
    MD = "md"
    JSON = "json"
    JSONL = "jsonl"


QuestionArgument = Annotated[str, typer.Argument(help="The question; - reads it from stdin.")]


@with_source
def ask(
    question: QuestionArgument = "-",
    output: Annotated[AnswerFormat, typer.Option("-o", "--output")] = AnswerFormat.TEXT,
    thread: Annotated[str, typer.Option(help="Begin or continue a kept conversation.")] = "",
    lang: LanguageOption = Language.AUTO,
    namespace: NamespaceOption = "",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with what stands in --thread instead.")
    ] = False,
    *,
    source: Source,
) -> None:
    """Ask one question; -o jsonl prints the event stream, one AG-UI event a line."""
    if resume and not thread:
        raise typer.BadParameter("--resume needs --thread.")
    finish(_ask(Ask(question, output, thread, lang, namespace, source, resume)))


@with_source
def route(
    question: QuestionArgument = "-",
    questions: Annotated[
        Path | None, typer.Option(metavar="FILE", help="One question a line; - is stdin.")
    ] = None,
    output: OutputOption = Output.JSON,
    *,
    source: Source,
) -> None:
    """Say which subagent would answer, and with which arguments, without asking it."""
    finish(_route(question, questions, output, source))


@dataclass(frozen=True, slots=True)
class Ask:
    """One `midwatch ask`: what, of whom, and how it is printed."""

    text: str
    output: AnswerFormat
    thread: str
    lang: Language
    namespace: str
    source: Source
    resume: bool = False


async def _ask(asked: Ask) -> int:
    asked = replace(asked, text="" if asked.resume else _read(asked.text))
    shape = await (_ask_there(asked) if asked.source.server else _ask_here(asked))
    while (approvals := shape.get("approvals")) and asked.output is AnswerFormat.TEXT:
        decisions = in_person(approvals, shape["language"])
        if decisions is None:
            break
        print_answer(shape, asked.output, asked.source)
        shape = await _go_on(asked, shape["thread_id"], decisions)
    if asked.output is not AnswerFormat.JSONL:
        print_answer(shape, asked.output, asked.source)
    return code_of(shape)


async def _go_on(asked: Ask, thread: str, decisions: "Sequence[Decision]") -> dict[str, Any]:
    from api.cli import remote

    if asked.source.server:
        return await remote.resume(asked.source, thread, decisions)
    return await go_on_here(thread, decisions, asked.source)


def code_of(shape: dict[str, Any]) -> int:
    """An answer that could look at nothing is still an answer; a script must see the difference."""
    statuses = {call["status"] for call in shape.get("tool_calls", [])}
    if shape.get("approvals"):
        return NO
    return UPSTREAM_AWAY if statuses == {UpstreamUnavailable.code} else OK


async def _ask_there(asked: Ask) -> dict[str, Any]:
    from api.cli import remote

    if asked.resume:
        return await remote.resume(asked.source, asked.thread, ())
    body = {
        "question": asked.text,
        "thread_id": asked.thread,
        "language": asked.lang.value,
        "namespace": asked.namespace,
    }
    if asked.output is AnswerFormat.JSONL:
        await remote.stream(asked.source, body)
        return {}
    return await remote.ask(asked.source, body)


async def _ask_here(asked: Ask) -> dict[str, Any]:
    """The answer's shape; as events it is printed already."""
    from uuid import uuid4

    from agent.teaching import taught
    from api.cli.facts import notebook_here
    from api.cli.identity import OPERATOR

    thread = asked.thread or str(uuid4())
    keeps = bool(asked.thread or taught(asked.text))
    async with (
        _assistant(asked.source, kept=bool(asked.thread)) as assistant,
        notebook_here(asked.source.settings(), kept=keeps) as notebook,
    ):
        standing = await assistant.standing(thread) if asked.thread else None
        cut_off = standing.question if standing and not standing.approvals else None
        if asked.resume or cut_off == asked.text or (standing and standing.waits):
            return await _gone_on(assistant, thread, _said(standing, asked), asked.output)
        events = assistant.run(
            asked.text,
            principal=OPERATOR,
            thread_id=thread,
            language=asked.lang.value,
            namespace=asked.namespace,
            can_ask=bool(asked.thread),
            notebook=notebook,
        )
        return await _watched(thread, asked.text, events, asked.output)


def _said(standing: "Standing | None", asked: Ask) -> "Sequence[Decision]":
    """What a person at this terminal says to what is waited for, if that is what they came for."""
    if not (asked.resume and standing and standing.waits):
        return ()
    language = chosen(asked.lang, standing.question)
    return in_person([one.shape() for one in standing.approvals], language) or ()


async def go_on_here(
    thread: str, decisions: "Sequence[Decision]", source: Source
) -> dict[str, Any]:
    """The turn that stands in a conversation of this machine, to its end."""
    async with _assistant(source, kept=True) as assistant:
        return await _gone_on(assistant, thread, decisions, AnswerFormat.TEXT)


async def _gone_on(
    assistant: "Assistant", thread: str, decisions: "Sequence[Decision]", output: AnswerFormat
) -> dict[str, Any]:
    from api.cli.identity import TYPING
    from api.turns.standing import admit_resume

    standing = admit_resume(await assistant.standing(thread), decisions)
    events = assistant.resume(thread, principal=TYPING, decisions=decisions)
    return await _watched(thread, standing.question, events, output)


async def _watched(
    thread: str, question: str, events: "AsyncGenerator[Event]", output: AnswerFormat
) -> dict[str, Any]:
    import asyncio
    from uuid import uuid4

    from api.cli.identity import OPERATOR
    from api.turns.answers import Answered
    from api.turns.runs import Run, run_alone

    run = Run(str(uuid4()), thread, OPERATOR.subject, question)
    async with asyncio.TaskGroup() as group:
        group.create_task(run_alone(run, events))
        if output is AnswerFormat.JSONL:
            await _print_stream(run)
        elif sys.stderr.isatty():
            await _say_progress(run)
    answered = Answered(run.thread_id)
    async for event in run.follow():
        answered.add(event)
    return answered.shape(duration_ms=run.duration_ms)


@asynccontextmanager
async def _assistant(source: Source, *, kept: bool) -> AsyncGenerator["Assistant"]:
    from api.cli.desk import asking_sessions
    from api.editions import opened_assistant

    settings = source.settings()
    memory = settings.memory_place if kept else None
    async with (
        asking_sessions(settings) as sessions,
        opened_assistant(settings, sessions, memory=memory) as assistant,
    ):
        yield assistant


async def _print_stream(run: "Run") -> None:
    from api.agui.translation import wire_events

    async for event in wire_events(run):
        put_json(event, lines=True)


async def _say_progress(run: "Run") -> None:
    """Which tool is at work, for somebody who waits; a failed run is told by its follower."""
    from agent.events import ToolStarted

    with suppress(OpsError):
        async for event in run.follow():
            if isinstance(event, ToolStarted):
                say(f"· {event.tool}")


def print_answer(shape: dict[str, Any], output: AnswerFormat, source: Source) -> None:
    if output is AnswerFormat.JSON:
        put_json(shape)
    elif output is AnswerFormat.TEXT and sys.stdout.isatty():
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(_markdown(shape, source)))
    else:
        put(_markdown(shape, source))


def _markdown(shape: dict[str, Any], source: Source) -> str:
    """What waits is answered where it was asked, with the name that is to be typed."""
    from api.turns.reading import as_text

    there = ("--server", source.server) if source.server else ("--thread", shape["thread_id"])

    def how_to_answer(asked: Mapping[str, Any]) -> str:
        typed = ("--typed", asked["typed"]) if asked["typed"] else ()
        command = ("midwatch", "approve", asked["id"], *there)
        commands = {"yes": shlex.join((*command, *typed)), "no": shlex.join(command)}
        return word("how_to_approve", shape["language"], **commands)

    return as_text(shape, how_to_answer)


async def _route(question: str, file: Path | None, output: Output, source: Source) -> int:
    questions = [_read(question)] if file is None else _lines(file)
    async with _router(source) as decided:
        for asked in questions:
            decision = await decided(asked)
            if output is Output.JSON or file:
                put_json(decision, lines=file is not None)
            else:
                put("\n".join(map(_decision, decision.get("asks") or [decision])))
    return OK


@asynccontextmanager
async def _router(source: Source) -> AsyncGenerator[Callable[[str], Awaitable[dict[str, Any]]]]:
    if source.server:
        from api.cli import remote

        yield lambda asked: remote.route(source, asked)
        return
    from agent import intents

    async with _assistant(source, kept=False) as assistant:

        async def decided(asked: str) -> dict[str, Any]:
            return intents.decided(await assistant.route(asked))

        yield decided


def _decision(one: Mapping[str, Any]) -> str:
    return f"{one['subagent']}: {one['intent']} {one['arguments']}"


def _read(question: str) -> str:
    if question == "-":
        if sys.stdin.isatty():
            say(SENTENCES.said("type_question").told(spoken()))
        question = sys.stdin.read()
    if not question.strip():
        raise SENTENCES.error(Invalid, "no_question")
    return question.strip()


def _lines(file: Path) -> list[str]:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SENTENCES.error(Invalid, "cannot_read", file=str(file), error=str(error)) from error
    return [line.strip() for line in text.splitlines() if line.strip()]
