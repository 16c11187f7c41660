"""Bills that were read in: what stands in a newer file goes before what an older one said."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import cast

from sqlalchemy import Table, delete, insert, select

from core.storage.bill_records import BillImportRow, BillPartRow
from core.storage.models import BillImport, BillPart
from core.storage.repositories.mapping import record
from core.storage.statements import Session

PARTS, IMPORTS = cast("Table", BillPart.__table__), cast("Table", BillImport.__table__)
AT_ONCE = 1000


class Bills:
    def __init__(self, session: Session) -> None:
        self._session = session

    async def parts(self, bill: str, first: date, last: date) -> list[BillPartRow]:
        """Of one bill, or of all for "", from a day to another, both in it, in their order."""
        query = select(PARTS).where(PARTS.c.day >= first, PARTS.c.day <= last)
        if bill:
            query = query.where(PARTS.c.bill == bill)
        rows = await self._session.execute(query.order_by(PARTS.c.day, PARTS.c.part))
        return [record(BillPartRow, row) for row in rows]

    async def replace(self, read: BillImportRow, parts: Sequence[BillPartRow]) -> None:
        """Put the days of a file in the place of what was known of them."""
        days = PARTS.c.day.between(read.first_day, read.last_day)
        await self._session.execute(delete(PARTS).where(PARTS.c.bill == read.bill, days))
        await self._session.execute(insert(IMPORTS), asdict(read))
        for i in range(0, len(parts), AT_ONCE):
            await self._session.execute(
                insert(PARTS), [asdict(one) for one in parts[i : i + AT_ONCE]]
            )

    async def imports(self, bill: str = "") -> list[BillImportRow]:
        """The latest first."""
        query = select(IMPORTS).order_by(IMPORTS.c.imported_at.desc())
        query = query.where(IMPORTS.c.bill == bill) if bill else query
        return [record(BillImportRow, row) for row in await self._session.execute(query)]

    async def remove(self, bill: str) -> bool:
        await self._session.execute(delete(PARTS).where(PARTS.c.bill == bill))
        gone = delete(IMPORTS).where(IMPORTS.c.bill == bill).returning(IMPORTS.c.id)
        return (await self._session.execute(gone)).first() is not None
