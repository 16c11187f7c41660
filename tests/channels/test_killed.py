"""A process that is killed at any moment loses no alert, and one that works on tells nothing twice."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from tests.channels.conftest import Room, opened
from tests.channels.fakes import SETTINGS, Services, serving

ALERTS, KILLS = 40, 2

PROGRAM = """
import asyncio, sys
from pathlib import Path
from core.security.encryption import Vault
from core.storage.database import Database
from core.storage.kept_alerts import KeptAlerts
from mcp_servers.client import Connections, Tools, desk_over, in_process
from tests.channels.conftest import ANN, alert, webhook

async def main(folder, address, first, count):
    async with Database.opened(f"sqlite:///{folder}/midwatch.db") as database:
        desk = desk_over(KeptAlerts(database), Vault.of("a key " * 8), practice=True)
        reach = Connections(clusterless=True)
        async with in_process(reach, desk=desk, only=("alerting", "channels")) as sessions:
            tools = Tools(sessions, ANN)
            sending = asyncio.create_task(deliver(tools))
            for one in range(first, count):
                payload = webhook(alert("Many", n=str(one)))
                await tools.call("alerting_receive", source="alertmanager", payload=payload)
                print(one, flush=True)
            sending.cancel()

async def deliver(tools):
    while True:
        await tools.call("channels_deliver_due")
        await asyncio.sleep(0.01)

asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
"""


async def test_no_alert_is_lost_and_no_answer_of_a_channel_is_forgotten(tmp_path: Path) -> None:
    services = Services()
    async with serving(services.app) as address:
        async with opened(tmp_path) as room:
            await room.tools.call(
                "channels_add", name="hook", kind="webhook", settings=SETTINGS["webhook"](address)
            )
        answered = 0
        for turn in range(1, KILLS + 1):
            until = ALERTS * turn // KILLS
            answered = await killed(tmp_path, address, answered, until)
        async with opened(tmp_path) as room:
            await send_again(room, answered)
            await all_sent(room)
    heard = [one["data"]["alerts"] for one in services.heard["webhook"].taken]
    ids = [one["id"] for one in services.heard["webhook"].taken]
    numbers = {two["labels"]["n"] for one in heard for two in one}
    assert numbers == {str(one) for one in range(ALERTS)}
    # A kill between the channel's yes and writing it down is told twice, under the same id.
    assert len(ids) - len(set(ids)) <= KILLS


async def killed(folder: Path, address: str, first: int, count: int) -> int:
    """Run until the last alert but a few was answered, then kill. How many were answered."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PROGRAM, str(folder), address, str(first), str(ALERTS)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert process.stdout
    answered = first
    while answered < count and (line := await process.stdout.readline()):
        answered = int(line) + 1
    if process.returncode is None:
        process.send_signal(signal.SIGKILL)
    await process.wait()
    return answered


async def send_again(room: Room, answered: int) -> None:
    """As a sender does with what was not answered; the first few once more, as a peer would."""
    from tests.channels.conftest import alert

    for one in (*range(5), *range(answered, ALERTS)):
        await room.receive(alert("Many", n=str(one)))


async def all_sent(room: Room) -> None:
    """The killed process's lease on the channel runs out first."""
    from dataclasses import replace

    from core.clock import utc_now

    async with room.store.session() as tables:
        await tables.channels.end_leases()
        rows = await tables.outbox.latest(state="pending")
        await tables.outbox.save([replace(one, run_after=utc_now()) for one in rows])
    for _ in range(30):
        await room.deliver()
        if not await room.deliveries(state="pending"):
            return
        await asyncio.sleep(1.1)  # its rate is 50 a second
