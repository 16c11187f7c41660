"""What Midwatch does by itself, as a principal of its own."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from api.jobs.checks import CHECK_EVERY_S, Budgets
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
    budgets = Loop("budgets", Budgets(store, sessions, outbox.woken.set).work, CHECK_EVERY_S)
    async with Runner([outbox, groups, budgets]) as runner:
        yield runner.wake
    await deliveries.stop()
