"""Flags of smart functions, and what was done with them and said of them."""

from datetime import datetime
from typing import cast

from sqlalchemy import Table, and_, delete, func, not_, select

from core.flags import Flag
from core.storage.flag_records import FlagEventRow, FlagRow
from core.storage.models import FeatureFlag, FlagEvent
from core.storage.repositories.mapping import record, upsert
from core.storage.statements import Session

FLAGS, EVENTS = cast("Table", FeatureFlag.__table__), cast("Table", FlagEvent.__table__)
ALL = select(FLAGS).order_by(FLAGS.c.name)


class Flags:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def all(self) -> list[FlagRow]:
        return [record(FlagRow, row) for row in await self._session.execute(ALL)]

    async def by_name(self) -> dict[str, Flag]:
        """As they are decided by."""
        return {one.name: one.flag for one in await self.all()}

    async def get(self, name: str) -> FlagRow | None:
        found = (await self._session.execute(select(FLAGS).where(FLAGS.c.name == name))).first()
        return record(FlagRow, found) if found else None

    async def save(self, row: FlagRow) -> None:
        await upsert(self._session, FLAGS, [row], "name")

    async def add(self, event: FlagEventRow) -> None:
        """What has the same id is said anew."""
        await upsert(self._session, EVENTS, [event], "id")

    async def events(
        self,
        flag: str,
        *,
        what: str = "",
        without: str = "",
        since: datetime | None = None,
        limit: int = 200,
    ) -> list[FlagEventRow]:
        """The newest first; `what` alone, or all `without` it."""
        query = select(EVENTS).where(EVENTS.c.flag == flag)
        if what:
            query = query.where(EVENTS.c.what == what)
        if without:
            query = query.where(EVENTS.c.what != without)
        if since:
            query = query.where(EVENTS.c.at >= since)
        ordered = query.order_by(EVENTS.c.at.desc(), EVENTS.c.id).limit(limit)
        return [record(FlagEventRow, row) for row in await self._session.execute(ordered)]

    async def forget(self, before: datetime, *, limit: int = 500) -> int:
        """Drop old events, a few at a time; the last evaluation of each function stays, as it decides."""
        newest = (
            select(func.max(EVENTS.c.at))
            .where(EVENTS.c.what == "evaluated")
            .group_by(EVENTS.c.flag)
        )
        kept = and_(EVENTS.c.what == "evaluated", EVENTS.c.at.in_(newest))
        old = select(EVENTS.c.id).where(EVENTS.c.at < before, not_(kept)).limit(limit)
        gone = await self._session.execute(
            delete(EVENTS).where(EVENTS.c.id.in_(old)).returning(EVENTS.c.id)
        )
        return len(gone.all())
