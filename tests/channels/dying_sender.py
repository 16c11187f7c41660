"""A process that takes an alert in, or sends what waits, and is killed: `dying_sender DATA WHAT POINT`.

WHAT is `receive` (the body is on standard input), `receive_all` (several bodies, all but the first at
once) or `deliver`. POINT is like `before:3`: instead of committing its third session with the database,
or `after:3`: right after that.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson

from core.security.encryption import Vault
from core.storage.database import Database
from core.storage.kept_alerts import AlertTables, KeptAlerts
from mcp_servers.client import Connections, Tools, desk_over, in_process
from tests.channels.conftest import ANN


class Dying(KeptAlerts):
    """A store whose process dies around the end of one of its sessions."""

    def __init__(self, database: Database, point: str) -> None:
        super().__init__(database)
        when, _, number = point.partition(":")
        self._before, self._left = when == "before", int(number)

    @asynccontextmanager
    async def session(self, *, urgent: bool = False) -> AsyncGenerator[AlertTables]:
        async with super().session(urgent=urgent) as tables:
            yield tables
            self._left -= 1
            self._dies(before=True)
        self._dies(before=False)

    def _dies(self, *, before: bool) -> None:
        if before == self._before and self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


async def main(data: Path, what: str, point: str) -> None:
    async with Database.opened(f"sqlite:///{data / 'midwatch.db'}") as database:
        desk = desk_over(Dying(database, point), Vault.of("a key " * 8), practice=True)
        reach = Connections(clusterless=True)
        async with in_process(reach, desk=desk, only=("alerting", "channels")) as sessions:
            tools = Tools(sessions, ANN)
            if what == "deliver":
                await tools.call("channels_deliver_due")
                return
            given = orjson.loads(sys.stdin.buffer.read())
            first, *others = given if what == "receive_all" else [given]
            await receive(tools, first)
            await asyncio.gather(*(receive(tools, one) for one in others))


async def receive(tools: Tools, body: Any) -> None:
    await tools.call("alerting_receive", source="alertmanager", payload=body)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
