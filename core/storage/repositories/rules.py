"""Files of rules by version, of which the newest of a name holds; and where they are held."""

from dataclasses import asdict
from typing import cast

from sqlalchemy import Table, and_, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.storage.models import RuleFile, RuleTarget
from core.storage.repositories.mapping import record, upsert
from core.storage.rule_records import RuleFileRow, RuleTargetRow

FILES, TARGETS = cast("Table", RuleFile.__table__), cast("Table", RuleTarget.__table__)


class RuleFiles:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def all(self) -> list[RuleFileRow]:
        """The newest version of each name, removed ones too, by name."""
        newest = (
            select(FILES.c.name, func.max(FILES.c.version).label("version"))
            .group_by(FILES.c.name)
            .subquery()
        )
        same = and_(FILES.c.name == newest.c.name, FILES.c.version == newest.c.version)
        query = select(FILES).join(newest, same).order_by(FILES.c.name)
        return [record(RuleFileRow, row) for row in await self._session.execute(query)]

    async def versions(self, name: str, *, limit: int = 200) -> list[RuleFileRow]:
        """The newest first."""
        query = select(FILES).where(FILES.c.name == name).order_by(FILES.c.version.desc())
        return [record(RuleFileRow, row) for row in await self._session.execute(query.limit(limit))]

    async def get(self, name: str, version: int = 0) -> RuleFileRow | None:
        """One version; 0: the newest."""
        query = select(FILES).where(FILES.c.name == name).order_by(FILES.c.version.desc())
        if version:
            query = query.where(FILES.c.version == version)
        found = (await self._session.execute(query.limit(1))).first()
        return record(RuleFileRow, found) if found else None

    async def add(self, row: RuleFileRow) -> None:
        """`Conflict` when that version is taken."""
        await self._session.execute(insert(FILES), asdict(row))

    async def targets(self) -> list[RuleTargetRow]:
        """Every Prometheus that was heard of, by name."""
        query = select(TARGETS).order_by(TARGETS.c.name)
        return [record(RuleTargetRow, row) for row in await self._session.execute(query)]

    async def target(self, name: str) -> RuleTargetRow | None:
        found = (await self._session.execute(select(TARGETS).where(TARGETS.c.name == name))).first()
        return record(RuleTargetRow, found) if found else None

    async def save_target(self, row: RuleTargetRow) -> None:
        await upsert(self._session, TARGETS, [row], "name")

    async def forget_target(self, name: str) -> bool:
        gone = delete(TARGETS).where(TARGETS.c.name == name).returning(TARGETS.c.name)
        return (await self._session.execute(gone)).first() is not None
