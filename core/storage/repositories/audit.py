"""The rows of the audit trail. What they mean, and their hashes, is `core.security.audit`'s."""

from collections.abc import Sequence
from typing import cast

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.storage.models import AuditEntry, AuditHead
from core.storage.records import AuditRow
from core.storage.repositories.listing import Key, Listing, Part, part
from core.storage.repositories.mapping import columns

ONLY = 1

# Every turn comes by here. Statements over tables, not mapped classes: nothing is kept in the
# session afterwards, and that costs half as much.
ENTRIES, HEAD = cast("Table", AuditEntry.__table__), cast("Table", AuditHead.__table__)

LAST = select(HEAD.c.sequence, HEAD.c.hash).where(HEAD.c.id == ONLY)
MOVED = (
    update(HEAD)
    .where(HEAD.c.id == ONLY)
    .values(sequence=bindparam("to"), hash=bindparam("with"))
    .returning(HEAD.c.id)
)
ADD = insert(ENTRIES)
TRAIL = Listing(
    {one: ENTRIES.c[one] for one in ("sequence", "at", "subject", "action", "target", "outcome")},
    (Key(ENTRIES.c.sequence, descending=True),),
)


class Audit:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def head(self) -> tuple[int, str]:
        """Sequence and hash of the last entry; (0, "") before the first."""
        found = (await self._session.execute(LAST)).first()
        return (found.sequence, found.hash) if found else (0, "")

    async def append(self, rows: Sequence[AuditRow]) -> None:
        """Add entries that follow the head, and move it. `Conflict`: another process was first."""
        await self._session.execute(ADD, [columns(row) for row in rows])
        last = rows[-1]
        moved = await self._session.execute(MOVED, {"to": last.sequence, "with": last.hash})
        if not moved.first():
            at = {"sequence": last.sequence, "hash": last.hash}
            await self._session.execute(insert(HEAD).values(id=ONLY, **at))

    async def after(self, sequence: int, *, limit: int) -> list[AuditRow]:
        """Entries after `sequence`, in order."""
        query = select(AuditEntry).where(AuditEntry.sequence > sequence)
        found = await self._session.scalars(query.order_by(AuditEntry.sequence).limit(limit))
        return [_row(entry) for entry in found]

    async def page(
        self,
        *,
        before: int = 0,
        subject: str = "",
        action: str = "",
        about: str = "",
        sort: str = "",
        cursor: str = "",
        limit: int = 50,
    ) -> Part[AuditRow]:
        """The newest entries first; `before`: those below that sequence, `about` stands in them."""
        query = select(AuditEntry)
        if before:
            query = query.where(AuditEntry.sequence < before)
        if subject:
            query = query.where(AuditEntry.subject == subject)
        if action:
            query = query.where(AuditEntry.action == action)
        if about:
            query = query.where(AuditEntry.detail.contains(about, autoescape=True))
        return await part(self._session, query, TRAIL, _row, sort=sort, cursor=cursor, limit=limit)


def _row(entry: AuditEntry) -> AuditRow:
    return AuditRow(
        sequence=entry.sequence,
        at=entry.at,
        subject=entry.subject,
        action=entry.action,
        target=entry.target,
        outcome=entry.outcome,
        detail=entry.detail,
        previous_hash=entry.previous_hash,
        hash=entry.hash,
    )
