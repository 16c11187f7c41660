"""The calls of `client`, as MCP has them: to a server of this process, or to one address.

Importing MCP is a sixth of what starting costs, so `client` imports this with the first call.
No MCP type leaves this module.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolRequest, CallToolRequestParams, CallToolResult, TextContent
from mcp.types import Tool as Listing

from core.errors import OpsError, Unauthenticated, UpstreamUnavailable, from_code
from core.http import client as http_client
from core.principal import Principal
from mcp_servers.access import ToolServer
from mcp_servers.backends.addresses import host_of
from mcp_servers.caller import acting_as
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
        told = f" (status {self.status})" if self.status >= 400 else ""
        return UpstreamUnavailable(f"The tool server at {host_of(self.url)} does not answer{told}.")


@dataclass(frozen=True)
class Line:
    """An open session with one tool server, or with the many behind one address."""

    client: Client
    wire: _Wire | None = None

    async def itself(self) -> "Line":
        """For `Sessions`, which asks for a line when it uses it."""
        return self

    async def listed(self, principal: Principal) -> list[ToolSpec]:
        """What the other side shows this caller."""
        with acting_as(principal):
            tools = (await self.client.list_tools()).tools
        return [_spec(one) for one in tools]

    async def call(self, name: str, arguments: Mapping[str, Any], principal: Principal) -> Answer:
        """One call as `principal`. Raises the `OpsError` that the tool raised."""
        # The session's own call_tool would check our output against our schema once more.
        params = CallToolRequestParams(name=name, arguments=dict(arguments))
        try:
            with acting_as(principal):
                result = await self.client.session.send_request(
                    CallToolRequest(params=params), CallToolResult
                )
        except (MCPError, httpx2.HTTPError) as error:
            if self.wire:
                raise self.wire.failure() from error
            raise SENTENCES.error(
                UpstreamUnavailable, "server_silent", name=name, error=str(error)
            ) from error
        text = "\n".join(one.text for one in result.content if isinstance(one, TextContent))
        data: dict[str, Any] = result.structured_content or {}
        if result.is_error:
            raise _raised(text, data)
        return Answer(text, data)


@asynccontextmanager
async def in_memory(server: ToolServer) -> AsyncGenerator[Line]:
    async with Client(server, cache=None) as client:
        yield Line(client)


@asynccontextmanager
async def at_address(url: str, token: str) -> AsyncGenerator[tuple[Line, frozenset[str]]]:
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
        yield Line(client, wire), frozenset(names)


def _spec(tool: Listing) -> ToolSpec:
    return ToolSpec(
        name=tool.name,
        server=tool.name.partition("_")[0],
        description=tool.description or "",
        input_schema=tool.input_schema,
        changes=not (tool.annotations and tool.annotations.read_only_hint),
        once=bool(tool.annotations and tool.annotations.idempotent_hint),
    )


def _raised(text: str, data: Mapping[str, Any]) -> OpsError:
    """The error as it was before it crossed the wire; a masked bug has only its text."""
    if "code" not in data:
        return OpsError(text)
    hint, reason = str(data.get("hint") or ""), str(data.get("reason") or "")
    return from_code(str(data["code"]), str(data["message"]), hint, reason, data.get("texts") or {})
