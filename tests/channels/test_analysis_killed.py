"""kill -9 of the process that looks into an alert: nothing is lost, nothing has its effect twice."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio.to_thread
import pytest

from sandbox.server import Addresses, serving_in_thread
from tests.channels.analysing import ward
from tests.channels.conftest import alert

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def shop() -> Iterator[Addresses]:
    with serving_in_thread(ROOT / "sandbox" / "snapshots" / "shop") as addresses:
        yield addresses


def killed(shop: Addresses, data: Path, point: str) -> int:
    program = [sys.executable, "-m", "tests.channels.dying_worker"]
    arguments = [str(data), str(shop.kubeconfig), shop.prometheus, point]
    return subprocess.run([*program, *arguments], cwd=ROOT, check=False).returncode


@pytest.mark.parametrize("point", ["taken", "found", "written"])
async def test_who_comes_next_brings_it_to_its_one_end(
    shop: Addresses, tmp_path: Path, point: str
) -> None:
    async with ward(shop, tmp_path) as room:
        heard = await room.add("webhook")
        await room.receive(alert("CheckoutFailing"))
        await room.ripen()
        gone = await anyio.to_thread.run_sync(killed, shop, tmp_path, point)
        assert gone == -signal.SIGKILL
        state = "done" if point == "written" else "running"
        assert [one["state"] for one in await room.analyses()] == [state]
        await room.worked_off()
        shown = await room.show(alertname="CheckoutFailing")
        assert shown["analysis"]["verdict"] == "found"
        assert shown["analysis"]["attempts"] == (1 if point == "written" else 2)
        assert [one["outcome"] for one in shown["steps"]].count("found") == 1
        await room.deliver()
        assert [one["data"]["reason"] for one in heard.taken] == ["new", "analysis"]
