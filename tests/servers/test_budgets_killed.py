"""A check of budgets that is killed at any moment: each threshold is told once, and none is lost.

Over SQLite, and (`live`) over a real Postgres.
"""

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mcp_servers.client import Connections
from sandbox.server import serving_in_thread
from tests.servers.budgeting import Office, office, town_in

ROOT = Path(__file__).parents[2]
# Its transactions when all days are written down: budgets, days, how it stands, what was told, which
# functions are on, and the sixth, which writes a threshold's row and puts its messages. None of an `in` is kept.
POINTS = ["out:1", "in:5", "out:5", "in:6", "out:6"]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Generator[Connections]:
    folder = town_in(tmp_path_factory.mktemp("town"))
    with serving_in_thread(folder) as addresses:
        yield Connections(
            kubeconfig=addresses.kubeconfig,
            prometheus_url=addresses.prometheus,
            price_book=folder / "prices.toml",
        )


async def killed(town: Connections, url: str, point: str) -> None:
    where = [url, str(town.kubeconfig), town.prometheus_url, str(town.price_book), point]
    command = [sys.executable, "-m", "tests.servers.dying_check", *where]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stderr=DEVNULL)
    assert await process.wait() == -signal.SIGKILL


async def crossing(desk: Office) -> None:
    """A budget whose amount is passed, of which nothing was told yet."""
    today = datetime.now(UTC).date()
    around = {
        "starts_on": str(today - timedelta(days=8)),
        "ends_on": str(today + timedelta(days=8)),
    }
    await desk.channel()
    budget = {"name": "shop", "amount": "90000", "namespace": "shop", "channels": ["webhook"]}
    await desk.call("budgets_add", **budget, period="custom", **around, forecast_thresholds=[])
    await desk.days()
    await desk.call("budgets_change", name="shop", amount="200")


@pytest.mark.parametrize("point", POINTS)
async def test_a_threshold_is_told_once_whenever_its_check_was_killed(
    town: Connections, database_url: str, point: str
) -> None:
    async with office(town, database_url) as desk:
        await crossing(desk)
        await killed(town, database_url, point)
        # The sixth transaction is all there is to telling: kept whole, or not at all.
        assert len(await desk.told()) == (1 if point == "out:6" else 0)
        for _ in range(2):
            await desk.call("budgets_check")
            await desk.call("channels_deliver_due")
        assert len(desk.services.heard["webhook"].taken) == 1
        [shown] = (await desk.call("budgets_list", name="shop"))["rows"]
        states = {one["threshold"]: one["state"] for one in shown["told"]}
        assert states == {80: "with_higher", 100: "sent"}


async def test_many_checks_that_are_killed_at_once_still_tell_it_once(
    town: Connections, database_url: str
) -> None:
    async with office(town, database_url) as desk:
        await crossing(desk)
        await asyncio.gather(*(killed(town, database_url, point) for point in ("in:6", "out:5")))
        await asyncio.gather(*(desk.call("budgets_check") for _ in range(10)))
        await desk.call("channels_deliver_due")
        assert len(desk.services.heard["webhook"].taken) == 1


# Of a budget that is told of changes too: after the sixth what was noticed by the day is read, kept
# and told, and then the same by the hour. Any of these may be the last that was begun or kept.
CHANGES = [f"{way}:{n}" for n in range(7, 14) for way in ("in", "out")]


@pytest.fixture(scope="module")
def older_town(tmp_path_factory: pytest.TempPathFactory) -> Generator[Connections]:
    """A town that remembers enough days to know what is usual."""
    folder = town_in(tmp_path_factory.mktemp("older"), 20)
    with serving_in_thread(folder) as addresses:
        yield Connections(
            kubeconfig=addresses.kubeconfig,
            prometheus_url=addresses.prometheus,
            price_book=folder / "prices.toml",
        )


@pytest.mark.parametrize("point", CHANGES)
async def test_a_change_of_spend_is_told_once_whenever_its_check_was_killed(
    older_town: Connections, database_url: str, point: str
) -> None:
    async with office(older_town, database_url) as desk:
        await desk.channel()
        budget = {"name": "shop", "amount": "90000", "namespace": "shop", "channels": ["webhook"]}
        await desk.call("budgets_add", **budget)
        await desk.days()
        await desk.call("budgets_change", name="shop", anomalies="low")
        await killed(older_town, database_url, point)
        for _ in range(2):
            await desk.call("budgets_check")
            await desk.call("channels_deliver_due")
        assert len(desk.services.heard["webhook"].taken) == 2
        rows = (await desk.call("budgets_episodes"))["rows"]
        assert [one["state"] for row in rows for one in row["told"]] == ["sent", "sent"]
