"""All that waits for a time to come, put right when the clock was set back."""

from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Table, and_, bindparam, select, update

from core.storage.models import AlertGroup, Channel, Delivery, Job, Lease
from core.storage.statements import Session

DELIVERIES, CHANNELS = cast("Table", Delivery.__table__), cast("Table", Channel.__table__)
GROUPS, JOBS = cast("Table", AlertGroup.__table__), cast("Table", Job.__table__)
LEASES = cast("Table", Lease.__table__)

# Whose rows, by which key, until when they wait, and which of them wait at all.
PLACES: tuple[tuple[Table, str, str, Any], ...] = (
    (DELIVERIES, "id", "run_after", DELIVERIES.c.state == "pending"),
    (CHANNELS, "name", "rest_until", CHANNELS.c.rest_until.is_not(None)),
    (CHANNELS, "name", "lease_until", CHANNELS.c.lease_until.is_not(None)),
    (GROUPS, "key", "flush_at", GROUPS.c.flush_at.is_not(None)),
    (JOBS, "id", "run_after", JOBS.c.state == "waiting"),
    (JOBS, "id", "lease_until", JOBS.c.state == "running"),
    (LEASES, "name", "until", LEASES.c.until.is_not(None)),
)


class Waits:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def clock_went_back(self, now: datetime, by: timedelta) -> int:
        """Let everything wait as long as it would have: `by` less, but never less than until now.

        Told twice it waits less than it should, and nothing waits for longer. Gives how many rows.
        """
        return sum([await self._pulled(*place, now, by) for place in PLACES])

    async def _pulled(
        self, table: Table, key: str, at: str, waits: Any, now: datetime, by: timedelta
    ) -> int:
        query = select(table.c[key], table.c[at]).where(and_(waits, table.c[at] > now))
        rows = (await self._session.execute(query)).all()
        if not rows:
            return 0
        pulled = update(table).where(table.c[key] == bindparam("of"))
        values = [{"of": name, "then": max(now, then - by)} for name, then in rows]
        await self._session.execute(pulled.values({at: bindparam("then")}), values)
        return len(rows)
