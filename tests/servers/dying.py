"""A process that carries a plan out and is killed at one of its records: `dying DATA URL KUBECONFIG PROMETHEUS PLAN POINT`.

POINT is like `after:3`: once the third record was written, `before:3`: instead of writing it, or
`after:0`: never, so that it goes to its end. Several PLANs, with blanks between, are a batch.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from core.security.audit import AuditLog
from core.storage.database import Database
from core.storage.fix_records import Admission, ChangeRow, StepRow
from core.storage.kept_fixes import KeptFixes
from mcp_servers.client import Connections, Tools, fix_desk, in_process
from tests.servers.repairing import ANN, END_S, KEY


class Dying(KeptFixes):
    """A store whose process dies around one of the records of a change."""

    def __init__(self, database: Database, point: str) -> None:
        super().__init__(database)
        when, _, number = point.partition(":")
        self._before, self._left = when == "before", int(number)

    async def start(
        self, row: ChangeRow, *, subject: str, unattended: bool, admission: Admission | None = None
    ) -> None:
        self._dies(before=True)
        await super().start(row, subject=subject, unattended=unattended, admission=admission)
        self._dies(before=False)

    async def put_step(self, row: StepRow, *, runner: str, lease_until: datetime) -> None:
        self._dies(before=True)
        await super().put_step(row, runner=runner, lease_until=lease_until)
        self._dies(before=False)

    async def finish(
        self, change_id: str, runner: str, *, status: str, now: datetime, body: Mapping[str, Any]
    ) -> None:
        self._dies(before=True)
        await super().finish(change_id, runner, status=status, now=now, body=body)
        self._dies(before=False)

    def _dies(self, *, before: bool) -> None:
        if before == self._before:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


async def main(
    data: Path, url: str, kubeconfig: Path, prometheus: str, plan_id: str, point: str
) -> None:
    reach = Connections(kubeconfig=kubeconfig, prometheus_url=prometheus, timeout_s=5)
    async with (
        Database.opened(url) as database,
        AuditLog(database) as audit,
    ):
        store = Dying(database, point)
        desk = fix_desk(store, key=KEY, policy_file=data / "policy.toml", stop_file=data / "stop")
        async with in_process(reach, audit=audit, fixes=desk) as sessions:
            tools, plans = Tools(sessions, ANN), plan_id.split()
            if len(plans) > 1:
                await tools.call("autofix_apply_batch", plan_ids=plans, wait_s=END_S)
            else:
                await tools.call("autofix_apply", plan_id=plan_id, wait_s=END_S)


if __name__ == "__main__":
    _, folder, database_url, config, address, plan, where = sys.argv
    asyncio.run(main(Path(folder), database_url, Path(config), address, plan, where))
