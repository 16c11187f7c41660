"""A process that checks budgets and is killed around one of its transactions.

`dying_check URL KUBECONFIG PROMETHEUS PRICES POINT`; POINT is like `in:5`: everything of the fifth
is done and nothing of it kept, or `out:5`: it is kept, and nothing after it is done.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from core.security.encryption import Vault
from core.storage.database import Database
from core.storage.kept_alerts import AlertTables, KeptAlerts
from mcp_servers.client import Connections, Tools, desk_over, in_process
from tests.servers.budgeting import ANN, KEY


class Dying(KeptAlerts):
    def __init__(self, database: Database, point: str) -> None:
        super().__init__(database)
        self._where, _, number = point.partition(":")
        self._left = int(number)

    @asynccontextmanager
    async def session(self, *, urgent: bool = False) -> AsyncGenerator[AlertTables]:
        self._left -= 1
        async with super().session(urgent=urgent) as tables:
            yield tables
            self._dies("in")
        self._dies("out")

    def _dies(self, where: str) -> None:
        if self._left == 0 and where == self._where:
            os.kill(os.getpid(), signal.SIGKILL)


async def main(url: str, kubeconfig: Path, prometheus: str, prices: Path, point: str) -> None:
    town = Connections(kubeconfig=kubeconfig, prometheus_url=prometheus, price_book=prices)
    async with Database.opened(url) as database:
        desk = desk_over(Dying(database, point), Vault.of(KEY), practice=True)
        async with in_process(town, desk=desk, only=("budgets",)) as sessions:
            await Tools(sessions, ANN).call("budgets_check")


if __name__ == "__main__":
    _, database_url, config, address, book, where = sys.argv
    asyncio.run(main(database_url, Path(config), address, Path(book), where))
