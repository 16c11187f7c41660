"""A process that looks into an alert and is killed meanwhile: `dying_worker DATA KUBECONFIG PROMETHEUS POINT`.

POINT: taken (nothing was done yet), found (nothing was written down yet), or written (all of it was).
"""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from api.jobs.analyses import KIND, Analyses
from api.jobs.working import Handler, Say, Workers
from core.security.encryption import Vault
from core.storage.database import Database
from core.storage.job_records import JobRow
from core.storage.kept_alerts import KeptAlerts
from core.storage.kept_incidents import KeptIncidents
from mcp_servers.client import Connections, Sessions, desk_over, in_process

# Over when the next process looks.
LEASE = timedelta(milliseconds=1)


class Dying(Analyses):
    def __init__(self, sessions: Sessions, owner: str, point: str) -> None:
        super().__init__(sessions, owner, lambda: None)
        self._point = point

    async def run(self, job: JobRow, say: Say) -> None:
        self._dies("taken")
        await super().run(job, say)
        self._dies("written")

    async def _found(self, questions: list[dict[str, str]]) -> tuple[dict[str, Any], str]:
        found = await super()._found(questions)
        self._dies("found")
        return found

    def _dies(self, point: str) -> None:
        if point == self._point:
            os.kill(os.getpid(), signal.SIGKILL)


async def main(data: Path, kubeconfig: Path, prometheus: str, point: str) -> None:
    reach = Connections(kubeconfig=kubeconfig, prometheus_url=prometheus)
    async with Database.opened(f"sqlite:///{data / 'midwatch.db'}") as database:
        store = KeptAlerts(database)
        desk = desk_over(store, Vault.of("a key " * 8), practice=True)
        servers, incidents = ("alerting", "channels", "rca"), KeptIncidents(database)
        async with in_process(reach, desk=desk, incidents=incidents, only=servers) as sessions:
            handlers = dict[str, Handler]()
            workers = Workers(store, handlers, lease=LEASE)
            handlers[KIND] = Dying(sessions, workers.owner, point).run
            ended = asyncio.Event()
            workers.again = ended.set
            await workers.work()
            await ended.wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]))
