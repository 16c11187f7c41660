"""Whether what a client subscribed to has changed: it is read again and again, with that caller's own rights.

So nobody is told of a change in what they may not read, and a change by another process is noticed too.
"""

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ResourceUpdated
from mcp.types import SubscriptionsListenRequestParams, SubscriptionsListenResult

from api.mcp_gateway import resources
from api.mcp_gateway.offering import refusals_told, spoken
from api.mcp_gateway.sentences import SENTENCES
from core.errors import Invalid, OpsError
from core.principal import Principal
from core.telemetry import logger
from mcp_servers.client import Sessions, Tools

Context = ServerRequestContext[Any, Any]
MOST_ADDRESSES = 20
MOST_STREAMS = 100
EVERY_S = 5.0
log = logger("midwatch.mcp")


class Listening:
    """Serves `subscriptions/listen`: one call is one stream, until its client hangs up."""

    def __init__(
        self,
        sessions: Sessions,
        caller: Callable[[Context], Principal],
        every_s: float = EVERY_S,
    ) -> None:
        self._sessions, self._caller, self._every_s = sessions, caller, every_s
        self._open = 0

    async def __call__(
        self, context: Context, params: SubscriptionsListenRequestParams
    ) -> SubscriptionsListenResult:
        """Raises for an address that this caller cannot read, and for more than the bounds."""
        addresses = list(dict.fromkeys(params.notifications.resource_subscriptions or ()))
        principal = self._caller(context)
        tools, bus = Tools(self._sessions, principal), InMemorySubscriptionBus()
        async with refusals_told(spoken(principal, context.request)):
            if len(addresses) > MOST_ADDRESSES or self._open >= MOST_STREAMS:
                raise SENTENCES.error(Invalid, "many_subscriptions", most=MOST_ADDRESSES)
            seen = {one: await digest(one, tools) for one in addresses}
        self._open += 1
        watching = asyncio.create_task(self._watch(seen, tools, bus))
        try:
            return await ListenHandler(bus)(context, params)
        finally:
            self._open -= 1
            watching.cancel()

    async def _watch(
        self, seen: dict[str, str], tools: Tools, bus: InMemorySubscriptionBus
    ) -> None:
        while seen:
            await asyncio.sleep(self._every_s)
            for address in await changed(seen, tools):
                await bus.publish(ResourceUpdated(uri=address))


async def changed(seen: dict[str, str], tools: Tools) -> list[str]:
    """The addresses whose digest is another by now; it is noted in `seen`, where nobody took it out."""
    found: list[str] = []
    for address, before in list(seen.items()):
        try:
            now = await digest(address, tools)
        except OpsError as error:  # it may answer again; what is gone is told when it was there
            log.info("subscription.unread", uri=address, error=str(error))
            now = ""
        if now != before and address in seen:
            seen[address] = now
            found.append(address)
    return found


async def digest(address: str, tools: Tools) -> str:
    found = await resources.read(address, tools)
    return hashlib.sha256(found.text.encode()).hexdigest()
