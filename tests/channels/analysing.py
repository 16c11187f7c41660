"""Situations: alerts of the practice shop, and workers that look into them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from api.jobs import patrols
from api.jobs.analyses import KIND, Analyses
from api.jobs.working import Handler, Workers
from core.clock import utc_now
from core.principal import Principal
from core.security.encryption import Vault
from core.storage.database import Database
from core.storage.job_records import JobRow
from core.storage.kept_alerts import KeptAlerts
from core.storage.kept_incidents import KeptIncidents
from mcp_servers.client import Connections, Tools, desk_over, in_process
from sandbox.server import Addresses
from tests.channels.conftest import ANN, Room
from tests.channels.fakes import Services, serving

SERVERS = ("alerting", "channels", "rca")


@dataclass
class Ward(Room):
    """A room with a cluster in it, and workers of its own."""

    workers: Workers

    def as_(self, principal: Principal) -> Tools:
        return Tools(self.sessions, principal)

    async def analyses(self, **wanted: Any) -> list[dict[str, Any]]:
        return (await self.tools.call("alerting_list_analyses", **wanted)).data["rows"]

    async def alerts(self) -> list[dict[str, Any]]:
        return (await self.tools.call("alerting_list")).data["rows"]

    async def show(self, **labels: str) -> dict[str, Any]:
        """The alert that carries these labels, with its record."""
        [one] = [one for one in await self.alerts() if labels.items() <= one["labels"].items()]
        return (await self.tools.call("alerting_show", alert_id=one["id"])).data

    async def ripen(self) -> None:
        """As if the waits of the jobs were over."""
        async with self.store.session() as tables:
            for one in await tables.jobs.latest(KIND, state="waiting"):
                gone = replace(one, run_after=utc_now() - timedelta(seconds=1))
                await tables.jobs.save(gone)

    async def round_made(self, name: str) -> dict[str, Any]:
        """A patrol goes out and comes back; its report."""
        sent = (await self.tools.call("alerting_run_patrol", name=name)).data
        async with asyncio.timeout(60):
            while (await finished(self.store, sent["run_id"])).state != "done":
                await self.one_ended()
        return (await self.tools.call("alerting_patrol_report", name=name)).data

    async def worked_off(self) -> None:
        """All that waits is done now."""
        await self.ripen()
        async with asyncio.timeout(60):
            while await self.analyses(state="waiting") or await self.analyses(state="running"):
                await self.one_ended()

    async def one_ended(self) -> None:
        """Workers take what is due, and one job comes to an end, or was at one before."""
        ended = asyncio.Event()
        self.workers.again = ended.set
        await self.workers.work()
        async with asyncio.timeout(60):
            await ended.wait()


@asynccontextmanager
async def ward(shop: Addresses, folder: Path) -> AsyncGenerator[Ward]:
    services = Services()
    reach = Connections(kubeconfig=shop.kubeconfig, prometheus_url=shop.prometheus)
    async with (
        Database.opened(f"sqlite:///{folder / 'midwatch.db'}") as database,
        serving(services.app) as address,
    ):
        store = KeptAlerts(database)
        desk = desk_over(store, Vault.of("a key " * 8), practice=True)
        incidents = KeptIncidents(database)
        async with in_process(reach, desk=desk, incidents=incidents, only=SERVERS) as sessions:
            handlers = dict[str, Handler]()
            workers = Workers(store, handlers)
            handlers[KIND] = Analyses(sessions, workers.owner, lambda: None).run
            handlers[patrols.KIND] = patrols.Patrols(sessions, workers.owner, lambda: None).run
            yield Ward(Tools(sessions, ANN), store, services, address, sessions, workers)
            await workers.stop()


async def finished(store: KeptAlerts, job_id: str) -> JobRow:
    async with store.session() as tables:
        found = await tables.jobs.get(job_id)
    assert found
    return found
