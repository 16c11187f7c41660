"""Patrols, their runs, and the findings that stand."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import cast

from sqlalchemy import Table, delete, func, insert, select, update

from core.storage.models import Patrol, PatrolFinding, PatrolRun
from core.storage.patrol_records import PatrolRow, PatrolRunRow, StandingRow
from core.storage.repositories.mapping import record, upsert
from core.storage.statements import Session

PATROLS, RUNS = cast("Table", Patrol.__table__), cast("Table", PatrolRun.__table__)
STANDING = cast("Table", PatrolFinding.__table__)


class Patrols:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def all(self) -> list[PatrolRow]:
        query = select(PATROLS).order_by(PATROLS.c.name)
        return [record(PatrolRow, row) for row in await self._session.execute(query)]

    async def get(self, name: str) -> PatrolRow | None:
        found = (await self._session.execute(select(PATROLS).where(PATROLS.c.name == name))).first()
        return record(PatrolRow, found) if found else None

    async def save(self, row: PatrolRow) -> None:
        await upsert(self._session, PATROLS, [row], "name")

    async def remove(self, name: str) -> None:
        """Its runs stay on record."""
        await self._session.execute(delete(PATROLS).where(PATROLS.c.name == name))

    async def due(self, now: datetime) -> list[PatrolRow]:
        query = select(PATROLS).where(PATROLS.c.enabled, PATROLS.c.next_at <= now)
        return [record(PatrolRow, row) for row in await self._session.execute(query)]

    async def next_due(self) -> datetime | None:
        query = select(func.min(PATROLS.c.next_at)).where(PATROLS.c.enabled)
        return (await self._session.execute(query)).scalar()

    async def put_off(self, row: PatrolRow, until: datetime) -> bool:
        """False when somebody else did so first: then it is theirs to run."""
        mine = (PATROLS.c.name == row.name) & (PATROLS.c.next_at == row.next_at)
        moved = update(PATROLS).where(mine).values(next_at=until).returning(PATROLS.c.name)
        return (await self._session.execute(moved)).first() is not None

    async def add_run(self, row: PatrolRunRow) -> None:
        await self._session.execute(insert(RUNS), asdict(row))

    async def runs(self, patrol: str, *, limit: int) -> list[PatrolRunRow]:
        """The newest first."""
        query = select(RUNS).where(RUNS.c.patrol == patrol)
        ordered = query.order_by(RUNS.c.at.desc(), RUNS.c.id).limit(limit)
        return [record(PatrolRunRow, row) for row in await self._session.execute(ordered)]

    async def run(self, run_id: str) -> PatrolRunRow | None:
        found = (await self._session.execute(select(RUNS).where(RUNS.c.id == run_id))).first()
        return record(PatrolRunRow, found) if found else None

    async def forget(self, before: datetime, *, limit: int = 500) -> int:
        """Drop some rounds that were made before then."""
        old = select(RUNS.c.id).where(RUNS.c.at < before).limit(limit)
        ids = list(await self._session.scalars(old))
        await self._session.execute(delete(RUNS).where(RUNS.c.id.in_(ids)))
        return len(ids)

    async def standing(self) -> list[StandingRow]:
        """The faults that stand."""
        query = select(STANDING).order_by(STANDING.c.first_at, STANDING.c.fingerprint)
        return [record(StandingRow, row) for row in await self._session.execute(query)]

    async def stand(self, rows: Sequence[StandingRow]) -> None:
        await upsert(self._session, STANDING, rows, "fingerprint")

    async def clear(self, fingerprints: Collection[str]) -> None:
        gone = STANDING.c.fingerprint.in_(list(fingerprints))
        await self._session.execute(delete(STANDING).where(gone))
