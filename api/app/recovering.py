"""Going on with changes whose process died: at start, and while this one runs."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

from core.clock import utc_now
from core.errors import OpsError
from core.principal import Permission, Principal
from core.storage.database import Database
from core.storage.kept_fixes import KeptFixes
from core.telemetry import logger
from mcp_servers.client import Sessions, Tools

# Midwatch itself: it may go on with what a person approved and another process began.
RECOVERY = Principal("midwatch", permissions=frozenset({Permission.FIXES_STOP}), itself=True)
EVERY_S = 15.0
log = logger("midwatch.recovery")


@asynccontextmanager
async def recovering(
    sessions: Sessions, database: Database, *, every_s: float = EVERY_S
) -> AsyncGenerator[None]:
    """Look for abandoned changes from time to time; a dead process keeps its for some seconds."""
    task = asyncio.create_task(_recover(Tools(sessions, RECOVERY), KeptFixes(database), every_s))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _recover(tools: Tools, kept: KeptFixes, every_s: float) -> None:
    while True:
        try:
            # Each call is a line of the audit trail, so it is made only where somebody left one.
            if any(one.lease_until < utc_now() for one in await kept.unfinished()):
                found = (await tools.call("autofix_recover")).data["changes"]
                log.info("changes.recovered", changes=found)
        except OpsError as error:
            log.warning("changes.not_recovered", why=str(error))
        await asyncio.sleep(every_s)
