"""Watches over Midwatch's own use of models, and what each saw last."""

from collections.abc import Sequence
from typing import cast

from sqlalchemy import Table, delete, select

from core.storage.models import UsageWatch, UsageWatchState
from core.storage.repositories.mapping import record, upsert
from core.storage.statements import Session
from core.storage.watch_records import WatchRow, WatchStateRow

WATCHES = cast("Table", UsageWatch.__table__)
STATES = cast("Table", UsageWatchState.__table__)


class Watches:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def all(self) -> list[WatchRow]:
        query = select(WATCHES).order_by(WATCHES.c.name)
        return [record(WatchRow, row) for row in await self._session.execute(query)]

    async def get(self, name: str) -> WatchRow | None:
        found = (await self._session.execute(select(WATCHES).where(WATCHES.c.name == name))).first()
        return record(WatchRow, found) if found else None

    async def save(self, row: WatchRow) -> None:
        await upsert(self._session, WATCHES, [row], "name")

    async def remove(self, name: str) -> None:
        await self._session.execute(delete(WATCHES).where(WATCHES.c.name == name))

    async def states(self) -> list[WatchStateRow]:
        query = select(STATES).order_by(STATES.c.watch, STATES.c.about)
        return [record(WatchStateRow, row) for row in await self._session.execute(query)]

    async def save_states(self, rows: Sequence[WatchStateRow]) -> None:
        await upsert(self._session, STATES, rows, "id")

    async def drop_states(self, watch: str) -> None:
        await self._session.execute(delete(STATES).where(STATES.c.watch == watch))
