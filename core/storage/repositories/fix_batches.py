"""Batches of repairs, each carried out by one runner at a time."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Conflict
from core.storage.fix_records import BatchRow
from core.storage.models import FixBatch
from core.storage.sentences import SENTENCES

RUNNING, STOPPED = "running", "stopped"


class FixBatches:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def claim(self, row: BatchRow) -> bool:
        """Begin it, or go on with it where it stopped or its runner is gone; False while another
        runner is at it or when it is done. Whoever began it stays noted as such."""
        free = or_(FixBatch.lease_until < row.updated_at, FixBatch.runner == row.runner)
        going = (FixBatch.status == STOPPED) | ((FixBatch.status == RUNNING) & free)
        again = {
            "status": RUNNING, "runner": row.runner, "lease_until": row.lease_until,
            "updated_at": row.updated_at, "finished_at": None,
        }  # fmt: skip
        if await self._moved((FixBatch.id == row.id) & going, **again):
            return True
        if await self._session.get(FixBatch, row.id) is not None:
            return False
        await self._session.execute(insert(FixBatch).values(**asdict(row)))
        return True

    async def keep(self, batch_id: str, runner: str, **values: Any) -> None:
        """Write on, as its runner. Raises `Conflict` when another process carries it out now."""
        mine = (FixBatch.id == batch_id) & (FixBatch.runner == runner)
        if not await self._moved(mine, **values):
            raise SENTENCES.error(Conflict, "another_process", change=batch_id)

    async def get(self, batch_id: str) -> BatchRow | None:
        found = await self._session.get(FixBatch, batch_id)
        return _batch(found) if found else None

    async def latest(self, *, limit: int) -> list[BatchRow]:
        query = select(FixBatch).order_by(FixBatch.started_at.desc(), FixBatch.id).limit(limit)
        return [_batch(one) for one in await self._session.scalars(query)]

    async def _moved(self, where: Any, **values: Any) -> bool:
        moved = update(FixBatch).where(where).values(**values).returning(FixBatch.id)
        return (await self._session.execute(moved)).first() is not None


def _batch(one: FixBatch) -> BatchRow:
    return BatchRow(
        id=one.id,
        plans=[str(plan) for plan in one.plans],
        applier=one.applier,
        status=one.status,
        started_at=one.started_at,
        updated_at=one.updated_at,
        finished_at=one.finished_at,
        runner=one.runner,
        lease_until=one.lease_until,
        body=one.body,
    )
