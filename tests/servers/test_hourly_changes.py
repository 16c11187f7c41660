"""Hours that cost otherwise, in metrics whose odd hours are known."""

from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import Forbidden
from core.principal import Permission, Principal
from mcp_servers.client import Sessions, Tools
from tests.servers.budgeting import BOOK
from tests.servers.conftest import ANN
from tests.servers.priced import priced
from tests.servers.test_cost_bad_input import OBJECTS

HOUR, STEP = timedelta(hours=1), timedelta(minutes=15)
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
DAYS = 17
# Hours before now in which web asked for six cores instead of two (by day) or one (by night).
ODD = range(27, 31)


def cores(at: datetime, name: str) -> float:
    usual = 2.0 if 8 <= at.hour < 20 else 1.0
    place = (NOW - at) // HOUR
    return 6.0 if name == "web" and place in ODD else usual


def metrics() -> str:
    marks = [NOW - STEP * i for i in range(DAYS * 96)][::-1]
    lines = ["# TYPE kube_pod_container_resource_requests gauge"]
    for namespace, pod in (("shop", "web"), ("data", "db")):
        labels = f'namespace="{namespace}",pod="{pod}",container="app",resource="cpu",unit="core"'
        lines += [
            f"kube_pod_container_resource_requests{{{labels}}} {cores(at, pod)} {at.timestamp():.0f}"
            for at in marks
        ]
    return "\n".join([*lines, "# EOF\n"])


@pytest.fixture(scope="module")
async def hours(
    anyio_backend: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Sessions]:
    folder: Path = tmp_path_factory.mktemp("hours")
    async with priced(folder, OBJECTS, metrics=metrics(), book=BOOK, captured_at=NOW) as sessions:
        yield sessions


async def test_hours_that_cost_more_are_found_with_the_workload_behind(hours: Sessions) -> None:
    told = (await Tools(hours, ANN).call("budgets_hourly_anomalies")).data
    assert (told["verdict"], told["currency"], told["examined"]) == ("ok", "EUR", 2)
    [change] = [one for one in told["rows"] if one["direction"] == "up"]
    start = datetime.fromisoformat(change["start"])
    assert change["scope"] == "shop"
    assert abs(start - (NOW - HOUR * (ODD[-1] + 1))) <= HOUR
    assert 4 <= change["hours"] <= 6
    assert change["impact"] > 12
    assert [one["workload"] for one in change["causes"]] == ["Pod shop/web"]
    assert change["causes"][0]["kind"] == "more"
    assert change["causes"][0]["cost"] > 2 * change["causes"][0]["cost_before"]


async def test_another_namespace_is_calm_and_a_currency_is_a_rate(hours: Sessions) -> None:
    calm = (await Tools(hours, ANN).call("budgets_hourly_anomalies", namespace="data")).data
    assert (calm["verdict"], calm["rows"]) == ("ok", [])
    own = (await Tools(hours, ANN).call("budgets_hourly_anomalies")).data["rows"][0]
    yuan = (await Tools(hours, ANN).call("budgets_hourly_anomalies", currency="CNY")).data
    assert yuan["rows"][0]["impact"] == pytest.approx(8 * own["impact"])


async def test_people_see_the_hours_of_their_namespaces(hours: Sessions) -> None:
    dan = Principal("dan", permissions=frozenset(Permission), namespaces=frozenset({"data"}))
    told = (await Tools(hours, dan).call("budgets_hourly_anomalies")).data
    assert (told["examined"], told["rows"]) == (1, [])
    with pytest.raises(Forbidden):
        await Tools(hours, Principal("eve")).call("budgets_hourly_anomalies")


async def test_few_hours_are_said_to_be_few(calm_tools: Tools) -> None:
    told = (await calm_tools.call("budgets_hourly_anomalies", language="zh")).data
    assert (told["verdict"], told["rows"]) == ("insufficient_data", [])
    assert "需要 337 小时" in told["notes"][0]["text"]


async def test_a_label_is_a_scope_and_one_that_nothing_carries_is_said_to_be_none(
    hours: Sessions,
) -> None:
    told = (await Tools(hours, ANN).call("budgets_hourly_anomalies", by="label:team")).data
    assert [one["scope"] for one in told["rows"]] == ["team=(none)"]
    assert "label team" in told["notes"][-1]["text"]
