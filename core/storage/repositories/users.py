"""The people and services that may come in."""

import difflib
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Conflict, NotFound
from core.sentences import Said
from core.storage.models import Role, User
from core.storage.records import UserRow
from core.storage.repositories.listing import Key, Listing, Part, part
from core.storage.sentences import SENTENCES

USERS, ROLES = (cast("Table", model.__table__) for model in (User, Role))
# The columns of a user, as `user_row` takes them: with what a role of one's own grants.
NAMES = (
    *("name", "role", "created_at", "namespaces", "language", "disabled", "password_hash"),
    *("team", "service"),
)
GRANTS = (ROLES.c.permissions, ROLES.c.namespaces, ROLES.c.clusters)
COLUMNS = (*(USERS.c[one] for one in NAMES), *GRANTS)
GRANTED = ROLES.c.name == USERS.c.role
EVERYBODY = select(*COLUMNS).outerjoin_from(USERS, ROLES, GRANTED)
USER_LIST = Listing(
    {
        one: USERS.c[one]
        for one in ("name", "role", "team", "language", "disabled", "service", "created_at")
    },
    (Key(USERS.c.name),),
)
ONE = EVERYBODY.where(USERS.c.name == bindparam("name"))


class Users:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, name: str) -> UserRow | None:
        found = (await self._session.execute(ONE, {"name": name})).first()
        return user_row(*found) if found else None

    async def get(self, name: str) -> UserRow:
        """Raises `NotFound` naming the nearest user."""
        found = await self.find(name)
        if found is None:
            known = [user.name for user in await self.all()]
            nearest = difflib.get_close_matches(name, known, n=1)
            hint = SENTENCES.said("near", name=nearest[0]) if nearest else Said()
            raise SENTENCES.error(NotFound, "no_user", name=name, hint=hint)
        return found

    async def held(self, name: str) -> UserRow:
        """As `get`, and nobody else changes the user before this session ends."""
        # A write of what is there: SQLite has no other way to hold a row, and it serves Postgres too.
        same = update(User).where(User.name == name).values(disabled=User.disabled)
        await self._session.execute(same.returning(User.name))
        return await self.get(name)

    async def all(self) -> list[UserRow]:
        return list((await self.page()).rows)

    async def page(
        self, *, sort: str = "", cursor: str = "", limit: int | None = None
    ) -> Part[UserRow]:
        """By name."""
        return await part(
            self._session, EVERYBODY, USER_LIST, user_row, sort=sort, cursor=cursor, limit=limit
        )

    async def count(self) -> int:
        return await self._session.scalar(select(func.count()).select_from(User)) or 0

    async def add(self, user: UserRow) -> None:
        """Raises `Conflict` when the name is taken."""
        if await self.find(user.name):
            raise SENTENCES.error(Conflict, "user_exists", name=user.name)
        await self._session.execute(insert(User).values(_values(user)))

    async def save(self, user: UserRow) -> None:
        """Write all fields of a user that exists."""
        changed = update(User).where(User.name == user.name).values(_values(user))
        await self._session.execute(changed.returning(User.name))

    async def delete(self, name: str) -> None:
        """With all tokens and links. What the user did stays in the audit trail."""
        await self.get(name)
        await self._session.execute(delete(User).where(User.name == name))


def user_row(name: str, role: str, created_at: datetime, namespaces: Any, *more: Any) -> UserRow:
    """Of `COLUMNS`. Namespaces and permissions are kept as lists."""
    *own, granted, bounds, clusters = more
    user = UserRow(name, role, created_at, as_set(namespaces), *own)
    grants = {"granted": granted, "bounds": bounds, "clusters": clusters}
    return replace(user, **{name: as_set(kept) for name, kept in grants.items()})


def as_set(kept: Iterable[str] | None) -> frozenset[str] | None:
    return None if kept is None else frozenset(kept)


def _values(user: UserRow) -> dict[str, object]:
    return {
        "name": user.name,
        "role": user.role,
        "created_at": user.created_at,
        "namespaces": None if user.namespaces is None else sorted(user.namespaces),
        "language": user.language,
        "disabled": user.disabled,
        "password_hash": user.password_hash,
        "team": user.team,
        "service": user.service,
    }
