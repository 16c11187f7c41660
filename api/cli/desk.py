"""Tools over this installation's alerts and channels, or those of a running Midwatch; lists as text."""

from collections.abc import Mapping, Sequence
from typing import Any

from api.cli.outcome import OK, put, put_json
from api.cli.source import Output, Source

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
        put("\n".join([*lines(data["rows"], columns), data["shown"]]))
    return OK


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
        put("\n".join(f"{name}: {_cell(value)}" for name, value in data.items() if value != ""))
    return OK


def lines(rows: Sequence[Row], columns: Sequence[str]) -> list[str]:
    """A heading and a line a row, the columns as wide as they need to be."""
    cells = [[_cell(row.get(name)) for name in columns] for row in rows]
    table = [[name.upper() for name in columns], *cells] if cells else []
    widths = [max(len(row[n]) for row in table) for n in range(len(columns))] if table else []
    return [
        "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in table
    ]


def _cell(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_cell, value))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - JSON
    if isinstance(value, Mapping):
        pairs: Mapping[str, object] = value  # pyright: ignore[reportUnknownVariableType] - JSON
        return ", ".join(f"{name}={_cell(one)}" for name, one in pairs.items())
    return "" if value is None else " ".join(str(value).split())
