"""A tool server of others: a real one over HTTP, whose tools can be changed while it runs."""

import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import uvicorn
from mcp.server.mcpserver import Context, MCPServer
from mcp.types import CallToolResult, TextContent, Tool, ToolAnnotations
from starlette.types import ASGIApp, Receive, Scope, Send


def tool(name: str, description: str = "Look something up.", *, reads: bool | None = True) -> Tool:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"query": {"type": "string", "description": "Words."}},
        "required": ["query"],
    }
    hints = None if reads is None else ToolAnnotations(read_only_hint=reads)
    return Tool(name=name, description=description, input_schema=schema, annotations=hints)


@dataclass
class Wiki:
    """What it offers, what it answers, and what it was asked."""

    tools: list[Tool] = field(default_factory=lambda: [tool("search")])
    answer: CallToolResult = field(
        default_factory=lambda: CallToolResult(content=[TextContent(type="text", text="Page 1")])
    )
    token: str = ""
    delay_s: float = 0.0
    calls: list[tuple[str, dict[str, Any]]] = field(
        default_factory=list[tuple[str, dict[str, Any]]]
    )
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])


class _Server(MCPServer[None]):
    def __init__(self, wiki: Wiki) -> None:
        super().__init__("wiki", log_level="CRITICAL")
        self._wiki = wiki

    async def list_tools(self) -> list[Tool]:
        await anyio.sleep(self._wiki.delay_s)
        return self._wiki.tools

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[None, Any] | None = None
    ) -> CallToolResult:
        self._wiki.calls.append((name, arguments))
        await anyio.sleep(self._wiki.delay_s)
        return self._wiki.answer


@asynccontextmanager
async def serving(wiki: Wiki, port: int = 0) -> AsyncGenerator[str]:
    """Its address; over by the end of the block."""
    inner = _Server(wiki).streamable_http_app(stateless_http=True, json_response=True)
    config = uvicorn.Config(_Watched(inner, wiki), log_config=None)
    running = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", port)) as listener:
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: running.serve(sockets=[listener]))
            with anyio.fail_after(10):
                while not running.started:  # noqa: ASYNC110 - uvicorn has no event for it
                    await anyio.sleep(0.01)
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
            finally:
                running.should_exit = True


@dataclass
class _Watched:
    """Notes the headers, and asks for the token where there is one."""

    app: ASGIApp
    wiki: Wiki

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            self.wiki.headers.append(headers)
            wanted = f"Bearer {self.wiki.token}"
            if self.wiki.token and headers.get("authorization") != wanted:
                await send({"type": "http.response.start", "status": 401, "headers": []})
                await send({"type": "http.response.body", "body": b""})
                return
        await self.app(scope, receive, send)
