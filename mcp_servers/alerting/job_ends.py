"""The end of a job, written down together with its effect, or not at all."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from core.errors import Conflict
from mcp_servers.alerting.sentences import SENTENCES

if TYPE_CHECKING:
    from core.storage.kept_alerts import AlertTables


class LeaseLostError(Conflict):
    """Raised to roll back what a session wrote for a job that is not one's own any more."""


async def ended(
    tables: "AlertTables", job_id: str, owner: str, now: datetime, result: Mapping[str, Any]
) -> None:
    if not await tables.jobs.finish(job_id, owner, now, result):
        raise SENTENCES.error(LeaseLostError, "lease_lost")
