"""The calls of `client` to the many servers behind one address, over MCP's HTTP."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolRequest, CallToolRequestParams, CallToolResult

from core.errors import OpsError, Unauthenticated, UpstreamUnavailable
from core.http import client as http_client
from core.principal import Principal
from mcp_servers.backends.addresses import host_of
from mcp_servers.calling import answered, spec_of
from mcp_servers.facts.tools import Answer, ToolSpec
from mcp_servers.sentences import SENTENCES

# An investigation asks many things of a slow cluster.
CALL_TIMEOUT_S = 60.0


@dataclass
class _Wire:
    """Remembers the last HTTP status, which the SDK's errors leave out."""

    url: str
    status: int = 0

    async def heard(self, response: httpx2.Response) -> None:
        self.status = response.status_code

    def failure(self) -> OpsError:
        if self.status in (401, 403):
            return SENTENCES.error(Unauthenticated, "token_not_accepted", host_of=host_of(self.url))
        key = "server_status" if self.status >= 400 else "server_away"
        facts = {"host": host_of(self.url), "status": self.status}
        return SENTENCES.error(UpstreamUnavailable, key, **facts)


@dataclass(frozen=True)
class OverHttp:
    """An open session; its token alone says whose every call is."""

    client: Client
    wire: _Wire

    async def itself(self) -> "OverHttp":
        """For `Sessions`, which asks for a line when it uses it."""
        return self

    async def listed(self, _: Principal) -> list[ToolSpec]:
        """What the other side shows the holder of the token."""
        return [spec_of(one) for one in (await self.client.list_tools()).tools]

    async def call(self, name: str, arguments: Mapping[str, Any], _: Principal) -> Answer:
        """One call. Raises the `OpsError` that the tool raised."""
        # The session's own call_tool would check our output against our schema once more.
        params = CallToolRequestParams(name=name, arguments=dict(arguments))
        try:
            result = await self.client.session.send_request(
                CallToolRequest(params=params), CallToolResult
            )
        except (MCPError, httpx2.HTTPError) as error:
            raise self.wire.failure() from error
        return answered(result)


@asynccontextmanager
async def at_address(url: str, token: str) -> AsyncGenerator[tuple[OverHttp, frozenset[str]]]:
    """The line to an MCP address, and the names of the servers behind it."""
    wire, headers = _Wire(url), {"Authorization": f"Bearer {token}"}
    async with AsyncExitStack() as stack:
        http = http_client(url, headers=headers, timeout_s=CALL_TIMEOUT_S)
        http.event_hooks = {"response": [wire.heard]}
        await stack.enter_async_context(http)
        transport = streamable_http_client(url, http_client=http)
        try:
            client = await stack.enter_async_context(Client(transport, cache=None))
            names = {tool.name.partition("_")[0] for tool in (await client.list_tools()).tools}
        except (ExceptionGroup, MCPError, httpx2.HTTPError) as error:
            raise wire.failure() from error
        yield OverHttp(client, wire), frozenset(names)
