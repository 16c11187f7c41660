"""Two real Alertmanagers that gossip: both are well, a silence set at one holds at both, one is missed."""

import shutil
import subprocess
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from core.security.encryption import Vault
from core.storage.database import Database
from core.storage.kept_alerts import KeptAlerts
from mcp_servers.client import ClusterAddress, Connections, Tools, desk_over, in_process
from tests.channels.conftest import ANN
from tests.ports import free_port

pytestmark = pytest.mark.live

# Gossip settles within seconds; a loaded machine is given minutes.
PATIENCE_S = 120.0


@contextmanager
def member(home: Path, web: int, gossip: int, peer: int) -> Generator[subprocess.Popen[bytes]]:
    program = shutil.which("alertmanager") or shutil.which("prometheus-alertmanager")
    assert program, "no Alertmanager is installed"
    home.mkdir()
    config = home / "alertmanager.yml"
    config.write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
    options = [
        f"--config.file={config}",
        f"--storage.path={home}",
        f"--web.listen-address=127.0.0.1:{web}",
        f"--cluster.listen-address=127.0.0.1:{gossip}",
        f"--cluster.advertise-address=127.0.0.1:{gossip}",
        f"--cluster.peer=127.0.0.1:{peer}",
        "--cluster.reconnect-interval=1s",
    ]
    process = subprocess.Popen([program, *options], stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncGenerator[tuple[Tools, subprocess.Popen[bytes]]]:
    webs, gossips = (free_port(), free_port()), (free_port(), free_port())
    urls = tuple(f"http://127.0.0.1:{one}" for one in webs)
    reach = Connections(clusterless=True, alertmanagers=(ClusterAddress("pair", urls),))
    with (
        member(tmp_path / "a", webs[0], gossips[0], gossips[1]),
        member(tmp_path / "b", webs[1], gossips[1], gossips[0]) as second,
    ):
        async with Database.opened(f"sqlite:///{tmp_path / 'midwatch.db'}") as database:
            desk = desk_over(KeptAlerts(database), Vault.of("a key " * 8), practice=True)
            async with in_process(reach, desk=desk, only=("alerting",)) as sessions:
                yield Tools(sessions, ANN), second


async def seen(tools: Tools, state: str, silences: int) -> dict[str, Any]:
    """The cluster once it is in this state and every answering member has as many silences."""
    with anyio.fail_after(PATIENCE_S):
        while True:
            [one] = (await tools.call("alerting_list_alertmanagers")).data["rows"]
            counts = {each["silences"] for each in one["members"] if each["answers"]}
            if one["state"] == state and counts == {silences}:
                return one
            await anyio.sleep(0.5)


async def test_two_members_that_gossip_are_well_and_share_silences(
    pair: tuple[Tools, subprocess.Popen[bytes]],
) -> None:
    tools, second = pair
    well = await seen(tools, "ok", 0)
    assert [one["peers"] for one in well["members"]] == [2, 2]
    wanted = {"matchers": ['alertname="X"'], "comment": "disks are being replaced"}
    await tools.call("alerting_create_silence", **wanted)
    assert (await seen(tools, "ok", 1))["problems"] == []
    second.kill()
    ill = await seen(tools, "degraded", 1)
    assert [one["answers"] for one in ill["members"]] == [True, False]
