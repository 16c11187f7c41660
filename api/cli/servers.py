"""`midwatch servers`: tool servers of others, and who accepted what of them."""

from typing import Annotated, Any
from urllib.parse import quote

import typer

from api.cli.outcome import OK, finish, put, put_json
from api.cli.sentences import SENTENCES
from api.cli.source import Output, OutputOption, Source, with_source

servers = typer.Typer(help="Tool servers of others (MIDWATCH_FOREIGN__…).", no_args_is_help=True)

PATH = "/api/v1/servers"
NameArgument = Annotated[str, typer.Argument(metavar="NAME")]


@servers.command("list")
@with_source
def list_servers(output: OutputOption = Output.TEXT, *, source: Source) -> None:
    """Each of them: accepted or not, changed since or not, reachable or not."""
    finish(_list(source, output))


@servers.command("show")
@with_source
def show(name: NameArgument, output: OutputOption = Output.TEXT, *, source: Source) -> None:
    """What one of them offers, in its own words, and the digest of that."""
    finish(_show(source, name, output))


@servers.command("accept")
@with_source
def accept(
    name: NameArgument,
    digest: Annotated[str, typer.Option(help="The digest that `show` printed.")],
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Let its tools be used as long as they stay exactly as they were shown."""
    finish(_accept(source, name, digest, output))


@servers.command("withdraw")
@with_source
def withdraw(name: NameArgument, output: OutputOption = Output.TEXT, *, source: Source) -> None:
    """Let its tools be used no more."""
    finish(_withdraw(source, name, output))


async def _list(source: Source, output: Output) -> int:
    found = await _found(source)
    if output is Output.JSON:
        put_json({"items": found})
    else:
        put("\n".join(_line(one) for one in found))
    return OK


async def _found(source: Source) -> list[dict[str, Any]]:
    """Raises `Invalid` where there are none: here as there, a setting names them."""
    from core.errors import Invalid

    if not source.server:
        return (await _called(source, "foreign_list_servers"))["servers"]
    from api.cli.remote import get

    found = (await get(source, PATH))["items"]
    if not found:
        raise SENTENCES.error(Invalid, "no_foreign_servers")
    return found


async def _show(source: Source, name: str, output: Output) -> int:
    from core.errors import NotFound

    found = await _found(source)
    chosen = next((one for one in found if one["name"] == name), None)
    if chosen is None:
        known = ", ".join(one["name"] for one in found)
        raise SENTENCES.error(NotFound, "no_foreign_server", name=name, known=known)
    if output is Output.JSON:
        put_json(chosen)
        return OK
    put(f"{_line(chosen)}\n{chosen['digest']}".rstrip())
    for tool in chosen["tools"]:
        put(f"  {tool['name']}\n    {tool['description']}")
    for one in chosen["left_out"]:
        put(f"  {one['name']} is left out: {one['why']}")
    return OK


async def _accept(source: Source, name: str, digest: str, output: Output) -> int:
    if not source.server:
        return _told(await _called(source, "foreign_accept", name=name, digest=digest), output)
    from api.cli.remote import put_json as put_there

    return _told(await put_there(source, _acceptance(name), {"digest": digest}), output)


async def _withdraw(source: Source, name: str, output: Output) -> int:
    if not source.server:
        return _told(await _called(source, "foreign_withdraw", name=name), output)
    from api.cli.remote import delete

    return _told(await delete(source, _acceptance(name)), output)


def _acceptance(name: str) -> str:
    return f"{PATH}/{quote(name, safe='')}/acceptance"


def _told(one: dict[str, Any], output: Output) -> int:
    put_json(one) if output is Output.JSON else put(_line(one))
    return OK


def _line(one: dict[str, Any]) -> str:
    by = f" (by {one['accepted_by']})" if one["accepted_by"] else ""
    return f"{one['name']:<20} {one['state']}{by}  {one['url']}  {one['why']}".rstrip()


async def _called(source: Source, tool: str, **arguments: str) -> dict[str, Any]:
    from api.cli.identity import TYPING
    from api.editions import tool_sessions
    from core.errors import Invalid
    from core.security.audit import AuditLog
    from core.storage.database import Database
    from core.storage.kept_acceptances import KeptAcceptances
    from mcp_servers.client import Tools

    settings = source.settings()
    if not settings.foreign:
        raise SENTENCES.error(Invalid, "no_foreign_servers")
    async with Database.opened(settings.database_url) as database, AuditLog(database) as audit:
        kept = KeptAcceptances(database)
        async with tool_sessions(settings, audit=audit, acceptances=kept) as sessions:
            return (await Tools(sessions, TYPING).call(tool, **arguments)).data
