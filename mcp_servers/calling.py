"""The calls of `client` to a server of this process: it is called as it is, without MCP's messages.

Importing MCP is a sixth of what starting costs, so `client` imports this with the first call.
No MCP type leaves this module and the one beside it.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from mcp.types import CallToolResult, TextContent
from mcp.types import Tool as Listing

from core.errors import OpsError, from_code
from core.principal import Principal
from mcp_servers.access import ToolServer
from mcp_servers.caller import acting_as
from mcp_servers.facts.tools import Answer, ToolSpec


class Line(Protocol):
    """The way to one tool server, or to the many behind one address."""

    async def listed(self, principal: Principal, /) -> list[ToolSpec]:
        """What the other side shows this caller."""
        ...

    async def call(
        self, name: str, arguments: Mapping[str, Any], principal: Principal, /
    ) -> Answer:
        """One call as `principal`. Raises the `OpsError` that the tool raised."""
        ...


@dataclass(frozen=True)
class InMemory:
    """A server of this process."""

    server: ToolServer

    async def itself(self) -> "InMemory":
        """For `Sessions`, which asks for a line when it uses it."""
        return self

    async def listed(self, principal: Principal, /) -> list[ToolSpec]:
        """What the server shows this caller."""
        with acting_as(principal):
            return [spec_of(one) for one in await self.server.list_tools()]

    async def call(
        self, name: str, arguments: Mapping[str, Any], principal: Principal, /
    ) -> Answer:
        """One call as `principal`. Raises the `OpsError` that the tool raised."""
        with acting_as(principal):
            return answered(await self.server.answer(name, dict(arguments)))


@asynccontextmanager
async def in_memory(server: ToolServer) -> AsyncGenerator[InMemory]:
    yield InMemory(server)


def spec_of(tool: Listing) -> ToolSpec:
    """A tool as the rest of us knows it."""
    return ToolSpec(
        name=tool.name,
        server=tool.name.partition("_")[0],
        description=tool.description or "",
        input_schema=tool.input_schema,
        changes=not (tool.annotations and tool.annotations.read_only_hint),
        once=bool(tool.annotations and tool.annotations.idempotent_hint),
    )


def answered(result: CallToolResult) -> Answer:
    """What a call brought. Raises the `OpsError` that the tool raised."""
    text = "\n".join(one.text for one in result.content if isinstance(one, TextContent))
    data: dict[str, Any] = result.structured_content or {}
    if result.is_error:
        raise _raised(text, data)
    return Answer(text, data)


def _raised(text: str, data: Mapping[str, Any]) -> OpsError:
    """The error as it was before it became a result; a masked bug has only its text."""
    if "code" not in data:
        return OpsError(text)
    hint, reason = str(data.get("hint") or ""), str(data.get("reason") or "")
    return from_code(str(data["code"]), str(data["message"]), hint, reason, data.get("texts") or {})
