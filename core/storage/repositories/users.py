"""The people and services that may come in."""

import difflib
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Conflict, NotFound
from core.sentences import Said
from core.storage.models import User
from core.storage.records import UserRow
from core.storage.sentences import SENTENCES

# The columns of a user, as `user_row` takes them.
USER = (
    *("name", "role", "created_at", "namespaces", "language", "disabled", "password_hash"),
    "team",
)


class Users:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, name: str) -> UserRow | None:
        found = await self._session.get(User, name)
        return _row(found) if found else None

    async def get(self, name: str) -> UserRow:
        """Raises `NotFound` naming the nearest user."""
        found = await self.find(name)
        if found is None:
            known = [user.name for user in await self.all()]
            nearest = difflib.get_close_matches(name, known, n=1)
            hint = SENTENCES.said("near", name=nearest[0]) if nearest else Said()
            raise SENTENCES.error(NotFound, "no_user", name=name, hint=hint)
        return found

    async def all(self) -> list[UserRow]:
        return [
            _row(user) for user in await self._session.scalars(select(User).order_by(User.name))
        ]

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


def _row(user: User) -> UserRow:
    return user_row(*(getattr(user, one) for one in USER))


def user_row(name: str, role: str, created_at: datetime, namespaces: Any, *more: Any) -> UserRow:
    """Namespaces are kept as a list."""
    seen = None if namespaces is None else frozenset[str](namespaces)
    return UserRow(name, role, created_at, seen, *more)


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
    }
