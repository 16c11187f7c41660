"""Jobs: whoever holds the lease of one does it, and nobody else."""

from dataclasses import asdict
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.storage.alert_records import JobRow
from core.storage.models import Job
from core.storage.repositories.mapping import insert_new, record

JOBS = cast("Table", Job.__table__)


class Jobs:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, row: JobRow) -> None:
        """Add a job, unless there is one with its idempotency key."""
        await insert_new(self._session, JOBS, [asdict(row)], "idempotency_key")

    async def claim(self, owner: str, now: datetime, until: datetime) -> JobRow | None:
        """Take the lease of the job that has waited longest, also of one whose lease ran out."""
        candidate = select(JOBS.c.id).where(_open(now)).order_by(JOBS.c.run_after).limit(1)
        found = (await self._session.execute(candidate)).scalar()
        if found is None:
            return None
        leased = {
            "state": "leased",
            "lease_owner": owner,
            "lease_until": until,
            "attempts": JOBS.c.attempts + 1,
            "updated_at": now,
        }
        taken = update(JOBS).where(JOBS.c.id == found, _open(now)).values(**leased).returning(JOBS)
        row = (await self._session.execute(taken)).first()
        return record(JobRow, row) if row else None

    async def renew(self, job_id: str, owner: str, until: datetime) -> bool:
        """False when the lease is somebody else's by now."""
        return await self._of_mine(job_id, owner, lease_until=until)

    async def end(self, job_id: str, owner: str, **values: Any) -> bool:
        """Write how it ended, if the lease is still ours."""
        return await self._of_mine(job_id, owner, lease_until=None, **values)

    async def wake(self, key: str, now: datetime) -> None:
        """Let a waiting job run now."""
        waits = (JOBS.c.idempotency_key == key) & (JOBS.c.run_after > now)
        await self._session.execute(update(JOBS).where(waits).values(run_after=now))

    async def next_due(self) -> datetime | None:
        query = select(JOBS.c.run_after).where(JOBS.c.state == "pending")
        return (await self._session.execute(query.order_by(JOBS.c.run_after).limit(1))).scalar()

    async def get(self, key: str) -> JobRow | None:
        found = (
            await self._session.execute(select(JOBS).where(JOBS.c.idempotency_key == key))
        ).first()
        return record(JobRow, found) if found else None

    async def _of_mine(self, job_id: str, owner: str, **values: Any) -> bool:
        mine = (JOBS.c.id == job_id) & (JOBS.c.lease_owner == owner) & (JOBS.c.state == "leased")
        done = update(JOBS).where(mine).values(**values).returning(JOBS.c.id)
        return (await self._session.execute(done)).first() is not None


def _open(now: datetime) -> Any:
    """Pending and due, or left behind by somebody whose lease ran out."""
    return or_(
        and_(JOBS.c.state == "pending", JOBS.c.run_after <= now),
        and_(JOBS.c.state == "leased", JOBS.c.lease_until <= now),
    )
