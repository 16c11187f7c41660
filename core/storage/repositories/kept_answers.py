"""Answers that are given again to who repeats a request by its Idempotency-Key."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.storage.models import KeptAnswer
from core.storage.records import KeptAnswerRow
from core.storage.repositories.mapping import insert_of, record

ANSWERS = cast("Table", KeptAnswer.__table__)


class KeptAnswers:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def begin(self, row: KeptAnswerRow, *, forgotten: datetime, lost: datetime) -> bool:
        """Whether this is the first request of that key: one of since `forgotten` that was answered,
        or of since `lost` that was not, stands before it."""
        over = (ANSWERS.c.begun_at < forgotten) | (
            (ANSWERS.c.status == 0) & (ANSWERS.c.begun_at < lost)
        )
        await self._session.execute(delete(ANSWERS).where(over))
        added = insert_of(self._session, ANSWERS).on_conflict_do_nothing(
            index_elements=["subject", "key"]
        )
        values = {
            "subject": row.subject,
            "key": row.key,
            "fingerprint": row.fingerprint,
            "begun_at": row.begun_at,
            "status": row.status,
            "sealed": row.sealed,
        }
        begun = await self._session.execute(added.returning(ANSWERS.c.key), values)
        return begun.first() is not None

    async def get(self, subject: str, key: str) -> KeptAnswerRow | None:
        query = select(ANSWERS).where(_is(subject, key))
        found = (await self._session.execute(query)).first()
        return record(KeptAnswerRow, found) if found else None

    async def finish(self, subject: str, key: str, *, status: int, sealed: str) -> None:
        values = {"status": status, "sealed": sealed}
        await self._session.execute(update(ANSWERS).where(_is(subject, key)).values(values))

    async def drop(self, subject: str, key: str) -> None:
        """As if it had never been asked."""
        await self._session.execute(delete(ANSWERS).where(_is(subject, key)))


def _is(subject: str, key: str) -> Any:
    return (ANSWERS.c.subject == subject) & (ANSWERS.c.key == key)
