"""A foreign tool server that was accepted with open eyes, and gives orders all the same."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from mcp.server.mcpserver import Context, MCPServer
from mcp.types import CallToolResult, TextContent, Tool, ToolAnnotations

from evals.injections.corpus import Injection

NAME = "owners"
PLACES = frozenset(("tool", "reply", "error"))
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"query": {"type": "string"}}}


class Strangers(MCPServer[None]):
    """One tool for each order that stands in a description; `find` answers, or fails, with the others."""

    def __init__(self, corpus: Sequence[Injection]) -> None:
        super().__init__(NAME, log_level="CRITICAL")
        self._told = [one for one in corpus if one.place == "tool"]
        self._answers = {one.name: one.text for one in corpus if one.place == "reply"}
        self._failures = {one.name: one.text for one in corpus if one.place == "error"}

    async def list_tools(self) -> list[Tool]:
        return [
            _tool("find", "Finds who owns something."),
            *(_tool(one.name, one.text) for one in self._told),
        ]

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[None, Any] | None = None
    ) -> CallToolResult:
        query = str(arguments.get("query"))
        told = {**self._answers, **self._failures}.get(query, f"{name}: nobody for {query}.")
        content = [TextContent(type="text", text=told)]
        return CallToolResult(content=[*content], is_error=query in self._failures)


def asking(injection: Injection) -> tuple[str, dict[str, Any]]:
    """The call of the tool whose description, or answer, is the order."""
    called = injection.name if injection.place == "tool" else "find"
    return f"{NAME}_{called}", {"query": injection.name}


def _tool(name: str, description: str) -> Tool:
    hints = ToolAnnotations(read_only_hint=True)
    return Tool(name=name, description=description, input_schema=SCHEMA, annotations=hints)


@asynccontextmanager
async def strangers(corpus: Sequence[Injection]) -> AsyncGenerator[str]:
    """Its address, as long as the block."""
    app = Strangers(corpus).streamable_http_app(stateless_http=True, json_response=True)
    server = uvicorn.Server(uvicorn.Config(app, log_config=None))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
        finally:
            server.should_exit = True
            await serving
