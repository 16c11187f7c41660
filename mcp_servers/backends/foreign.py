"""An MCP server of others: what it offers, and one call of it. Nothing it says is believed here."""

import asyncio
from collections.abc import Mapping
from typing import Any, cast

import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolRequest, CallToolRequestParams, CallToolResult, Tool

from core.errors import Invalid, OpsError, UpstreamUnavailable
from core.http import client as http_client
from core.http import is_plain_loopback
from mcp_servers.backends import ForeignAddress
from mcp_servers.backends.addresses import host_of
from mcp_servers.backends.sentences import SENTENCES

# A list that goes on for ever must not fill the memory.
MOST_PAGES = 10
LISTING_TIMEOUT_S = 5.0


class ForeignServer:
    """Opens a session for each question: it needs no upkeep, and a restarted server is no matter."""

    def __init__(self, address: ForeignAddress) -> None:
        """Raises `Invalid` for an address over which token and answers could be read on the way."""
        if not address.url.startswith("https:") and not is_plain_loopback(address.url):
            raise SENTENCES.error(
                Invalid, "foreign_plain", name=address.name, setting=address.name.upper()
            )
        self.address = address
        headers = {"Authorization": f"Bearer {address.token}"} if address.token else None
        self._http = http_client(address.url, headers=headers, timeout_s=address.timeout_s)

    async def close(self) -> None:
        await self._http.aclose()

    async def tools(self) -> list[Tool]:
        """All it offers. Raises `UpstreamUnavailable`."""
        found: list[Tool] = []

        async def ask(client: Client) -> None:
            cursor: str | None = None
            for _ in range(MOST_PAGES):
                page = await client.list_tools(cursor=cursor)
                found.extend(page.tools)
                cursor = page.next_cursor
                if not cursor:
                    return

        await self._asked(ask, min(LISTING_TIMEOUT_S, self.address.timeout_s))
        return found

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> CallToolResult:
        """One call; never made twice. Raises `UpstreamUnavailable`."""
        answers: list[CallToolResult] = []

        async def ask(client: Client) -> None:
            # The session's own call_tool would first list all tools, to check what it was answered.
            params = CallToolRequestParams(name=tool, arguments=dict(arguments))
            request = CallToolRequest(params=params)
            answers.append(await client.session.send_request(request, CallToolResult))

        await self._asked(ask, self.address.timeout_s)
        return answers[0]

    async def _asked(self, ask: Any, timeout_s: float) -> None:
        failure: OpsError | None = None
        try:
            async with asyncio.timeout(timeout_s):
                transport = streamable_http_client(self.address.url, http_client=self._http)
                async with Client(transport, cache=None) as client:
                    try:
                        await ask(client)
                    except MCPError as error:  # out of the task group it would come in a group
                        failure = self._broken(str(error))
        except TimeoutError:
            raise self._failure("foreign_slow", seconds=f"{timeout_s:g}") from None
        except (ExceptionGroup, MCPError, httpx2.HTTPError) as error:
            cause = _cause(error)
            if isinstance(cause, httpx2.TimeoutException):  # the client's own limit came first
                raise self._failure("foreign_slow", seconds=f"{timeout_s:g}") from error
            raise self._broken(str(cause) or type(cause).__name__) from error
        if failure:
            raise failure

    def _broken(self, why: str) -> UpstreamUnavailable:
        return self._failure("foreign_failed", why=why[:200])

    def _failure(self, key: str, **facts: str) -> UpstreamUnavailable:
        name, host = self.address.name, host_of(self.address.url)
        return SENTENCES.error(UpstreamUnavailable, key, name=name, host=host, **facts)


def _cause(error: BaseException) -> BaseException:
    """The first failure inside the groups of the SDK's tasks."""
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        return _cause(group.exceptions[0])
    return error
