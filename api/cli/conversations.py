"""`midwatch threads`: one's conversations in a running service."""

from typing import Annotated, Any

import typer

from api.cli.files import ServerOption, TokenOption
from api.cli.languages import Language, chosen
from api.cli.outcome import OK, finish, put, put_json
from api.cli.sentences import SENTENCES
from api.cli.source import LanguageOption, Output, OutputOption, Source
from api.cli.words import word
from core.errors import Invalid

threads = typer.Typer(help="Your conversations in a running Midwatch.", no_args_is_help=True)

PATH = "/api/v1/threads"
MOST = 100
Id = Annotated[str, typer.Argument(metavar="ID", help="As `list` prints it.")]
Words = Annotated[str, typer.Option("--search", help="Only those that contain these words.")]


@threads.command("list")
def list_threads(
    search: Words = "",
    output: OutputOption = Output.TEXT,
    lang: LanguageOption = Language.AUTO,
    server: ServerOption = "",
    token: TokenOption = "",
) -> None:
    """Pinned ones first, then the one used last."""
    finish(_list(_there(server, token), search, chosen(lang), output))


@threads.command("pin")
def pin(thread: Id, server: ServerOption = "", token: TokenOption = "") -> None:
    """Keep a conversation above the others."""
    finish(_change(_there(server, token), thread, {"pinned": True}))


@threads.command("unpin")
def unpin(thread: Id, server: ServerOption = "", token: TokenOption = "") -> None:
    """Let it go back among the others."""
    finish(_change(_there(server, token), thread, {"pinned": False}))


@threads.command("rename")
def rename(
    thread: Id,
    title: Annotated[str, typer.Argument(metavar='"…"')],
    server: ServerOption = "",
    token: TokenOption = "",
) -> None:
    """Give it another title."""
    finish(_change(_there(server, token), thread, {"title": title}))


@threads.command("delete")
def delete(thread: Id, server: ServerOption = "", token: TokenOption = "") -> None:
    """Delete it with its messages and what it remembers."""
    finish(_delete(_there(server, token), thread))


def _there(server: str, token: str) -> Source:
    """Raises `Invalid` without a service: a command on a machine keeps no conversations."""
    if not server:
        raise SENTENCES.error(Invalid, "threads_kept_there")
    return Source(server=server, token=token)


async def _list(source: Source, search: str, language: str, output: Output) -> int:
    from api.cli.remote import get

    asked = {"q": search, "limit": MOST} if search else {"limit": MOST}
    found: list[dict[str, Any]] = (await get(source, PATH, asked))["items"]
    if output is Output.JSON:
        put_json({"items": found})
    elif not found:
        put(word("threads_none", language))
    for one in found if output is Output.TEXT else ():
        mark = "★" if one["pinned"] else " "
        put(f"{mark} {one['id']}  {one['updated_at'][:16].replace('T', ' ')}  {one['title']}")
    return OK


async def _change(source: Source, thread: str, change: dict[str, Any]) -> int:
    from api.cli.remote import patch

    await patch(source, f"{PATH}/{thread}", change)
    return OK


async def _delete(source: Source, thread: str) -> int:
    from api.cli import remote

    await remote.delete(source, f"{PATH}/{thread}")
    return OK
