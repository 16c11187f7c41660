"""Which user somebody in a chat service is."""

import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Conflict, Invalid, NotFound
from core.storage.models import Handle
from core.storage.records import HandleRow
from core.storage.repositories.users import Users
from core.storage.sentences import SENTENCES

SERVICES = ("slack", "dingtalk", "feishu")
POSSIBLE = re.compile(r"[\w$.:@-]{1,200}", re.ASCII)


class Handles:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def link(self, user_name: str, service: str, handle: str, at: datetime) -> HandleRow:
        """Raises `Conflict` when the handle is linked to somebody else."""
        if service not in SERVICES:
            raise SENTENCES.error(Invalid, "no_service", service=service, known=", ".join(SERVICES))
        if not POSSIBLE.fullmatch(handle):
            raise SENTENCES.error(Invalid, "no_handle", handle=handle[:80], service=service)
        user = await Users(self._session).get(user_name)
        owner = await self.user_of(service, handle)
        if owner == user.name:
            await self.unlink(service, handle)
        elif owner:
            raise SENTENCES.error(
                Conflict, "handle_linked", handle=handle, service=service, owner=owner
            )
        row = HandleRow(service, handle, user.name, at)
        values = {"service": service, "handle": handle, "user_name": user.name, "linked_at": at}
        await self._session.execute(insert(Handle).values(values))
        return row

    async def unlink(self, service: str, handle: str) -> None:
        """Raises `NotFound` when nobody is linked to it."""
        gone = delete(Handle).where(Handle.service == service, Handle.handle == handle)
        found = await self._session.execute(gone.returning(Handle.handle))
        if found.first() is None:
            raise SENTENCES.error(NotFound, "handle_unlinked", handle=handle, service=service)

    async def user_of(self, service: str, handle: str) -> str:
        """ "" when nobody is linked to it."""
        found = await self._session.get(Handle, (service, handle))
        return found.user_name if found else ""

    async def all(self) -> Sequence[HandleRow]:
        query = select(Handle).order_by(Handle.user_name, Handle.service, Handle.handle)
        return [
            HandleRow(row.service, row.handle, row.user_name, row.linked_at)
            for row in await self._session.scalars(query)
        ]
