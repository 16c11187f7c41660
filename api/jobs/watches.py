"""Midwatch's own use of models, looked at every minute by whoever holds the schedule."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from api.jobs.deliveries import JOBS
from core.clock import utc_now
from core.storage.database import Database
from core.storage.kept_alerts import KeptAlerts
from core.storage.records import UsageRow
from core.storage.repositories.usage import Usage
from mcp_servers.client import Sessions, Tools

LOOK_EVERY_S = 60.0
# The longest window of a watch that is looked at, and the most calls: the newest count.
LONGEST = timedelta(days=1)
MOST_CALLS = 20_000

Used = Callable[[datetime], Awaitable[Sequence[UsageRow]]]


def used_of(database: Database) -> Used:
    """What models were used for since then."""

    async def used(since: datetime) -> Sequence[UsageRow]:
        async with database.session() as session:
            return await Usage(session).since(since, limit=MOST_CALLS)

    return used


class Watches:
    """Nothing is read while there is no watch."""

    def __init__(
        self,
        store: KeptAlerts,
        sessions: Sessions,
        wake: Callable[[], None],
        *,
        used: Used,
        ours: Callable[[], Awaitable[bool]],
    ) -> None:
        self._store, self._tools, self._wake = store, Tools(sessions, JOBS), wake
        self._used, self._ours = used, ours

    async def work(self) -> datetime | None:
        async with self._store.session() as tables:
            if not any(one.enabled for one in await tables.watches.all()):
                return None
        if not await self._ours():
            return None
        calls = [told_call(one) for one in await self._used(utc_now() - LONGEST)]
        judged = await self._tools.call("alerting_judge_watches", calls=calls)
        if judged.data["deliveries"]:
            self._wake()
        return None


def told_call(row: UsageRow) -> dict[str, Any]:
    """As the tools that judge calls of models take one."""
    return {
        "at": row.created_at.isoformat(),
        "model": row.model,
        "user": row.subject,
        "app": row.subagent,
        "failed": row.outcome != "ok",
        "duration_ms": row.duration_ms,
        "cost_usd": row.cost_usd,
        "tokens": row.input_tokens + row.output_tokens,
    }
