"""Incidents that investigations found: kept with their evidence, so that a later reader can check."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any

import structlog
from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import NotFound, OpsError, UpstreamUnavailable
from core.principal import Principal
from core.redaction import redact_fields
from core.storage.records import IncidentRow
from mcp_servers.backends import IncidentStore
from mcp_servers.paging import Page
from mcp_servers.rca.investigation import Investigation
from mcp_servers.rca.sentences import SENTENCES
from mcp_servers.rca.shapes import Language, Reader
from mcp_servers.sentences import near

Limit = Annotated[int, Field(ge=1, le=200)]
# Empty: the language it was found in.
Read = Reader
Id = Annotated[str, Field(max_length=64, description="inc-…")]
# Beside the investigation as it was asked for: the same in the other languages.
OTHERS = "in_other_languages"

log = structlog.get_logger()


class IncidentLine(BaseModel):
    id: str
    cluster: str
    summary: str
    first_found: datetime
    last_found: datetime
    times_found: int


class IncidentPage(Page[IncidentLine]):
    sorts_by = ("id", "cluster", "summary", "first_found", "last_found", "times_found")

    def as_text(self) -> str:
        lines = (
            f"{one.id} {one.last_found:%Y-%m-%d %H:%M} found {one.times_found}×: {one.summary}"
            for one in self.rows
        )
        return self.told(f"incidents: {self.shown}", lines)


class KeptIncident(IncidentLine):
    namespaces: list[str] = Field(description="Whoever sees all of them may read it.")
    investigation: Investigation = Field(description="As it was found the last time.")

    def as_text(self) -> str:
        span = f"{self.first_found:%Y-%m-%d %H:%M} to {self.last_found:%Y-%m-%d %H:%M}"
        head = f"{self.id} in {self.cluster}, found {self.times_found}× from {span}"
        return f"{head}\n{self.investigation.as_text()}"


async def rca_list_incidents(
    limit: Limit = 20,
    cursor: str = "",
    sort: str = "",
    language: Read = "",
    *,
    incidents: IncidentStore | None,
    caller: Principal,
) -> IncidentPage:
    """List past incidents that investigations found, the last first."""
    rows = await _store(incidents).latest(caller.namespaces, limit=200)
    return IncidentPage.of(
        [_line(row, language) for row in rows], cursor=cursor, sort=sort, size=limit
    )


async def rca_get_incident(
    incident_id: Id,
    language: Read = "",
    *,
    incidents: IncidentStore | None,
    caller: Principal,
) -> KeptIncident:
    """Show a past incident: its causes and the evidence as it was then."""
    store = _store(incidents)
    row = await store.get(incident_id)
    if row is None or not all(caller.sees(one) for one in row.namespaces):
        known = [one.id for one in await store.latest(caller.namespaces, limit=200)]
        hint = near(incident_id, known)
        raise SENTENCES.error(NotFound, "no_incident", incident_id=incident_id, hint=hint)
    told: Any = _read(row, language)
    return KeptIncident(
        **_line(row, language).model_dump(), namespaces=sorted(row.namespaces), investigation=told
    )


async def keep(
    incidents: IncidentStore | None,
    cluster: str,
    found: Mapping[Language, Investigation],
    language: Language,
) -> None:
    """Write down what was found, in every language, first in the one that it was asked in. An
    investigation is worth its answer even if that fails."""
    if incidents is None or not found[language].root_causes:
        return
    by_language: dict[str, dict[str, Any]] = {
        one: redact_fields(each.model_dump(mode="json")) for one, each in found.items()
    }
    told = by_language.pop(language)
    now = utc_now()
    row = IncidentRow(
        id=found[language].incident_id,
        cluster=cluster,
        summary=str(told["summary"])[:1000],
        first_found_at=now,
        last_found_at=now,
        namespaces=frozenset(_namespaces(told)),
        investigation={**told, OTHERS: by_language},
    )
    try:
        await incidents.keep(row)
    except OpsError as error:
        log.warning("incident_not_kept", incident=row.id, error=str(error))


def _store(incidents: IncidentStore | None) -> IncidentStore:
    if incidents is None:
        raise SENTENCES.error(UpstreamUnavailable, "incidents_not_kept")
    return incidents


def _read(row: IncidentRow, language: str) -> Mapping[str, Any]:
    """What was found, for a reader of this language; as it was asked where it is not kept in it."""
    return row.investigation.get(OTHERS, {}).get(language) or row.investigation


def _line(row: IncidentRow, language: str) -> IncidentLine:
    told = _read(row, language)
    summary = row.summary if told is row.investigation else str(told["summary"])
    return IncidentLine(
        id=row.id,
        cluster=row.cluster,
        summary=summary,
        first_found=row.first_found_at,
        last_found=row.last_found_at,
        times_found=row.times_found,
    )


def _namespaces(told: object) -> Iterator[str]:
    """Every namespace that the answer speaks of."""
    if isinstance(told, Mapping):
        namespace = told.get("namespace")  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        if isinstance(namespace, str) and namespace:
            yield namespace
        for value in told.values():  # pyright: ignore[reportUnknownVariableType]
            yield from _namespaces(value)  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(told, list):
        for value in told:  # pyright: ignore[reportUnknownVariableType]
            yield from _namespaces(value)  # pyright: ignore[reportUnknownArgumentType]
