"""Accepted tool lists over a database, one short session a call: what the foreign servers are handed."""

from core.clock import utc_now
from core.storage.database import Database
from core.storage.models import AcceptedServer
from core.storage.records import AcceptedRow


class KeptAcceptances:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def accepted(self, name: str) -> AcceptedRow | None:
        async with self._database.session() as session:
            found = await session.get(AcceptedServer, name)
            if found is None:
                return None
            return AcceptedRow(found.digest, found.accepted_by, found.accepted_at)

    async def accept(self, name: str, digest: str, by: str) -> None:
        """From now on this list, in place of any that was accepted before."""
        async with self._database.session() as session:
            known = await session.get(AcceptedServer, name)
            if known is None:
                known = AcceptedServer(name=name)
                session.add(known)
            known.digest, known.accepted_by, known.accepted_at = digest, by, utc_now()

    async def withdraw(self, name: str) -> bool:
        """Whether there was something to withdraw."""
        async with self._database.session() as session:
            known = await session.get(AcceptedServer, name)
            if known is not None:
                await session.delete(known)
            return known is not None
