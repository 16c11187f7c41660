"""What Midwatch does by itself, as a principal of its own."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from api.jobs.analyses import KIND, Analyses
from api.jobs.checks import CHECK_EVERY_S, Budgets
from api.jobs.deliveries import Deliveries, Groups
from api.jobs.runner import Loop, Runner
from api.jobs.working import Workers
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
    workers = Workers(store, {})
    workers.handlers[KIND] = Analyses(sessions, workers.owner, outbox.woken.set).run
    working = Loop("jobs", workers.work)
    workers.again = working.woken.set
    async with Runner([outbox, groups, budgets, working]) as runner:
        yield runner.wake
    await workers.stop()
    await deliveries.stop()
