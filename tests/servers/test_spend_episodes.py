"""Changes of spend that budgets ask to be told of: kept by day and hour, and told once."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from datetime import datetime
from typing import Any

import pytest

from core.principal import Permission, Principal
from mcp_servers.client import Connections
from sandbox.server import serving_in_thread
from tests.servers.budgeting import SUE, Office, office, town_in

# As many days as show what a day and an hour of the week usually cost.
DAYS = 20
EVE = Principal("eve", permissions=frozenset(Permission), namespaces=frozenset({"data"}))


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Generator[Connections]:
    folder = town_in(tmp_path_factory.mktemp("town"), DAYS)
    with serving_in_thread(folder) as addresses:
        yield Connections(
            kubeconfig=addresses.kubeconfig,
            prometheus_url=addresses.prometheus,
            price_book=folder / "prices.toml",
        )


@pytest.fixture
async def desk(town: Connections, database_url: str) -> AsyncGenerator[Office]:
    async with office(town, database_url) as opened:
        await opened.channel()
        yield opened


async def watched(desk: Office, **more: Any) -> None:
    budget = {"name": "shop", "amount": "900000", "namespace": "shop", "channels": ["webhook"]}
    await desk.call("budgets_add", **{**budget, "anomalies": "medium", **more})
    await desk.days()


async def noticed(desk: Office, **asked: Any) -> dict[str, dict[str, Any]]:
    rows = (await desk.call("budgets_episodes", **asked))["rows"]
    return {row["step"]: row for row in rows}


async def test_a_change_by_day_and_by_hour_is_kept_with_its_causes_and_told_once(
    desk: Office,
) -> None:
    await watched(desk)
    for _ in range(3):
        await desk.call("budgets_check")
        await desk.call("channels_deliver_due")
    found = await noticed(desk)
    assert set(found) == {"day", "hour"}
    for row in found.values():
        assert (row["scope"], row["direction"], row["currency"]) == ("namespace/shop", "up", "EUR")
        assert row["impact"] > 24
        assert [one["workload"] for one in row["causes"]] == ["Pod shop/web"]
        assert [(one["budget"], one["state"]) for one in row["told"]] == [("shop", "sent")]
    messages = [str(one) for one in desk.services.heard["webhook"].taken]
    assert len(messages) == 2
    assert all("namespace/shop" in one and "more than usual" in one for one in messages)


async def test_many_checks_at_once_tell_each_change_once(desk: Office) -> None:
    await watched(desk, anomalies="off")
    await desk.call("budgets_change", name="shop", anomalies="low")
    await asyncio.gather(*(desk.call("budgets_check") for _ in range(12)))
    await desk.call("channels_deliver_due")
    assert len(desk.services.heard["webhook"].taken) == 2
    assert len((await desk.call("budgets_episodes"))["rows"]) == 2


async def test_who_did_not_ask_is_not_told_and_nothing_is_kept(desk: Office) -> None:
    await watched(desk, anomalies="off")
    await desk.call("budgets_check")
    assert await desk.told() == []
    assert await noticed(desk) == {}


async def test_a_label_and_the_cluster_are_scopes_too(desk: Office) -> None:
    await watched(desk, name="sales", namespace="", label="team=sales")
    await desk.call(
        "budgets_add", name="all", amount="900000", channels=["webhook"], anomalies="low"
    )
    await desk.call("budgets_check")
    rows = (await desk.call("budgets_episodes", step="hour"))["rows"]
    assert {row["scope"] for row in rows} == {"team=sales", "cluster"}
    assert all(row["causes"][0]["workload"] == "Pod shop/web" for row in rows)


async def test_what_somebody_expected_is_kept_and_not_told(desk: Office) -> None:
    found = (await desk.call("budgets_hourly_anomalies", namespace="shop"))["rows"]
    start = datetime.fromisoformat(found[0]["start"])
    said = {"scope": "shop", "note": "the sale"}
    await desk.call("budgets_expect", start=f"{start:%Y-%m-%dT%H}:00", **said)
    shown = (await desk.call("budgets_hourly_anomalies", namespace="shop"))["rows"]
    assert (shown[0]["severity"], shown[0]["expected_by"]) == ("expected", "ann: the sale")
    await watched(desk)
    await desk.call("budgets_check")
    rows = await noticed(desk)
    assert (rows["hour"]["severity"], rows["hour"]["told"]) == ("expected", [])
    assert rows["day"]["severity"] != "expected"


async def test_nobody_to_tell_is_said_and_told_once_there_is_a_channel(desk: Office) -> None:
    await watched(desk, channels=[])
    await desk.call("budgets_check")
    rows = await noticed(desk)
    assert {one["state"] for row in rows.values() for one in row["told"]} == {"nobody"}
    await desk.call("budgets_change", name="shop", channels=["webhook"])
    for _ in range(2):
        await desk.call("budgets_check")
    assert len(await desk.told()) == 2


async def test_people_see_what_was_noticed_in_their_namespaces(desk: Office) -> None:
    await watched(desk)
    await desk.call("budgets_check")
    own = (await desk.tools(SUE).call("budgets_episodes")).data
    other = (await desk.tools(EVE).call("budgets_episodes")).data
    assert (len(own["rows"]), other["rows"]) == (2, [])
