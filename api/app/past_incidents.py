"""Past incidents as pages of the knowledge base, with how they ended: made while people ask it."""

import asyncio
import base64
import io
import zipfile
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from agent.intents import language_of
from api.turns.afterwards import DRAFT, aftermath
from core.clock import utc_now
from core.errors import OpsError
from core.principal import Permission, Principal
from core.storage.kept_incidents import KeptIncidents
from core.storage.records import IncidentRow
from mcp_servers.client import Sessions, Tools

# Midwatch itself: it reads what is known of incidents and writes pages, and nothing else.
HISTORIAN = Principal(
    "knowledge-keeper",
    itself=True,
    permissions=frozenset(
        {
            Permission.INCIDENTS_READ,
            Permission.ALERTS_READ,
            Permission.FIXES_PLAN,
            Permission.KNOWLEDGE_READ,
            Permission.KNOWLEDGE_MANAGE,
        }
    ),
)
FOLDER, TAG = "past-incidents", "past-incident"
# How many incidents become pages: the last ones.
MOST = 200
# After a look, however often people ask.
EVERY_S = 30.0
# One that was found lately may yet end: it is looked at again so often, for so long. No page changes
# more often: every change makes answers that are kept those of an earlier base.
AGAIN, OPEN_FOR = timedelta(minutes=10), timedelta(days=7)

log = structlog.get_logger()


@dataclass
class Asking:
    """Set whenever the knowledge base is asked something."""

    event: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self) -> None:
        self.event.set()


@asynccontextmanager
async def remembered(
    sessions: Sessions, incidents: KeptIncidents, asking: Asking, *, every_s: float = EVERY_S
) -> AsyncGenerator[None]:
    """While inside, incidents become pages soon after the base was asked something; before, nothing is done."""
    task = asyncio.create_task(
        _remember(Historian(Tools(sessions, HISTORIAN), incidents), asking, every_s)
    )
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _remember(historian: "Historian", asking: Asking, every_s: float) -> None:
    while True:
        await asking.event.wait()
        try:
            await historian.look(utc_now())
        except OpsError as error:
            # A base or a cluster that is away now may be back at the next look.
            log.warning("incidents_not_remembered", error=str(error))
        # Writing pages asks the base, too; what people ask from here on counts.
        asking.event.clear()
        await asyncio.sleep(every_s)


@dataclass
class Historian:
    """What it has written of each incident: as of which time that was found, and when."""

    tools: Tools
    incidents: KeptIncidents
    _written: dict[str, tuple[datetime, datetime]] = field(
        default_factory=dict[str, tuple[datetime, datetime]]
    )
    _known: frozenset[str] | None = None

    async def look(self, now: datetime) -> int:
        """Write pages of incidents that are new, were found again, or may have ended since. Gives how many."""
        rows = await self.incidents.latest(None, limit=MOST)
        if not rows:
            return 0
        if self._known is None:
            self._known = await self._pages()
        due = [one for one in rows if self._is_due(one, now)]
        pages = {f"{one.id}.md": await self._page(one) for one in due}
        if pages:
            packed = base64.b64encode(_packed(pages)).decode()
            await self.tools.call(
                "knowledge_add_document", name=f"{FOLDER}.zip", content_base64=packed
            )
        self._written |= {one.id: (one.last_found_at, now) for one in due}
        return len(pages)

    def _is_due(self, row: IncidentRow, now: datetime) -> bool:
        recent = now - row.last_found_at < OPEN_FOR
        if row.id not in self._written:
            return recent or f"{FOLDER}/{row.id}.md" not in (self._known or ())
        found_at, written_at = self._written[row.id]
        return now - written_at >= AGAIN and (recent or row.last_found_at != found_at)

    async def _pages(self) -> frozenset[str]:
        """The pages of incidents that the base has."""
        names: list[str] = []
        cursor = ""
        while True:
            found = await self.tools.call("knowledge_list_documents", tag=TAG, cursor=cursor)
            names += [one["doc"] for one in found.data["rows"]]
            cursor = found.data["cursor"]
            if not cursor:
                return frozenset(names)

    async def _page(self, row: IncidentRow) -> str:
        known: Mapping[str, Any] = await aftermath(self.tools, row.id, cost=False)
        drafted = await self.tools.call(
            DRAFT,
            kind="incident",
            incident_id=row.id,
            language=language_of(row.summary),
            aftermath=known,
        )
        return str(drafted.data["markdown"])


def _packed(pages: Mapping[str, str]) -> bytes:
    """As one archive, so that the base changes once."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name, markdown in pages.items():
            archive.writestr(name, markdown)
    return content.getvalue()
