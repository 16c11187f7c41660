"""Smart functions, looked at every minute by whoever holds the schedule: how they do decides whether they stay on."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from api.jobs.deliveries import JOBS
from api.jobs.watches import LONGEST, Used, told_call
from core.clock import utc_now
from core.storage.database import Database
from core.storage.kept_alerts import KeptAlerts
from core.storage.records import FeedbackRow
from core.storage.repositories.feedback import Feedbacks
from mcp_servers.client import Sessions, Tools

OFFLINE = "offline"
# Calls of models that answered nobody, as the usage log has them.
SHADOW = "shadow"
# Answers that people said something of; the newest count.
MOST_VERDICTS = 2000

Said = Callable[[datetime], Awaitable[Sequence[FeedbackRow]]]


def said_of(database: Database) -> Said:
    """What people said of answers since then."""

    async def said(since: datetime) -> Sequence[FeedbackRow]:
        async with database.session() as session:
            rows = (await Feedbacks(session).page(limit=MOST_VERDICTS)).rows
        return [one for one in rows if one.said_at >= since]

    return said


class Flags:
    """Nothing is read while no flag is set."""

    def __init__(
        self,
        store: KeptAlerts,
        sessions: Sessions,
        wake: Callable[[], None],
        *,
        used: Used,
        said: Said,
        ours: Callable[[], Awaitable[bool]],
    ) -> None:
        self._store, self._tools, self._wake = store, Tools(sessions, JOBS), wake
        self._used, self._said, self._ours = used, said, ours

    async def work(self) -> datetime | None:
        async with self._store.session() as tables:
            if not await tables.flags.all():
                return None
        if not await self._ours():
            return None
        judged = await self._tools.call("alerting_judge_flags", **await self._seen())
        if judged.data["deliveries"]:
            self._wake()
        return None

    async def _seen(self) -> dict[str, Any]:
        """Rules cost nothing and are not judged here; feedback counts where a model had a part in the answer,

        which it has not in shadow.
        """
        since = utc_now() - LONGEST
        calls = [one for one in await self._used(since) if one.provider != OFFLINE]
        runs = {one.run_id for one in calls if one.subagent != SHADOW}
        said = [one for one in await self._said(since) if one.run_id in runs]
        verdicts = [{"at": one.said_at.isoformat(), "right": one.helpful} for one in said]
        return {"calls": [told_call(one) for one in calls], "verdicts": verdicts}
