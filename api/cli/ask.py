"""`midwatch ask` and `midwatch route`."""

import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.outcome import OK, UPSTREAM_AWAY, finish, put, put_json, say
from api.cli.source import (
    Language,
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
    from agent.graph import Assistant
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
    *,
    source: Source,
) -> None:
    """Ask one question; -o jsonl prints the event stream, one AG-UI event a line."""
    finish(_ask(question, output, thread, lang, namespace, source))


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


async def _ask(
    question: str,
    output: AnswerFormat,
    thread: str,
    lang: Language,
    namespace: str,
    source: Source,
) -> int:
    question = _read(question)
    if source.server:
        shape = await _ask_there(question, output, thread, lang, namespace, source)
    else:
        shape = await _ask_here(question, output, thread, lang, namespace, source)
    if output is not AnswerFormat.JSONL:
        _print(shape, output)
    return _code(shape)


def _code(shape: dict[str, Any]) -> int:
    """An answer that could look at nothing is still an answer; a script must see the difference."""
    statuses = {call["status"] for call in shape.get("tool_calls", [])}
    return UPSTREAM_AWAY if statuses == {UpstreamUnavailable.code} else OK


async def _ask_there(
    question: str,
    output: AnswerFormat,
    thread: str,
    lang: Language,
    namespace: str,
    source: Source,
) -> dict[str, Any]:
    from api.cli import remote

    scope = {"thread_id": thread, "language": lang.value, "namespace": namespace}
    if output is AnswerFormat.JSONL:
        await remote.stream(source, {"question": question, **scope})
        return {}
    return await remote.ask(source, {"question": question, **scope})


async def _ask_here(
    question: str,
    output: AnswerFormat,
    thread: str,
    lang: Language,
    namespace: str,
    source: Source,
) -> dict[str, Any]:
    """The answer's shape; as events it is printed already."""
    import asyncio
    from uuid import uuid4

    from api.cli.identity import OPERATOR
    from api.turns.answers import Answered
    from api.turns.runs import Run, run_alone

    run = Run(str(uuid4()), thread or str(uuid4()), OPERATOR.subject, question)
    async with _assistant(source, kept=bool(thread)) as assistant:
        events = assistant.run(
            question,
            principal=OPERATOR,
            thread_id=run.thread_id,
            language=lang.value,
            namespace=namespace,
        )
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
    from api.editions import opened_assistant, opened_sessions

    settings = source.settings()
    memory = settings.memory_place if kept else None
    async with (
        opened_sessions(settings) as sessions,
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


def _print(shape: dict[str, Any], output: AnswerFormat) -> None:
    if output is AnswerFormat.JSON:
        put_json(shape)
    elif output is AnswerFormat.TEXT and sys.stdout.isatty():
        from rich.console import Console
        from rich.markdown import Markdown

        Console().print(Markdown(_markdown(shape)))
    else:
        put(_markdown(shape))


def _markdown(shape: dict[str, Any]) -> str:
    language = shape["language"]
    parts = [shape["answer"].strip()]
    if shape["citations"]:
        parts += ["", f"**{word('sources', language)}**", ""]
        parts += [f"- [{c['n']}] {c['source']} {c['ref']}: {c['text']}" for c in shape["citations"]]
    if shape["incomplete"]:
        parts += ["", f"**{word('partial', language)}**: {shape['incomplete']}"]
    if shape["usage"] and all(usage["provider"] == "offline" for usage in shape["usage"]):
        parts += ["", f"_{word('no_model', language)}_"]
    return "\n".join(parts)


async def _route(question: str, file: Path | None, output: Output, source: Source) -> int:
    questions = [_read(question)] if file is None else _lines(file)
    async with _router(source) as decided:
        for asked in questions:
            decision = await decided(asked)
            if output is Output.JSON or file:
                put_json(decision, lines=file is not None)
            else:
                put(f"{decision['subagent']}: {decision['intent']} {decision['arguments']}")
    return OK


@asynccontextmanager
async def _router(source: Source) -> AsyncGenerator[Callable[[str], Awaitable[dict[str, Any]]]]:
    if source.server:
        from api.cli import remote

        yield lambda asked: remote.route(source, asked)
        return
    async with _assistant(source, kept=False) as assistant:

        async def decided(asked: str) -> dict[str, Any]:
            return (await assistant.route(asked)).shape()

        yield decided


def _read(question: str) -> str:
    if question == "-":
        if sys.stdin.isatty():
            say("Type the question, then Ctrl-D.")
        question = sys.stdin.read()
    if not question.strip():
        raise Invalid("There is no question.", hint="midwatch ask 'Why is checkout failing?'")
    return question.strip()


def _lines(file: Path) -> list[str]:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"Cannot read {file}: {error}.") from error
    return [line.strip() for line in text.splitlines() if line.strip()]
