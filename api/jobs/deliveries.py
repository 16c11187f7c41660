"""The outbox and the groups of alerts, worked off as soon as something in them is due."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import orjson

from core.clock import utc_now
from core.principal import Permission, Principal
from core.storage.kept_alerts import KeptAlerts
from core.telemetry import logger
from mcp_servers.client import Sessions, Tools

JOBS = Principal(
    "midwatch:jobs",
    roles=frozenset({"jobs"}),
    itself=True,
    permissions=frozenset({Permission.DELIVERIES_RUN}),
)
# How long messages that are being sent may take when the service stops: a send is 5 s at most.
GRACE_S = 8.0
ESCALATE_EVERY = timedelta(seconds=15)
log = logger("midwatch.jobs")


class Deliveries:
    """Each channel has a task of its own, so that one that hangs holds up nobody else.

    When it ends, what waits is looked through again.
    """

    def __init__(self, store: KeptAlerts, sessions: Sessions) -> None:
        self._store, self._tools = store, Tools(sessions, JOBS)
        self._sending: dict[str, asyncio.Task[None]] = {}
        self.again: Callable[[], None] = lambda: None

    async def work(self) -> datetime | None:
        """Start sending wherever something is due; who is at it goes on."""
        async with self._store.session() as tables:
            waiting = await tables.outbox.waiting_since()
        now = utc_now()
        for name, at in waiting.items():
            if at <= now and name not in self._sending:
                task = asyncio.create_task(self._send(name))
                self._sending[name] = task
                task.add_done_callback(lambda done, name=name: self._ended(name, done))
        return min((at for at in waiting.values() if at > now), default=None)

    async def stop(self) -> None:
        """Let what is being sent be sent and written down: else it would be sent again."""
        if self._sending:
            await asyncio.wait(list(self._sending.values()), timeout=GRACE_S)
        for task in list(self._sending.values()):
            task.cancel()

    async def _send(self, name: str) -> None:
        await self._tools.call("channels_deliver_due", channel=name)

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        del self._sending[name]
        failure = None if task.cancelled() else task.exception()
        if failure:
            log.warning("deliveries.failed", channel=name, why=str(failure))
        else:
            self.again()


class Groups:
    """Groups that are to be told, and alerts that nobody acknowledged."""

    def __init__(self, store: KeptAlerts, sessions: Sessions, wake: Callable[[], None]) -> None:
        self._store, self._tools, self._wake = store, Tools(sessions, JOBS), wake
        self._escalated_at = utc_now()
        self._takers: object = None
        self._looked_at = datetime.min.replace(tzinfo=UTC)

    async def work(self) -> datetime | None:
        now = utc_now()
        if now - self._looked_at >= ESCALATE_EVERY:
            self._looked_at = now
            await self._catch_up()
        async with self._store.session() as tables:
            flush_at = await tables.alerts.next_flush()
        late = now - self._escalated_at >= ESCALATE_EVERY and await self._escalates()
        if late or (flush_at and flush_at <= now):
            self._escalated_at = now
            ran = await self._tools.call("alerting_run_due")
            if ran.data["deliveries"]:
                self._wake()
            return None
        return flush_at

    async def _catch_up(self) -> None:
        """Where channels or routes have changed, and at first, somebody may hear what nobody did."""
        async with self._store.session() as tables:
            kept, channels = await tables.alerts.policy(), await tables.channels.all()
            on = [(one.name, one.updated_at) for one in channels if one.enabled]
            takers = (kept.version if kept else 0, on)
            if takers == self._takers or not on or not await tables.alerts.untold(limit=1):
                self._takers = takers
                return
        if (await self._tools.call("alerting_tell_unheard")).data["deliveries"]:
            self._wake()
        self._takers = takers

    async def _escalates(self) -> bool:
        """Whether the policy escalates at all, and there is something that fires."""
        self._escalated_at = utc_now()
        async with self._store.session() as tables:
            kept = await tables.alerts.policy()
            if kept is None or b'"escalate":[' not in orjson.dumps(kept.document):
                return False
            return bool(await tables.alerts.latest(status="firing", limit=1))
