"""What Midwatch does by itself, as a principal of its own."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from api.jobs import analyses, patrols
from api.jobs.checks import CHECK_EVERY_S, Budgets, Forgetting
from api.jobs.clock import Clock
from api.jobs.deliveries import Deliveries, Groups
from api.jobs.flags import Flags, Said
from api.jobs.runner import Loop, Runner
from api.jobs.watches import LOOK_EVERY_S, Used, Watches
from api.jobs.working import Handler, Workers
from core.storage.database import Database
from core.storage.kept_alerts import KeptAlerts
from mcp_servers.client import Sessions

# What nobody waits for within the second looks no oftener than this.
REST_S = 0.25
# The outbox may be looked through twenty times a second, whoever wakes it.
PAUSE_S = 0.05
# How soon a job is seen that another process put; what this one puts wakes it.
ELSEWHERE_S = 5.0


@asynccontextmanager
async def standing(
    database: Database, sessions: Sessions, used: Used, said: Said, keep: timedelta
) -> AsyncGenerator[Callable[..., None]]:
    """The loops of a running service. Gives what wakes them when there is something to do."""
    store = KeptAlerts(database)
    deliveries = Deliveries(store, sessions)
    outbox = Loop("deliveries", deliveries.work, rest_s=PAUSE_S)
    deliveries.again = outbox.woken.set
    told = outbox.woken.set
    groups = Loop("groups", Groups(store, sessions, told).work, rest_s=REST_S)
    workers = Workers(
        store, dict[str, Handler](), ahead=partial(sessions.offered, "rca", analyses.ANALYST)
    )
    workers.handlers[analyses.KIND] = analyses.Analyses(sessions, workers.owner, told).run
    workers.handlers[patrols.KIND] = patrols.Patrols(sessions, workers.owner, told).run
    working = Loop("jobs", workers.work, ELSEWHERE_S, rest_s=REST_S)
    workers.again = working.woken.set
    scheduler = patrols.Scheduler(store, working.woken.set)
    schedule = Loop("schedule", scheduler.work, ELSEWHERE_S, rest_s=REST_S)
    checks = Budgets(store, sessions, told, scheduler.holds)
    budgets = Loop("budgets", checks.work, CHECK_EVERY_S, rest_s=REST_S)
    own = Watches(store, sessions, told, used=used, ours=scheduler.holds)
    watches = Loop("watches", own.work, LOOK_EVERY_S, rest_s=REST_S)
    judging = Flags(store, sessions, told, used=used, said=said, ours=scheduler.holds)
    flags = Loop("flags", judging.work, LOOK_EVERY_S, rest_s=REST_S)
    old = Forgetting(database, sessions, keep, scheduler.holds)
    forgetting = Loop("forgetting", old.work, CHECK_EVERY_S, rest_s=REST_S)
    loops = [outbox, groups, budgets, watches, flags, forgetting, schedule, working]
    runner = Runner(loops)
    loops.append(Loop("clock", Clock(store, runner.wake).work))
    async with runner:
        yield runner.wake
    await workers.stop()
    await scheduler.stop()
    await deliveries.stop()
