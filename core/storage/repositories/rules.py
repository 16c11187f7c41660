"""Files of rules and configurations by version, of which the newest of a name holds; and where they are held."""

from dataclasses import asdict
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import Table, and_, delete, func, insert, select

from core.storage.models import ManagerConfig, RuleFile, RulePlacement, RuleTarget
from core.storage.repositories.mapping import record, upsert
from core.storage.rule_records import (
    ManagerConfigRow,
    RuleFileRow,
    RulePlacementRow,
    RuleTargetRow,
)
from core.storage.statements import Session

FILES, TARGETS = cast("Table", RuleFile.__table__), cast("Table", RuleTarget.__table__)
CONFIGS = cast("Table", ManagerConfig.__table__)
PLACEMENTS = cast("Table", RulePlacement.__table__)
Row = TypeVar("Row", RuleFileRow, ManagerConfigRow)


class Versions(Generic[Row]):
    """Rows of which each name has several, numbered from one."""

    def __init__(self, session: Session, table: Table, kind: type[Row]) -> None:
        self._session, self._table, self._kind = session, table, kind

    async def all(self) -> list[Row]:
        """The newest version of each name, removed ones too, by name."""
        of = self._table.c
        newest = select(of.name, func.max(of.version).label("version")).group_by(of.name).subquery()
        same = and_(of.name == newest.c.name, of.version == newest.c.version)
        return await self._found(select(self._table).join(newest, same).order_by(of.name))

    async def versions(self, name: str, *, limit: int = 200) -> list[Row]:
        """The newest first."""
        of = self._table.c
        query = select(self._table).where(of.name == name).order_by(of.version.desc())
        return await self._found(query.limit(limit))

    async def get(self, name: str, version: int = 0) -> Row | None:
        """One version; 0: the newest."""
        of = self._table.c
        query = select(self._table).where(of.name == name).order_by(of.version.desc())
        if version:
            query = query.where(of.version == version)
        return next(iter(await self._found(query.limit(1))), None)

    async def written(self, name: str) -> Row | None:
        """The newest version that has a text: what there was before it was removed."""
        of = self._table.c
        query = select(self._table).where(of.name == name, of.text != "")
        return next(iter(await self._found(query.order_by(of.version.desc()).limit(1))), None)

    async def add(self, row: Row) -> None:
        """`Conflict` when that version is taken."""
        await self._session.execute(insert(self._table), asdict(row))

    async def _found(self, query: Any) -> list[Row]:
        return [record(self._kind, row) for row in await self._session.execute(query)]


class ManagerConfigs(Versions[ManagerConfigRow]):
    def __init__(self, session: Session) -> None:
        super().__init__(session, CONFIGS, ManagerConfigRow)


class RuleFiles(Versions[RuleFileRow]):
    """The files, and the servers that they are written to."""

    def __init__(self, session: Session) -> None:
        super().__init__(session, FILES, RuleFileRow)

    async def targets(self) -> list[RuleTargetRow]:
        """Every Prometheus and Alertmanager that was heard of, by name."""
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

    async def placements(self) -> list[RulePlacementRow]:
        """Every namespace that files are placed in, by name."""
        query = select(PLACEMENTS).order_by(PLACEMENTS.c.name)
        return [record(RulePlacementRow, row) for row in await self._session.execute(query)]

    async def save_placement(self, row: RulePlacementRow) -> None:
        await upsert(self._session, PLACEMENTS, [row], "name")

    async def forget_placement(self, name: str) -> bool:
        of = PLACEMENTS.c
        gone = delete(PLACEMENTS).where(of.name == name).returning(of.name)
        return (await self._session.execute(gone)).first() is not None
