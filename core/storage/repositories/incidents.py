"""Incidents: each once, however often it is found; the evidence is that of the last time."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.storage.models import Incident
from core.storage.records import IncidentRow


class Incidents:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def keep(self, row: IncidentRow) -> None:
        """Write it down; one that is known is found once more, since when it first was."""
        known = await self._session.get(Incident, row.id)
        if known is None:
            known = Incident(
                id=row.id,
                cluster=row.cluster,
                first_found_at=row.first_found_at,
                times_found=0,
            )
            self._session.add(known)
        known.times_found += 1
        known.summary = row.summary
        known.last_found_at = row.last_found_at
        known.namespaces = sorted(row.namespaces)
        known.investigation = row.investigation

    async def latest(self, within: Collection[str] | None, *, limit: int) -> list[IncidentRow]:
        """The last found first. `within`: only those whose evidence is from these namespaces."""
        query = select(Incident).order_by(Incident.last_found_at.desc(), Incident.id)
        found: list[IncidentRow] = []
        for one in await self._session.scalars(query):
            if within is None or set(one.namespaces) <= set(within):
                found.append(_row(one))
            if len(found) == limit:
                break
        return found

    async def get(self, incident_id: str) -> IncidentRow | None:
        found = await self._session.get(Incident, incident_id)
        return _row(found) if found else None


def _row(one: Incident) -> IncidentRow:
    return IncidentRow(
        id=one.id,
        cluster=one.cluster,
        summary=one.summary,
        first_found_at=one.first_found_at,
        last_found_at=one.last_found_at,
        times_found=one.times_found,
        namespaces=frozenset(one.namespaces),
        investigation=one.investigation,
    )
