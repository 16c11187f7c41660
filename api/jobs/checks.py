"""Now and then: budgets are measured, at once while days are still to be written down, and old alerts go."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from api.jobs.deliveries import JOBS
from core.clock import utc_now
from core.storage.database import Database
from core.storage.kept_alerts import KeptAlerts
from core.storage.repositories.tokens import Tokens
from mcp_servers.client import Sessions, Tools

# Metrics tell of whole hours; looking more often than a few times an hour finds nothing new.
CHECK_EVERY_S = 600.0
FORGET_EVERY = timedelta(hours=1)


class Forgetting:
    """What is over and older than what is kept goes, by one process alone."""

    def __init__(
        self,
        database: Database,
        sessions: Sessions,
        keep: timedelta,
        ours: Callable[[], Awaitable[bool]],
    ) -> None:
        self._database, self._tools, self._ours = database, Tools(sessions, JOBS), ours
        self._days = max(keep.days, 1)
        self._next_at = utc_now() + FORGET_EVERY

    async def work(self) -> datetime | None:
        """A service that has just started has other things to do."""
        if utc_now() >= self._next_at and await self._ours():
            self._next_at = utc_now() + FORGET_EVERY
            await self.forget()
        return self._next_at

    async def forget(self) -> None:
        """Alerts and what came of them; and of who signed in, what no longer lets anybody in."""
        await self._tools.call("alerting_forget_old", days=self._days)
        async with self._database.session() as session:
            await Tokens(session).forget_expired(utc_now() - timedelta(days=self._days))


class Budgets:
    """Nothing is asked of any cluster while there is no budget, and by one process alone when there is."""

    def __init__(
        self,
        store: KeptAlerts,
        sessions: Sessions,
        wake: Callable[[], None],
        ours: Callable[[], Awaitable[bool]],
    ) -> None:
        self._store, self._tools, self._wake = store, Tools(sessions, JOBS), wake
        self._ours = ours

    async def work(self) -> datetime | None:
        async with self._store.session() as tables:
            if not await tables.budgets.all():
                return None
        if not await self._ours():
            return None
        checked = (await self._tools.call("budgets_check")).data
        if checked["told"]:
            self._wake()
        return utc_now() if checked["days_missing"] else None
