"""Who a user is at a provider of identities."""

from datetime import datetime
from typing import cast

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.storage.models import Identity
from core.storage.repositories.mapping import insert_of

IDENTITIES = cast("Table", Identity.__table__)


class Identities:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def user_of(self, issuer: str, subject: str) -> str:
        """ "" for somebody who never came in."""
        query = select(IDENTITIES.c.user_name).where(
            IDENTITIES.c.issuer == issuer, IDENTITIES.c.subject == subject
        )
        return await self._session.scalar(query) or ""

    async def of_user(self, user_name: str, issuer: str) -> str:
        """Whose subject at that provider a user is; "" for nobody's."""
        query = select(IDENTITIES.c.subject).where(
            IDENTITIES.c.issuer == issuer, IDENTITIES.c.user_name == user_name
        )
        return await self._session.scalar(query.limit(1)) or ""

    async def link(self, issuer: str, subject: str, user_name: str, at: datetime) -> None:
        """Of two that come in at once for the first time, the first is kept."""
        added = insert_of(self._session, IDENTITIES).on_conflict_do_nothing(
            index_elements=["issuer", "subject"]
        )
        values = {"issuer": issuer, "subject": subject, "user_name": user_name, "linked_at": at}
        await self._session.execute(added, values)
