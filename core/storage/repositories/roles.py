"""Roles of one's own."""

from typing import Any, cast

from sqlalchemy import Row, Table, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.storage.models import Role, User
from core.storage.records import RoleRow
from core.storage.repositories.mapping import insert_of
from core.storage.repositories.users import as_set

ROLES = cast("Table", Role.__table__)


class Roles:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def all(self) -> list[RoleRow]:
        return [_row(one) for one in await self._session.execute(select(ROLES).order_by("name"))]

    async def find(self, name: str) -> RoleRow | None:
        found = (await self._session.execute(select(ROLES).where(ROLES.c.name == name))).first()
        return _row(found) if found else None

    async def add(self, row: RoleRow) -> bool:
        """False when there is one of that name."""
        statement = insert_of(self._session, ROLES).on_conflict_do_nothing(index_elements=["name"])
        added = await self._session.execute(statement.returning(ROLES.c.name), _values(row))
        return added.first() is not None

    async def save(self, row: RoleRow, *, version: int) -> bool:
        """False when it is no longer at that version: somebody was faster."""
        same = (ROLES.c.name == row.name) & (ROLES.c.version == version)
        saved = update(ROLES).where(same).values(_values(row)).returning(ROLES.c.name)
        return (await self._session.execute(saved)).first() is not None

    async def remove(self, name: str) -> bool:
        gone = delete(ROLES).where(ROLES.c.name == name).returning(ROLES.c.name)
        return (await self._session.execute(gone)).first() is not None

    async def held_by(self, name: str) -> list[str]:
        """The users that have it."""
        query = select(User.name).where(User.role == name).order_by(User.name)
        return list(await self._session.scalars(query))


def _row(found: Row[Any]) -> RoleRow:
    return RoleRow(
        name=found.name,
        permissions=frozenset(found.permissions),
        namespaces=as_set(found.namespaces),
        about=found.about,
        version=found.version,
        changed_by=found.changed_by,
        changed_at=found.changed_at,
        clusters=as_set(found.clusters),
    )


def _values(row: RoleRow) -> dict[str, object]:
    return {
        "name": row.name,
        "about": row.about,
        "permissions": sorted(row.permissions),
        "namespaces": None if row.namespaces is None else sorted(row.namespaces),
        "clusters": None if row.clusters is None else sorted(row.clusters),
        "version": row.version,
        "changed_by": row.changed_by,
        "changed_at": row.changed_at,
    }
