"""`midwatch kb`: search the knowledge base, add pages to it, keep it in step with its folders."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer

from api.cli.drafting import draft
from api.cli.files import ServerOption, TokenOption, read
from api.cli.gaps import gaps, rate
from api.cli.languages import Language, chosen
from api.cli.outcome import NO, OK, finish, put, put_json, say, speak
from api.cli.sentences import SENTENCES
from api.cli.source import LanguageOption, Output, OutputOption, Source
from api.cli.words import word
from core.errors import Invalid, TooLarge

if TYPE_CHECKING:
    from mcp_servers.client import Tools

kb = typer.Typer(
    help="Runbooks and other pages: search, add, reindex, draft.", no_args_is_help=True
)
for command in (draft, gaps, rate):
    kb.command()(command)

# Between two looks at how far an ingest is.
PROGRESS_S = 1.0

# As the server reads them; an archive is sent whole.
SENT = (".md", ".markdown", ".txt", ".html", ".htm", ".pdf", ".zip")


class Cleared(StrEnum):
    ANSWERS = "answers"
    VECTORS = "vectors"
    ALL = "all"


IndexOption = Annotated[
    Path | None,
    typer.Option("--index", metavar="DIR", help="An index of its own, without the shipped pages."),
]


@kb.command()
def search(
    question: Annotated[str, typer.Argument(metavar='"…"')] = "",
    queries: Annotated[
        Path | None, typer.Option(metavar="FILE", help="One question a line; - for standard input.")
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=20, help="How many passages at most.")] = 5,
    service: Annotated[str, typer.Option(help="Only pages of this service.")] = "",
    tag: Annotated[str, typer.Option(help="Only pages with this tag.")] = "",
    rule: Annotated[str, typer.Option(help="Only pages about this rule of diagnosis.")] = "",
    index: IndexOption = None,
    server: ServerOption = "",
    token: TokenOption = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
) -> None:
    """Find the passages that answer a question; with --queries, one JSON object a line."""
    filters = {"service": service, "tag": tag, "rule": rule}
    place = _Place(Source(server=server, token=token), index)
    finish(_search(place, question, queries, k, filters, _language(lang), output))


@kb.command()
def add(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH…", help="Files, folders or zip archives.")
    ],
    index: IndexOption = None,
    server: ServerOption = "",
    token: TokenOption = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
) -> None:
    """Add pages: Markdown, HTML, PDF and text. Folders are remembered and kept in step with."""
    place = _Place(Source(server=server, token=token), index)
    finish(_add(place, paths, _language(lang), output))


@kb.command()
def reindex(
    index: IndexOption = None,
    server: ServerOption = "",
    token: TokenOption = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
) -> None:
    """Look through every folder that was added: changed pages go in, deleted ones go out."""
    place = _Place(Source(server=server, token=token), index)
    finish(_add(place, [], _language(lang), output))


@kb.command()
def stats(
    index: IndexOption = None,
    server: ServerOption = "",
    token: TokenOption = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
) -> None:
    """Count documents and passages, name what makes the vectors, and what is kept of answers."""
    finish(_stats(_Place(Source(server=server, token=token), index), _language(lang), output))


@kb.command()
def clear(
    what: Annotated[
        Cleared, typer.Argument(help="Answers to give again, vectors of an endpoint, or both.")
    ] = Cleared.ANSWERS,
    index: IndexOption = None,
    server: ServerOption = "",
    token: TokenOption = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
) -> None:
    """Forget what was kept to be quicker. Pages stay as they are."""
    finish(_clear(_Place(Source(server=server, token=token), index), what, _language(lang), output))


def _language(lang: Language) -> str:
    """The language of this command, in which its failures are told too."""
    language = chosen(lang)
    speak(language)
    return language


class _Place:
    """Which knowledge base a command is about: a folder, this installation's, or a running service's."""

    def __init__(self, source: Source, index: Path | None) -> None:
        if source.server and index:
            raise typer.BadParameter("--server and --index exclude each other.")
        self.source, self._index = source, index

    @asynccontextmanager
    async def tools(self, added: Sequence[Path] = ()) -> AsyncGenerator["Tools"]:
        """The tools over the index in its folder; `added` are looked through by a refresh."""
        from api.cli.identity import OPERATOR
        from api.editions import knowledge_place, knowledge_sessions
        from mcp_servers.client import Tools

        settings = self.source.settings()
        folder = self._index or settings.knowledge_folder
        own = self._index is not None
        place = knowledge_place(settings, folder, sources=added, shipped=not own, in_redis=not own)
        async with knowledge_sessions(place) as sessions:
            yield Tools(sessions, OPERATOR)

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        if self.source.server:
            from api.cli.remote import call_tool

            return await call_tool(self.source, tool, arguments)
        async with self.tools() as tools:
            return (await tools.call(tool, **arguments)).data


async def _search(
    place: _Place,
    question: str,
    queries: Path | None,
    k: int,
    filters: dict[str, str],
    language: str,
    output: Output,
) -> int:
    if bool(question) == bool(queries):
        raise SENTENCES.error(Invalid, "question_or_file")
    if queries is None:
        found = await place.call("knowledge_search", query=question, k=k, **filters)
        put_json(found) if output is Output.JSON else put(_hits(found, language))
        return OK if found["relevant"] else NO
    lines = [line.strip() for line in read(queries).splitlines() if line.strip()]
    if place.source.server:
        for line in lines:
            put_json(await place.call("knowledge_search", query=line, k=k, **filters), lines=True)
        return OK
    async with place.tools() as tools:
        for line in lines:
            found = await tools.call("knowledge_search", query=line[:500], k=k, **filters)
            put_json(found.data, lines=True)
    return OK


async def _add(place: _Place, paths: list[Path], language: str, output: Output) -> int:
    for path in paths:
        if not path.exists():
            raise SENTENCES.error(Invalid, "no_path", path=str(path))
    told = await _uploaded(place, paths) if place.source.server and paths else {}
    if not told and place.source.server:
        told = await place.call("knowledge_refresh")
    elif not told:
        async with place.tools(paths) as tools:
            watching = asyncio.create_task(_told_progress(tools, language))
            try:
                told = (await tools.call("knowledge_refresh")).data
            finally:
                watching.cancel()
    put_json(told) if output is Output.JSON else put(_reports(told, language))
    return NO if any(one["skipped_total"] for one in told["sources"]) else OK


async def _uploaded(place: _Place, paths: list[Path]) -> dict[str, Any]:
    """Files and archives one by one; a service reads no folder of this machine."""
    files = [(one, one.relative_to(path.parent)) for path in paths for one in _pages_at(path)]
    return {"sources": [await _sent(place, file, name.as_posix()) for file, name in files]}


def _pages_at(path: Path) -> list[Path]:
    """The file itself, or the pages in a folder, hidden ones and links left out."""
    if path.is_file():
        return [path]
    return [
        one
        for one in sorted(path.rglob("*"))
        if one.suffix.lower() in SENT and one.is_file() and not one.is_symlink()
        if not any(part.startswith(".") for part in one.relative_to(path).parts)
    ]


async def _sent(place: _Place, file: Path, name: str) -> dict[str, Any]:
    """What became of a file. One that is refused stops no other; a service that is away does."""
    from api.cli.remote import put_file

    try:
        path = f"/api/v1/knowledge/documents/{quote(name)}"
        told = await put_file(place.source, path, await asyncio.to_thread(file.read_bytes))
    except (Invalid, TooLarge, OSError) as error:
        # A service tells it in the language of the command, after the name of the page.
        reason = str(error).removeprefix(name).lstrip(":： ")
        skipped = [{"doc": name, "reason": reason}]
        counts = dict.fromkeys(("added", "changed", "removed", "unchanged", "passages"), 0)
        told = {**counts, "skipped": skipped, "skipped_total": 1, "without_vectors": ""}
    return {**told, "source": name}


async def _told_progress(tools: "Tools", language: str) -> None:
    while True:
        await asyncio.sleep(PROGRESS_S)
        at = (await tools.call("knowledge_stats")).data
        if at["ingesting"]:
            of = f"/{at['of']}" if at["of"] else ""
            say(f"{word('kb_' + at['ingesting'], language)} {at['done']}{of}")


async def _stats(place: _Place, language: str, output: Output) -> int:
    told = await place.call("knowledge_stats")
    if output is Output.JSON:
        put_json(told)
        return OK
    by_language = ", ".join(f"{name} {count}" for name, count in told["by_language"].items())
    shown = {**told, "by_language": by_language, "embedder": told["embedder"] or "-"}
    put(word("kb_stats", language, **shown))
    return OK


async def _clear(place: _Place, what: Cleared, language: str, output: Output) -> int:
    told = await place.call("knowledge_clear_cache", what=what.value)
    put_json(told) if output is Output.JSON else put(word("kb_cleared", language, **told))
    return OK


def _hits(found: dict[str, Any], language: str) -> str:
    lines = [] if found["relevant"] else [word("kb_nothing", language, count=found["documents"])]
    for hit in found["hits"]:
        lines.append(f"{hit['text']}  ({hit['doc']}:{hit['lines']})")
        lines += [f"    {line}" for line in hit["snippet"].splitlines()[:6]]
    for name, key in (("missing", "kb_by_words"), ("left_out", "kb_left_out")):
        why = _in(found, name, language)
        lines += [word(key, language, reason=why)] if why else []
    return "\n".join(lines)


def _reports(told: dict[str, Any], language: str) -> str:
    reports: list[dict[str, Any]] = told["sources"]
    lines = [] if reports else [word("kb_no_sources", language)]
    for one in reports:
        lines.append(f"{one['source']}: {word('kb_report', language, **_counts(one))}")
        lines += [f"    {each['doc']}: {_in(each, 'reason', language)}" for each in one["skipped"]]
        lines += [f"    {why}"] if (why := _in(one, "without_vectors", language)) else []
    if why := _in(told, "without_vectors", language):
        lines.append(word("kb_without_vectors", language, reason=why))
    return "\n".join(lines)


def _in(told: dict[str, Any], name: str, language: str) -> str:
    """What is told by language, in that language if it is there."""
    return told.get(f"{name}_in", {}).get(language) or told.get(name, "")


def _counts(report: dict[str, Any]) -> dict[str, Any]:
    names = ("added", "changed", "removed", "unchanged", "skipped_total")
    return {name: report[name] for name in names}
