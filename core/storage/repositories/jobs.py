"""Jobs: put once, taken by one, and ended by who still holds the lease."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, and_, bindparam, case, delete, func, or_, select, update

from core.storage.job_records import JobRow
from core.storage.models import Job, Lease
from core.storage.repositories.mapping import columns, insert_new, insert_of, record, upsert
from core.storage.statements import Session

JOBS, LEASES = cast("Table", Job.__table__), cast("Table", Lease.__table__)
# Taken away from who has it: when it ends, it ends without effect.
LATEST = (
    select(JOBS)
    .where(JOBS.c.kind == bindparam("of"), JOBS.c.about == bindparam("with"))
    .order_by(JOBS.c.created_at.desc(), JOBS.c.id)
    .limit(1)
)
FREE: Mapping[str, Any] = {"lease_owner": "", "lease_until": None}


def _due(now: Any) -> Any:
    return and_(JOBS.c.state == "waiting", JOBS.c.run_after <= now)


def _left(now: Any, *, tries: bool = True) -> Any:
    """Running, as far as its dead process knew."""
    left = and_(JOBS.c.state == "running", JOBS.c.lease_until <= now)
    return and_(left, JOBS.c.attempts < JOBS.c.most_attempts) if tries else left


# Asked for many times a second, and mostly in vain.
MINE = JOBS.c.kind.in_(bindparam("kinds", expanding=True))
OPEN = or_(_due(bindparam("now")), _left(bindparam("now"), tries=False))
ANY_OPEN = select(JOBS.c.id).where(MINE, OPEN).limit(1)
NEXT_DUE = select(func.min(JOBS.c.run_after)).where(MINE, JOBS.c.state == "waiting")


class Jobs:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def put(self, rows: Sequence[JobRow]) -> None:
        """Add jobs; one whose key is there already is not added again."""
        await insert_new(self._session, JOBS, [columns(row) for row in rows], "key")

    async def save(self, row: JobRow) -> None:
        await upsert(self._session, JOBS, [row], "id")

    async def take(
        self, kinds: Collection[str], owner: str, now: datetime, until: datetime
    ) -> JobRow | None:
        """The most urgent one that is due, or whose lease ran out, for oneself until then."""
        asked = {"kinds": list(kinds), "now": now}
        if (await self._session.execute(ANY_OPEN, asked)).first() is None:
            return None  # the common case, in which nothing is written
        await self._bury(now)
        # One's own goes on, even where its beats came late.
        free = or_(_due(now), and_(_left(now), JOBS.c.lease_owner != owner))
        first = (
            select(JOBS.c.id)
            .where(JOBS.c.kind.in_(list(kinds)), free)
            .order_by(JOBS.c.priority, JOBS.c.run_after, JOBS.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        started = func.coalesce(JOBS.c.started_at, now)
        values = {"lease_owner": owner, "lease_until": until, "attempts": JOBS.c.attempts + 1}
        taken = (
            update(JOBS)
            .where(JOBS.c.id == first.scalar_subquery(), free)
            .values(**values, state="running", started_at=started)
            .returning(JOBS)
        )
        found = (await self._session.execute(taken)).first()
        return record(JobRow, found) if found else None

    async def keep(self, job_id: str, owner: str, until: datetime, progress: str) -> bool:
        """Hold on to a job. False when it was cancelled, or somebody else has it."""
        return await self._change(
            _held(job_id, owner), {"lease_until": until, "progress": progress[:200]}
        )

    async def finish(
        self, job_id: str, owner: str, at: datetime, result: Mapping[str, Any]
    ) -> bool:
        """Done; False, and nothing of this session is to be kept, when it is not one's own any more."""
        done = {"state": "done", "finished_at": at, "result": dict(result), "error": "", **FREE}
        return await self._change(_held(job_id, owner), done)

    async def settle(self, job_id: str, owner: str, at: datetime) -> bool:
        """Done, and what it was about is forgotten: only that it was is kept."""
        done: dict[str, Any] = {"state": "done", "finished_at": at, "error": "", **FREE}
        return await self._change(_held(job_id, owner), {**done, "arguments": {}})

    async def put_back(
        self, job_id: str, owner: str, run_after: datetime, why: str, *, counts: bool = True
    ) -> bool:
        """To be tried again, or dead when that was the last try. Without `counts` it was no try."""
        last = JOBS.c.attempts >= JOBS.c.most_attempts
        values: dict[str, Any] = {
            "run_after": run_after,
            "error": why[:500],
            "progress": "",
            **FREE,
        }
        if counts:
            values["state"] = case((last, "dead"), else_="waiting")
            values["finished_at"] = case((last, run_after), else_=None)
        else:
            values |= {"state": "waiting", "attempts": JOBS.c.attempts - 1}
        return await self._change(_held(job_id, owner), values)

    async def cancel(self, job_id: str, at: datetime, why: str) -> bool:
        """False when it had ended already."""
        open_ = and_(JOBS.c.id == job_id, JOBS.c.state.in_(("waiting", "running")))
        gone = {"state": "cancelled", "finished_at": at, "error": why[:500], **FREE}
        return await self._change(open_, gone)

    async def again(self, job_id: str, now: datetime) -> bool:
        """From the start, whatever came of it; False while it waits or runs."""
        ended = and_(JOBS.c.id == job_id, JOBS.c.state.in_(("done", "dead", "cancelled")))
        fresh = {"state": "waiting", "attempts": 0, "run_after": now, "finished_at": None}
        return await self._change(
            ended, {**fresh, "started_at": None, "progress": "", "error": "", "result": {}}
        )

    async def hurry(self, job_id: str, priority: int) -> None:
        """Let it be taken no later than its most urgent part would be."""
        later = and_(JOBS.c.id == job_id, JOBS.c.state == "waiting", JOBS.c.priority > priority)
        await self._change(later, {"priority": priority})

    async def get(self, job_id: str) -> JobRow | None:
        found = (await self._session.execute(select(JOBS).where(JOBS.c.id == job_id))).first()
        return record(JobRow, found) if found else None

    async def many(self, ids: Collection[str]) -> dict[str, JobRow]:
        query = select(JOBS).where(JOBS.c.id.in_(list(ids)))
        return {row.id: record(JobRow, row) for row in await self._session.execute(query)}

    async def latest(
        self, kind: str, *, about: str = "", state: str = "", limit: int = 200
    ) -> list[JobRow]:
        """The newest first."""
        query = select(JOBS).where(JOBS.c.kind == kind)
        if about:
            query = query.where(JOBS.c.about == about)
        if state:
            query = query.where(JOBS.c.state == state)
        ordered = query.order_by(JOBS.c.created_at.desc(), JOBS.c.id).limit(limit)
        return [record(JobRow, row) for row in await self._session.execute(ordered)]

    async def last(self, kind: str, about: str) -> JobRow | None:
        """The newest about that; every alert that begins to fire asks for it."""
        found = (await self._session.execute(LATEST, {"of": kind, "with": about})).first()
        return record(JobRow, found) if found else None

    async def next_due(self, kinds: Collection[str]) -> datetime | None:
        """When something can be taken that nobody has."""
        return (await self._session.execute(NEXT_DUE, {"kinds": list(kinds)})).scalar()

    async def forget(self, before: datetime, *, limit: int = 500) -> int:
        """Drop some jobs that came to an end before then."""
        gone = and_(JOBS.c.state.not_in(("waiting", "running")), JOBS.c.finished_at < before)
        ids = list(await self._session.scalars(select(JOBS.c.id).where(gone).limit(limit)))
        await self._session.execute(delete(JOBS).where(JOBS.c.id.in_(ids)))
        return len(ids)

    async def lease(self, name: str, owner: str, now: datetime, until: datetime) -> bool:
        """Be the only one of that name until then, also as the one who is already."""
        first = insert_of(self._session, LEASES).values(name=name, owner=owner, until=until)
        taken = first.on_conflict_do_update(
            index_elements=["name"],
            set_={"owner": owner, "until": until},
            where=or_(LEASES.c.until <= now, LEASES.c.owner == owner),
        ).returning(LEASES.c.owner)
        return (await self._session.execute(taken)).first() is not None

    async def release(self, name: str, owner: str, now: datetime) -> None:
        mine = and_(LEASES.c.name == name, LEASES.c.owner == owner)
        await self._session.execute(update(LEASES).where(mine).values(until=now))

    async def _bury(self, now: datetime) -> None:
        """What ended its process so often is not taken again."""
        lost = and_(_left(now, tries=False), JOBS.c.attempts >= JOBS.c.most_attempts)
        why = "It was begun several times and never came to an end."
        await self._change(lost, {"state": "dead", "finished_at": now, "error": why, **FREE})

    async def _change(self, where: Any, values: Mapping[str, Any]) -> bool:
        done = update(JOBS).where(where).values(**values).returning(JOBS.c.id)
        return (await self._session.execute(done)).first() is not None


def _held(job_id: str, owner: str) -> Any:
    return and_(JOBS.c.id == job_id, JOBS.c.state == "running", JOBS.c.lease_owner == owner)
