"""Incidents over a database, one short session a call: what the rca server is handed."""

from collections.abc import Collection

from core.storage.database import Database
from core.storage.records import IncidentRow
from core.storage.repositories.incidents import Incidents


class KeptIncidents:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, row: IncidentRow) -> None:
        async with self._database.session() as session:
            await Incidents(session).keep(row)

    async def latest(self, within: Collection[str] | None, *, limit: int) -> list[IncidentRow]:
        async with self._database.session() as session:
            return await Incidents(session).latest(within, limit=limit)

    async def get(self, incident_id: str) -> IncidentRow | None:
        async with self._database.session() as session:
            return await Incidents(session).get(incident_id)
