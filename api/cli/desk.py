"""Tools over this installation's alerts and channels, or those of a running Midwatch; lists as text."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

from api.cli.outcome import NO, OK, put, put_json, spoken
from api.cli.sentences import SENTENCES
from api.cli.source import Output, Source
from api.cli.tables import listing
from api.cli.words import word
from core.errors import NotFound, OpsError

if TYPE_CHECKING:
    from core.settings import Settings
    from mcp_servers.client import Sessions

Row = Mapping[str, Any]


async def called(
    source: Source,
    tool: str,
    arguments: Mapping[str, Any],
    *,
    with_cluster: bool = False,
    door: str = "",
    keeps: Sequence[str] = (),
) -> dict[str, Any]:
    """What the tool answers; nothing empty is handed to it, but for what `keeps` names."""
    given = {
        name: value
        for name, value in arguments.items()
        if name in keeps or value not in ("", None, [], {})
    }
    if source.server:
        from api.cli.remote import call_tool, post

        # What only a person may do has a door of its own there.
        return await (post(source, door, given) if door else call_tool(source, tool, given))
    from api.cli.identity import TYPING
    from api.editions import desk_sessions
    from mcp_servers.client import Tools

    async with desk_sessions(source.settings(), with_cluster=with_cluster) as sessions:
        return (await Tools(sessions, TYPING).call(tool, **given)).data


@asynccontextmanager
async def asking_sessions(settings: "Settings") -> AsyncGenerator["Sessions"]:
    """The tool servers for questions of any kind, with what this installation keeps of budgets and alerts.

    Where its database cannot be opened, tools that need it say so.
    """
    from api.editions import alert_desk, kept_acceptances, prepared, tool_sessions
    from core.storage.database import Database

    async with AsyncExitStack() as opened:
        ready = await opened.enter_async_context(prepared(settings))
        desk = None
        with suppress(OpsError):
            kept = await opened.enter_async_context(Database.opened(settings.database_url))
            desk = alert_desk(settings, kept)
        acceptances = await opened.enter_async_context(kept_acceptances(ready))
        yield await opened.enter_async_context(
            tool_sessions(ready, acceptances=acceptances, desk=desk)
        )


async def newest(source: Source, versions: str, name: str) -> int:
    """The newest version of something stored, of what is removed too; 0 when there is none.

    `versions` is the tool that lists them.
    """
    try:
        found = await called(source, versions, {"name": name})
    except NotFound:
        return 0
    return int(found["rows"][0]["version"])


async def listed(
    source: Source,
    tool: str,
    arguments: Mapping[str, Any],
    columns: Sequence[str],
    output: Output,
    *,
    with_cluster: bool = False,
) -> int:
    """Print a list: as JSON whole, as text these columns of it."""
    data = await called(source, tool, arguments, with_cluster=with_cluster)
    if output is Output.JSON:
        put_json(data)
    else:
        away: list[str] = data.get("unanswered") or []
        told = (
            [SENTENCES.said("no_answer_of", names=", ".join(away)).told(spoken())] if away else []
        )
        put("\n".join([*lines(data["rows"], columns), shown_of(data), *told]))
    return OK


def shown_of(data: Row) -> str:
    """How many of how many are listed."""
    return word("shown", spoken(), shown=len(data["rows"]), total=data["total"])


async def many(
    source: Source,
    tool: str,
    asked: Sequence[Mapping[str, Any]],
    output: Output,
    *,
    about: str,
    with_cluster: bool = False,
) -> int:
    """The same done to several, one after the other; what fails stops no other, and the exit code is 1.

    `about` names the argument by which each is told. One alone is told as that tool tells it.
    """
    if len(asked) == 1:
        return await shown(source, tool, asked[0], output, with_cluster=with_cluster)
    results: list[dict[str, Any]] = []
    for one in asked:
        try:
            data = await called(source, tool, one, with_cluster=with_cluster)
            results.append({about: one[about], "ok": True, "data": data})
        except OpsError as error:
            told = {"code": error.code, "detail": error.told(spoken())}
            results.append({about: one[about], "ok": False, "error": told})
    failed = sum(not one["ok"] for one in results)
    if output is Output.JSON:
        put_json({"done": len(results) - failed, "failed": failed, "results": results})
    else:
        put("\n".join(_of_many(one, str(one[about])) for one in results))
    return NO if failed else OK


def _of_many(one: Mapping[str, Any], name: str) -> str:
    return f"{name}  {'ok' if one['ok'] else one['error']['detail']}"


async def shown(
    source: Source,
    tool: str,
    arguments: Mapping[str, Any],
    output: Output,
    *,
    with_cluster: bool = False,
    door: str = "",
) -> int:
    """Print one thing: as JSON, or a line a field."""
    data = await called(source, tool, arguments, with_cluster=with_cluster, door=door)
    if output is Output.JSON:
        put_json(data)
    else:
        put("\n".join(fields(data)))
    return OK


def fields(data: Mapping[str, Any], indent: str = "") -> list[str]:
    """A line a field, of what holds others a line each below it; what is empty is left out."""
    told: list[str] = []
    for name, value in data.items():
        if value in ("", None, [], {}):
            continue
        rows = cast("list[object]", value) if isinstance(value, list) else []
        if rows and isinstance(rows[0], Mapping):
            told += [f"{indent}{name}:", *(f"{indent}  {_cell(one)}" for one in rows)]
        elif isinstance(value, Mapping):
            told += [f"{indent}{name}:", *fields(cast("Row", value), indent + "  ")]
        else:
            told.append(f"{indent}{name}: {_cell(cast('object', value))}")
    return told


def lines(rows: Sequence[Row], columns: Sequence[str]) -> list[str]:
    """A heading and a line a row, the columns as wide as they need to be."""
    cells = [[_cell(row.get(name)) for name in columns] for row in rows]
    return listing([name.upper() for name in columns], cells) if cells else []


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return word("yes" if value else "no", spoken())
    if isinstance(value, list):
        return ", ".join(map(_cell, value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - JSON
    if isinstance(value, Mapping):
        pairs: Mapping[str, object] = value  # pyright: ignore[reportUnknownVariableType] - JSON
        return ", ".join(f"{name}={_cell(one)}" for name, one in pairs.items())
    return "" if value is None else " ".join(str(value).split())
