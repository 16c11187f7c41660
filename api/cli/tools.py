"""One tool of the cluster's servers, here or in a running Midwatch."""

from typing import Any

from api.cli.source import Source


async def called(source: Source, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Its data. Arguments that say nothing are left to the tool's defaults."""
    given = {name: value for name, value in arguments.items() if value not in ("", None, [])}
    if source.server:
        from api.cli.remote import call_tool

        return await call_tool(source, tool, given)
    from api.cli.identity import OPERATOR
    from api.editions import opened_sessions
    from mcp_servers.client import Tools

    async with opened_sessions(source.settings()) as sessions:
        return (await Tools(sessions, OPERATOR).call(tool, **given)).data
