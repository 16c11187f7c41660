"""Changes that are carried out, step by step, each by one runner at a time."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Conflict
from core.storage.fix_records import Body, BreakerRow, ChangeRow, StepRow
from core.storage.models import FixBreaker, FixChange, FixLock, FixStep
from core.storage.sentences import SENTENCES

UNFINISHED = ("running", "undoing")
# There is one breaker.
BREAKER = 1
# The advisory lock of those who begin a change; the one of migrations is another.
BEGINNING = 7303015


class FixChanges:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def begin_in_turn(self) -> None:
        """Until this transaction ends nobody else begins a change: what is counted stays true.

        SQLite lets one transaction write at a time, from its first write on; begin with one.
        """
        if self._session.get_bind().dialect.name != "sqlite":
            await self._session.execute(select(func.pg_advisory_xact_lock(BEGINNING)))

    async def add(self, row: ChangeRow) -> None:
        await self._session.execute(insert(FixChange).values(**asdict(row)))

    async def get(self, change_id: str) -> ChangeRow | None:
        found = await self._session.get(FixChange, change_id)
        return _change(found) if found else None

    async def of_plan(self, plan_id: str) -> ChangeRow | None:
        found = await self._session.scalar(select(FixChange).where(FixChange.plan_id == plan_id))
        return _change(found) if found else None

    async def latest(self, *, limit: int) -> list[ChangeRow]:
        query = select(FixChange).order_by(FixChange.started_at.desc(), FixChange.id).limit(limit)
        return [_change(one) for one in await self._session.scalars(query)]

    async def unfinished(self) -> list[ChangeRow]:
        query = select(FixChange).where(FixChange.status.in_(UNFINISHED))
        return [_change(one) for one in await self._session.scalars(query)]

    async def since(self, moment: datetime) -> list[ChangeRow]:
        """Those begun or finished since then, the latest first."""
        recent = or_(FixChange.started_at >= moment, FixChange.finished_at >= moment)
        query = select(FixChange).where(recent).order_by(FixChange.started_at.desc())
        return [_change(one) for one in await self._session.scalars(query)]

    async def claim(
        self, change_id: str, runner: str, *, now: datetime, lease_until: datetime
    ) -> bool:
        """Become the runner of an unfinished change that nobody else carries out now."""
        free = or_(FixChange.lease_until < now, FixChange.runner == runner)
        return await self._moved(
            (FixChange.id == change_id) & FixChange.status.in_(UNFINISHED) & free,
            runner=runner,
            lease_until=lease_until,
        )

    async def reopen(
        self, change_id: str, runner: str, *, now: datetime, lease_until: datetime, body: Body
    ) -> bool:
        """Begin to undo a verified change; False when somebody was first or it is not verified."""
        return await self._moved(
            (FixChange.id == change_id) & (FixChange.status == "verified"),
            status="undoing",
            runner=runner,
            lease_until=lease_until,
            updated_at=now,
            finished_at=None,
            body=body,
        )

    async def keep(self, change_id: str, runner: str, **values: Any) -> None:
        """Write on, as its runner. Raises `Conflict` when another process carries it out now."""
        if not await self._moved(
            (FixChange.id == change_id) & (FixChange.runner == runner), **values
        ):
            raise SENTENCES.error(Conflict, "another_process", change=change_id)

    async def put_step(self, row: StepRow) -> None:
        at_step = (
            (FixStep.change_id == row.change_id)
            & (FixStep.direction == row.direction)
            & (FixStep.n == row.n)
        )
        await self._session.execute(delete(FixStep).where(at_step))
        await self._session.execute(insert(FixStep).values(**asdict(row)))

    async def steps(self, change_id: str) -> list[StepRow]:
        query = select(FixStep).where(FixStep.change_id == change_id)
        found = await self._session.scalars(query.order_by(FixStep.direction.desc(), FixStep.n))
        return [_step(one) for one in found]

    async def lock(self, subject: str, owner: str, *, now: datetime, expires_at: datetime) -> None:
        """Raises `Conflict` while another change has the same workload."""
        gone = (FixLock.subject == subject) & (
            (FixLock.expires_at < now) | (FixLock.owner == owner)
        )
        await self._session.execute(delete(FixLock).where(gone))
        held = await self._session.get(FixLock, subject)
        if held is not None:
            raise SENTENCES.error(Conflict, "at_work", change=held.owner, object=subject)
        values = {"subject": subject, "owner": owner, "expires_at": expires_at}
        await self._session.execute(insert(FixLock).values(**values))

    async def prolong(self, owner: str, expires_at: datetime) -> None:
        mine = update(FixLock).where(FixLock.owner == owner)
        await self._session.execute(mine.values(expires_at=expires_at))

    async def unlock(self, owner: str) -> None:
        await self._session.execute(delete(FixLock).where(FixLock.owner == owner))

    async def breaker(self) -> BreakerRow | None:
        """None: it was never touched."""
        one = await self._session.get(FixBreaker, BREAKER)
        return BreakerRow(one.stopped, one.reason, one.by, one.at) if one else None

    async def set_breaker(self, row: BreakerRow) -> None:
        one = await self._session.get(FixBreaker, BREAKER)
        if one is None:
            one = FixBreaker(id=BREAKER)
            self._session.add(one)
        one.stopped, one.reason, one.by, one.at = row.stopped, row.reason, row.by, row.at

    async def _moved(self, where: Any, **values: Any) -> bool:
        moved = update(FixChange).where(where).values(**values).returning(FixChange.id)
        return (await self._session.execute(moved)).first() is not None


def _change(one: FixChange) -> ChangeRow:
    return ChangeRow(
        id=one.id,
        plan_id=one.plan_id,
        fix=one.fix,
        fingerprint=one.fingerprint,
        namespace=one.namespace,
        kind=one.kind,
        name=one.name,
        requester=one.requester,
        approvers=one.approvers,
        applier=one.applier,
        status=one.status,
        started_at=one.started_at,
        updated_at=one.updated_at,
        finished_at=one.finished_at,
        runner=one.runner,
        lease_until=one.lease_until,
        body=one.body,
    )


def _step(one: FixStep) -> StepRow:
    return StepRow(one.change_id, one.direction, one.n, one.state, one.at, one.body)
