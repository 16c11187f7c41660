"""`midwatch facts`: what people told Midwatch to remember, of this machine or a running service."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.files import ServerOption, TokenOption
from api.cli.languages import Language, chosen
from api.cli.outcome import OK, finish, put, put_json
from api.cli.source import LanguageOption, Output, OutputOption, Source
from api.cli.words import word

if TYPE_CHECKING:
    from api.turns.notebooks import KeptNotebook
    from core.settings import Settings

facts = typer.Typer(help="What you told Midwatch to remember.", no_args_is_help=True)

PATH = "/api/v1/facts"


@facts.command("list")
def list_facts(
    output: OutputOption = Output.TEXT,
    lang: LanguageOption = Language.AUTO,
    server: ServerOption = "",
    token: TokenOption = "",
) -> None:
    """Yours and the organisation's, the oldest first."""
    finish(_list(Source(server=server, token=token), chosen(lang), output))


@facts.command("teach")
def teach(
    text: Annotated[str, typer.Argument(metavar='"…"', help='As "team payments owns shop".')],
    everybody: Annotated[
        bool, typer.Option("--everybody", help="For the whole organisation; managers only.")
    ] = False,
    server: ServerOption = "",
    token: TokenOption = "",
) -> None:
    """Tell a fact; telling it again changes nothing."""
    finish(_teach(Source(server=server, token=token), text, everybody))


@facts.command("delete")
def delete(
    fact: Annotated[str, typer.Argument(metavar="ID", help="As `list` prints it.")],
    server: ServerOption = "",
    token: TokenOption = "",
) -> None:
    """Delete one of yours, or as a manager one of the organisation's."""
    finish(_delete(Source(server=server, token=token), fact))


async def _list(source: Source, language: str, output: Output) -> int:
    known = await _known(source)
    if output is Output.JSON:
        put_json({"items": known})
    elif not known:
        put(word("facts_none", language))
    for one in known if output is Output.TEXT else ():
        whose = "facts_everybody" if one["everybody"] else "facts_told_by"
        told = word(whose, language, by=one["told_by"], at=str(one["told_at"])[:10])
        put(f"{one['id']}  {one['text']}  ({told})")
    return OK


async def _known(source: Source) -> Sequence[dict[str, Any]]:
    from api.cli import remote

    if source.server:
        return (await remote.get(source, PATH))["items"]
    async with _here(source.settings()) as notebook:
        return [one.shape() for one in await notebook.known()]


async def _teach(source: Source, text: str, everybody: bool) -> int:
    from agent.teaching import worded
    from api.cli import remote

    told = worded(text)
    if source.server:
        await remote.post(source, PATH, {"text": told, "everybody": everybody})
    else:
        async with _here(source.settings()) as notebook:
            await notebook.keep(told, everybody=everybody)
    return OK


async def _delete(source: Source, fact: str) -> int:
    from api.cli import remote

    if source.server:
        await remote.delete(source, f"{PATH}/{fact}")
    else:
        async with _here(source.settings()) as notebook:
            await notebook.forget(fact)
    return OK


@asynccontextmanager
async def notebook_here(
    settings: "Settings", *, kept: bool
) -> AsyncGenerator["KeptNotebook | None"]:
    """For a question asked on this machine; None where nothing was ever kept, nor is to be."""
    file = settings.database_url.partition("sqlite+aiosqlite:///")[2]
    if file and not kept and not Path(file).exists():  # noqa: ASYNC240 - one look, at the start
        yield None
    else:
        async with _here(settings) as notebook:
            yield notebook


@asynccontextmanager
async def _here(settings: "Settings") -> AsyncGenerator["KeptNotebook"]:
    from api.cli.identity import OPERATOR
    from api.turns.notebooks import KeptNotebook
    from core.storage.database import Database

    async with Database.opened(settings.database_url) as database:
        yield KeptNotebook(database, OPERATOR)
