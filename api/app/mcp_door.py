"""The door of `/mcp`. What is behind it is loaded when somebody first comes in."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.types import Receive, Scope, Send

from api.dependencies import Opened
from api.turns.running import Turns
from mcp_servers.client import load_mcp

if TYPE_CHECKING:
    from api.mcp_gateway.endpoint import Endpoint


class McpDoor:
    """What the router calls; `app.state.mcp` opens the endpoint."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint: Endpoint = await scope["app"].state.mcp.get()
        await endpoint(scope, receive, send)


@asynccontextmanager
async def mcp_endpoint(opened: Opened, turns: Turns) -> AsyncGenerator["Endpoint"]:
    def loaded() -> "Endpoint":
        load_mcp()
        from api.mcp_gateway.endpoint import endpoint

        return endpoint(opened, turns)

    made = await asyncio.to_thread(loaded)
    async with made.running():
        yield made
