"""Subscriptions of the older protocol (`resources/subscribe`), where a connection is one client's session.

What is subscribed to is read again and again, as for `subscriptions/listen`.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.types import EmptyResult, SubscribeRequestParams, UnsubscribeRequestParams

from api.mcp_gateway.listening import EVERY_S, MOST_ADDRESSES, changed, digest
from api.mcp_gateway.offering import refusals_told, spoken
from api.mcp_gateway.sentences import SENTENCES
from core.errors import Invalid
from core.principal import Principal
from mcp_servers.client import Sessions, Tools

Context = ServerRequestContext[Any, Any]
Tell = Callable[[str], Any]


class Subscribing:
    """What one session subscribed to, by address; open one for the connection."""

    def __init__(self, sessions: Sessions, principal: Principal, every_s: float) -> None:
        self._tools, self._principal, self._every_s = Tools(sessions, principal), principal, every_s
        self._seen: dict[str, str] = {}
        self._tell: Tell | None = None

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, sessions: Sessions, principal: Principal, every_s: float = EVERY_S
    ) -> AsyncGenerator["Subscribing"]:
        one = cls(sessions, principal, every_s)
        watching = asyncio.create_task(one.watch())
        try:
            yield one
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    def serve(self, server: Server[Any]) -> None:
        """Have `server` answer the methods of the older protocol by this."""
        server.add_request_handler("resources/subscribe", SubscribeRequestParams, self.subscribe)
        server.add_request_handler(
            "resources/unsubscribe", UnsubscribeRequestParams, self.unsubscribe
        )

    async def subscribe(self, context: Context, params: SubscribeRequestParams) -> EmptyResult:
        """Raises for an address that this caller cannot read, and for more than the bounds."""
        async with refusals_told(spoken(self._principal, context.request)):
            if len(self._seen) >= MOST_ADDRESSES and params.uri not in self._seen:
                raise SENTENCES.error(Invalid, "many_subscriptions", most=MOST_ADDRESSES)
            self._seen[params.uri] = await digest(params.uri, self._tools)
        self._tell = context.session.send_resource_updated
        return EmptyResult()

    async def unsubscribe(self, _context: Context, params: UnsubscribeRequestParams) -> EmptyResult:
        """Of what nobody subscribed to, nothing is said."""
        self._seen.pop(params.uri, None)
        return EmptyResult()

    async def watch(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(self._every_s)
            for address in await changed(self._seen, self._tools):
                if self._tell and address in self._seen:
                    await self._tell(address)
