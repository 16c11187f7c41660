"""The watched folder of pages: looked through while the service runs."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog

from core.errors import OpsError
from core.principal import Permission, Principal
from mcp_servers.client import Sessions, Tools

KEEPER = Principal("knowledge-keeper", permissions=frozenset({Permission.KNOWLEDGE_MANAGE}))

log = structlog.get_logger()


@asynccontextmanager
async def kept_in_step(sessions: Sessions, every: timedelta) -> AsyncGenerator[None]:
    """While inside, the knowledge base follows its folders: at once, and then so often."""
    task = asyncio.create_task(_keep(sessions, every))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _keep(sessions: Sessions, every: timedelta) -> None:
    known: set[tuple[str, str]] = set()
    while True:
        try:
            report = await Tools(sessions, KEEPER).call("knowledge_refresh")
            skipped = {
                (str(one["doc"]), str(one["reason"]))
                for source in report.data["sources"]
                for one in source["skipped"]
            }
            # A page that stays as it is is told once, not with every look.
            for doc, reason in sorted(skipped - known):
                log.warning("page_skipped", doc=doc, reason=reason)
            known = skipped
        except OpsError as error:
            # A folder that is away now may be back at the next look.
            log.warning("knowledge_not_refreshed", error=str(error))
        await asyncio.sleep(every.total_seconds())
