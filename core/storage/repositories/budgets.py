"""Budgets, the thresholds that were crossed, and the days they are judged by."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import Table, delete, insert, select, update

from core.storage.budget_records import BudgetRow, DayRow, MarkRow, ShareRow, SpendNoteRow
from core.storage.models import (
    Budget,
    BudgetMark,
    SpendDay,
    SpendNote,
    SpendShare,
    SpendTelling,
)
from core.storage.repositories.mapping import insert_new, insert_of, record
from core.storage.statements import Session

BUDGETS, MARKS = cast("Table", Budget.__table__), cast("Table", BudgetMark.__table__)
DAYS, SHARES = cast("Table", SpendDay.__table__), cast("Table", SpendShare.__table__)
NOTES = cast("Table", SpendNote.__table__)
TELLINGS = cast("Table", SpendTelling.__table__)


class Budgets:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def all(self) -> list[BudgetRow]:
        query = select(BUDGETS).order_by(BUDGETS.c.name)
        return [record(BudgetRow, row) for row in await self._session.execute(query)]

    async def get(self, name: str) -> BudgetRow | None:
        found = (await self._session.execute(select(BUDGETS).where(BUDGETS.c.name == name))).first()
        return record(BudgetRow, found) if found else None

    async def add(self, row: BudgetRow) -> bool:
        """False when there is one of that name."""
        statement = insert_of(self._session, BUDGETS).on_conflict_do_nothing(
            index_elements=["name"]
        )
        added = await self._session.execute(statement.returning(BUDGETS.c.name), asdict(row))
        return added.first() is not None

    async def save(self, row: BudgetRow, *, read: BudgetRow) -> bool:
        """False when it is no longer as it was read: somebody was faster."""
        values = asdict(row)
        values.pop("name")
        saved = update(BUDGETS).where(_still(read)).values(values).returning(BUDGETS.c.name)
        return (await self._session.execute(saved)).first() is not None

    async def remove(self, read: BudgetRow) -> bool:
        """False when it is no longer as it was read."""
        gone = delete(BUDGETS).where(_still(read)).returning(BUDGETS.c.name)
        if (await self._session.execute(gone)).first() is None:
            return False
        await self._session.execute(delete(MARKS).where(MARKS.c.budget == read.name))
        await self._session.execute(delete(TELLINGS).where(TELLINGS.c.budget == read.name))
        return True

    async def foretold(self, name: str, version: int, end: dict[str, Any]) -> None:
        same = (BUDGETS.c.name == name) & (BUDGETS.c.version == version)
        await self._session.execute(update(BUDGETS).where(same).values(end_foretold=end))

    async def judged(self, name: str, version: int, until: datetime) -> None:
        """The hours up to then were judged, and what they showed was told."""
        same = (BUDGETS.c.name == name) & (BUDGETS.c.version == version)
        await self._session.execute(update(BUDGETS).where(same).values(hours_judged=until))

    async def marks(self, name: str, version: int, period_start: date) -> list[MarkRow]:
        query = select(MARKS).where(
            MARKS.c.budget == name,
            MARKS.c.version == version,
            MARKS.c.period_start == period_start,
        )
        order = query.order_by(MARKS.c.kind, MARKS.c.threshold)
        return [record(MarkRow, row) for row in await self._session.execute(order)]

    async def mark(self, row: MarkRow) -> bool:
        """Whether this caller was the first to see the threshold crossed."""
        keys = ["budget", "version", "period_start", "threshold", "kind"]
        statement = insert_of(self._session, MARKS).on_conflict_do_nothing(index_elements=keys)
        added = await self._session.execute(statement.returning(MARKS.c.budget), asdict(row))
        return added.first() is not None

    async def tell_again(self, row: MarkRow, deliveries: Sequence[str]) -> bool:
        """Whether this caller is the one who puts the messages of the next try."""
        same = (
            (MARKS.c.budget == row.budget)
            & (MARKS.c.version == row.version)
            & (MARKS.c.period_start == row.period_start)
            & (MARKS.c.threshold == row.threshold)
            & (MARKS.c.kind == row.kind)
            & (MARKS.c.tries == row.tries)
        )
        values = {"tries": row.tries + 1, "deliveries": list(deliveries)}
        changed = update(MARKS).where(same).values(values).returning(MARKS.c.budget)
        return (await self._session.execute(changed)).first() is not None


def _still(read: BudgetRow) -> Any:
    """Whether people left a budget as it was read; what is measured of it meanwhile does not count."""
    same = (BUDGETS.c.name == read.name) & (BUDGETS.c.version == read.version)
    return same & (BUDGETS.c.updated_at == read.updated_at)


class SpendDays:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def known(self, first: date, after: date) -> list[DayRow]:
        query = select(DAYS).where(DAYS.c.day >= first, DAYS.c.day < after).order_by(DAYS.c.day)
        return [record(DayRow, row) for row in await self._session.execute(query)]

    async def shares(self, first: date, after: date, namespace: str = "") -> list[ShareRow]:
        """What workloads cost on the days from `first` to before `after`, of one namespace or all."""
        query = select(SHARES).where(SHARES.c.day >= first, SHARES.c.day < after)
        if namespace:
            query = query.where(SHARES.c.namespace == namespace)
        return [record(ShareRow, row) for row in await self._session.execute(query)]

    async def write(self, day: DayRow, shares: Sequence[ShareRow]) -> None:
        """Put a day in the place of what was known of it, unless another process does so now."""
        await self._session.execute(delete(SHARES).where(SHARES.c.day == day.day))
        await self._session.execute(delete(DAYS).where(DAYS.c.day == day.day))
        statement = insert_of(self._session, DAYS).on_conflict_do_nothing(index_elements=["day"])
        mine = await self._session.execute(statement.returning(DAYS.c.day), asdict(day))
        if mine.first() is not None and shares:
            await self._session.execute(insert(SHARES), [asdict(one) for one in shares])

    async def notes(self, scopes: Collection[str], step: str = "day") -> list[SpendNoteRow]:
        mine = NOTES.c.scope.in_(list(scopes)) & (NOTES.c.step == step)
        query = select(NOTES).where(mine).order_by(NOTES.c.created_at)
        return [record(SpendNoteRow, row) for row in await self._session.execute(query)]

    async def note(self, row: SpendNoteRow) -> None:
        """The same change once more is left as it was noted first."""
        await insert_new(self._session, NOTES, [asdict(row)], "id")
