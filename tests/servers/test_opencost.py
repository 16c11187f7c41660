"""Spend as an OpenCost says it: its figures, its idle, and what was missing, over the wire."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from core.errors import Invalid, UpstreamUnavailable
from mcp_servers.client import Connections, Tools, in_process
from tests.backends.loopback import Asked, answering
from tests.servers.conftest import ANN, SHOPKEEPER
from tests.servers.opencost_service import idle, opencost, pod
from tests.servers.test_spend import BOOK

Rows = Sequence[tuple[str, dict[str, Any]]]


def town(hours: float) -> Rows:
    home = {"team": "shop"}
    return [
        pod("shop", "web", "web-1", cpu=1, ram=2, hours=hours, home=home),
        pod("shop", "web", "web-2", cpu=1, ram=2, hours=hours, home=home, labels={"team": "edge"}),
        pod("data", "db", "db-0", cpu=2, ram=8, hours=hours, kind="statefulset", pv=0.5),
        ("__unmounted__/__unmounted__", {"properties": {}, "minutes": 60, "totalCost": 0.25}),
        idle(1.5, 0.5),
    ]


@asynccontextmanager
async def served(
    answer: Callable[[Asked], tuple[int, Any]], principal: Any = ANN, **more: Any
) -> AsyncGenerator[Tools]:
    with answering(answer) as service:
        reach = Connections(clusterless=True, opencost_url=service.url, **more)
        async with in_process(reach, only=["budgets"]) as sessions:
            yield Tools(sessions, principal)


async def test_the_bill_is_opencosts_and_its_parts_add_up() -> None:
    async with served(opencost(town)) as tools:
        told = (await tools.call("budgets_spend", window="PT10H", by="workload")).data
    rows = {one["name"]: one for one in told["rows"]}
    assert told["verdict"] == "ok"
    assert told["coverage"]["price_source"] == "OpenCost"
    assert told["cost"] + told["idle"] + told["overhead"] == pytest.approx(told["bill"])
    assert (told["idle"], told["currency"]) == (2.0, "USD")
    web = rows["Deployment shop/web"]
    assert web["cpu_cost"] == pytest.approx(2 * 10 * 0.03)
    assert web["memory_cost"] == pytest.approx(4 * 10 * 0.004)
    assert web["unused_cost"] == pytest.approx(web["cpu_cost"] / 2)
    assert web["memory_gib_hours"] == pytest.approx(40)
    assert rows["StatefulSet data/db"]["other_cost"] == pytest.approx(0.5)
    assert rows["Other __unmounted__"]["cost"] == pytest.approx(0.25)
    assert "OpenCost" in told["notes"][0]["text"]


async def test_idle_is_divided_as_asked_and_teams_are_labels() -> None:
    async with served(opencost(town)) as tools:
        asked = {"window": "PT10H", "by": "label:team", "idle": "proportional"}
        told = (await tools.call("budgets_spend", **asked, language="zh")).data
    assert told["idle"] == 0
    assert told["cost"] == pytest.approx(told["bill"])
    assert any(one["name"] in ("shop", "edge") for one in told["rows"])
    assert told["notes"][0]["text"].startswith("这些是 OpenCost")


async def test_who_sees_some_namespaces_sees_neither_the_others_nor_the_bill() -> None:
    async with served(opencost(town), SHOPKEEPER) as tools:
        told = (await tools.call("budgets_spend", window="PT10H")).data
    assert {one["name"] for one in told["rows"]} == {"shop", "data"}
    assert told["bill"] is None


async def test_its_currency_is_exchanged_by_the_price_book(tmp_path: Path) -> None:
    (tmp_path / "prices.toml").write_text(BOOK)
    more = {"price_book": tmp_path / "prices.toml", "opencost_currency": "CNY"}
    async with served(opencost(town), **more) as tools:
        own = (await tools.call("budgets_spend", window="PT10H")).data
        euro = (await tools.call("budgets_spend", window="PT10H", currency="EUR")).data
        with pytest.raises(Invalid, match="JPY"):
            await tools.call("budgets_spend", window="PT10H", currency="JPY")
    assert own["currency"] == "CNY"
    assert euro["bill"] == pytest.approx(own["bill"] / 8)


async def test_less_than_the_window_is_coverage_and_nothing_is_no_zero() -> None:
    async with served(opencost(lambda _: town(4))) as tools:
        told = (await tools.call("budgets_spend", window="PT10H")).data
    assert (told["coverage"]["hours_seen"], told["coverage"]["share"]) == (4, 0.4)
    assert any("4 of 10 hours" in one["text"] for one in told["notes"])
    async with served(opencost(lambda _: [])) as tools:
        told = (await tools.call("budgets_spend", window="PT10H")).data
    assert told["verdict"] == "insufficient_data"


async def test_an_idle_below_zero_is_none_and_the_parts_are_the_bill() -> None:
    async with served(opencost(lambda hours: [*town(hours)[:-1], idle(-3, 0)])) as tools:
        told = (await tools.call("budgets_spend", window="PT10H")).data
    assert told["idle"] == 0
    assert told["bill"] == pytest.approx(told["cost"])


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (404, {"code": 404}, "OpenCost"),
        (200, {"code": 200, "data": [{"a": {"minutes": 1}}]}, "OpenCost"),
        (200, [], "OpenCost"),
    ],
)
async def test_what_is_no_opencost_is_one_sentence(status: int, body: Any, sentence: str) -> None:
    async with served(lambda _: (status, body)) as tools:
        with pytest.raises(UpstreamUnavailable, match=sentence):
            await tools.call("budgets_spend", window="PT10H")
