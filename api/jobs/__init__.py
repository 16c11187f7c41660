"""What Midwatch does by itself, as a principal of its own."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from api.jobs.deliveries import Deliveries, Groups
from api.jobs.runner import Loop, Runner
from core.storage.kept_alerts import KeptAlerts
from mcp_servers.client import Sessions


@asynccontextmanager
async def standing(store: KeptAlerts, sessions: Sessions) -> AsyncGenerator[Callable[[], None]]:
    """The loops of a running service. Gives what wakes them when there is something to do."""
    deliveries = Deliveries(store, sessions)
    outbox = Loop("deliveries", deliveries.work)
    deliveries.again = outbox.woken.set
    groups = Loop("groups", Groups(store, sessions, outbox.woken.set).work)
    async with Runner([outbox, groups]) as runner:
        yield runner.wake
    await deliveries.stop()
