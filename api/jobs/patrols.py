"""Patrols: sent out when their time has come, by one process at a time, and what they see kept."""

from collections.abc import Callable
from datetime import datetime, timedelta
from secrets import token_hex
from typing import Any

from api.jobs.analyses import ANALYST, LANGUAGES
from api.jobs.working import Say
from core.clock import utc_now
from core.errors import NotFound
from core.flags import decided
from core.storage.job_records import JobRow
from core.storage.kept_alerts import KeptAlerts
from mcp_servers.client import Sessions, Tools

KIND = "patrol"
SCHEDULER = "scheduler"
# Who holds the lease renews it at each look; when that process dies, another one goes on so much later.
HELD = timedelta(seconds=30)


class Scheduler:
    """The one who says what is due. Should two think so, each time is taken by one of them alone."""

    def __init__(self, store: KeptAlerts, wake: Callable[[], None]) -> None:
        self._store, self._wake = store, wake
        self._owner = f"run-{token_hex(8)}"

    async def holds(self) -> bool:
        now = utc_now()
        async with self._store.session() as tables:
            return await tables.jobs.lease(SCHEDULER, self._owner, now, now + HELD)

    async def work(self) -> datetime | None:
        """Send out the patrols whose time has come."""
        now = utc_now()
        async with self._store.session() as tables:
            due = await tables.patrols.next_due()
        if due is None or due > now or not await self.holds():
            return due
        async with self._store.session() as tables:
            flags = await tables.flags.by_name()
            for row in await tables.patrols.due(now):
                is_off = decided(flags, "patrols", row.name, {"patrol": row.name}).state == "off"
                if await tables.patrols.put_off(row, row.next_after(now)) and not is_off:
                    mark = f"{row.name} {row.next_at.isoformat()}"
                    job = JobRow.of(
                        KIND,
                        mark,
                        {"patrol": row.name},
                        by="midwatch:scheduler",
                        now=now,
                        about=row.name[:64],
                    )
                    await tables.jobs.put([job])
            after = await tables.patrols.next_due()
        self._wake()
        return after

    async def stop(self) -> None:
        """Let another process go on at once."""
        async with self._store.session() as tables:
            await tables.jobs.release(SCHEDULER, self._owner, utc_now())


class Patrols:
    """A round: every namespace of the patrol is diagnosed, in both languages."""

    def __init__(self, sessions: Sessions, owner: str, wake: Callable[[], None]) -> None:
        self._tools, self._owner, self._wake = Tools(sessions, ANALYST), owner, wake

    async def run(self, job: JobRow, say: Say) -> None:
        asked = await self._tools.call("alerting_begin_patrol", run_id=job.id)
        namespaces: list[str] = asked.data["namespaces"]
        reports: dict[str, list[dict[str, Any]]] = {language: [] for language in LANGUAGES}
        for namespace in namespaces or [""]:
            say(f"looking at {namespace or 'everything'}")
            for language, report in (await self._looked(namespace)).items():
                reports[language].append(report)
        say("writing down")
        done = await self._tools.call(
            "alerting_conclude_patrol", run_id=job.id, owner=self._owner, reports=reports
        )
        if done.data["deliveries"]:
            self._wake()

    async def _looked(self, namespace: str) -> dict[str, dict[str, Any]]:
        try:
            return {
                language: (
                    await self._tools.call(
                        "rca_list_findings", namespace=namespace, language=language
                    )
                ).data
                for language in LANGUAGES
            }
        except NotFound as error:
            gone = {"what": f"Namespace {namespace}", "why": str(error)}
            empty: dict[str, Any] = {
                "cluster": "",
                "findings": [],
                "more": 0,
                "checked": {},
                "skipped": [gone],
                "verdict": "insufficient_data",
            }
            return dict.fromkeys(LANGUAGES, empty)
