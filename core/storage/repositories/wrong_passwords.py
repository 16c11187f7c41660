"""How often a password was wrong in a row, and names that are shut for it."""

from collections.abc import Mapping
from datetime import datetime
from typing import cast

from sqlalchemy import Table, case, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.storage.models import WrongPasswords as Wrong
from core.storage.repositories.mapping import insert_of

WRONG = cast("Table", Wrong.__table__)


class WrongPasswords:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def shut_until(self, name: str, at: datetime) -> datetime | None:
        """None for a name that is open."""
        query = select(WRONG.c.shut_until).where(WRONG.c.name == name, WRONG.c.shut_until > at)
        return await self._session.scalar(query)

    async def count(self, name: str, at: datetime, *, since: datetime) -> int:
        """One more; those before are forgotten where the last of them was before `since`."""
        first = insert_of(self._session, WRONG).values(name=name, count=1, last_at=at)
        more = case((WRONG.c.last_at < since, 1), else_=WRONG.c.count + 1)
        counted = first.on_conflict_do_update(
            index_elements=["name"], set_={"count": more, "last_at": at}
        )
        return await self._session.scalar(counted.returning(WRONG.c.count)) or 0

    async def shut(self, name: str, until: datetime) -> None:
        """The next ones are counted from the beginning."""
        values = {"shut_until": until, "count": 0}
        await self._session.execute(update(WRONG).where(WRONG.c.name == name).values(values))

    async def forget(self, name: str) -> bool:
        """Open it, and forget what was wrong. False when there was nothing."""
        gone = delete(WRONG).where(WRONG.c.name == name).returning(WRONG.c.name)
        return (await self._session.execute(gone)).first() is not None

    async def forget_before(self, at: datetime) -> None:
        """Of names nobody has tried since: they are anybody's guesses, and must not pile up."""
        await self._session.execute(delete(WRONG).where(WRONG.c.last_at < at))

    async def all_shut(self, at: datetime) -> Mapping[str, datetime]:
        """Each name that is shut now, and until when."""
        query = select(WRONG.c.name, WRONG.c.shut_until).where(WRONG.c.shut_until > at)
        return {row.name: row.shut_until for row in await self._session.execute(query)}
