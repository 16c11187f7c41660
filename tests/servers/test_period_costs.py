"""budgets_foretell: what a period will have cost in the end, without any budget, honest about what is unknown."""

from collections.abc import AsyncGenerator, Generator
from dataclasses import replace
from datetime import date

import pytest

from core.clock import utc_now
from core.errors import Forbidden, Invalid
from mcp_servers.client import Connections
from sandbox.server import serving_in_thread
from tests.servers.budgeting import SUE, Office, office, town_in


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Generator[Connections]:
    folder = town_in(tmp_path_factory.mktemp("town"))
    with serving_in_thread(folder) as addresses:
        yield Connections(
            kubeconfig=addresses.kubeconfig,
            prometheus_url=addresses.prometheus,
            price_book=folder / "prices.toml",
        )


@pytest.fixture
async def desk(town: Connections, database_url: str) -> AsyncGenerator[Office]:
    async with office(town, database_url) as opened:
        yield opened


async def test_the_end_of_a_month_is_foretold_without_a_budget(desk: Office) -> None:
    told = await desk.call("budgets_foretell", namespace="shop")
    today = utc_now().date()
    assert (told["verdict"], told["scope"], told["period"]) == ("ok", "namespace/shop", "month")
    assert told["starts_on"] == str(today.replace(day=1))
    assert told["foretold"]["mean"] >= told["spent"] >= 0
    assert told["days_known"] > 0
    assert told["drivers"]
    assert (await desk.call("budgets_list"))["rows"] == []


async def test_a_longer_period_costs_no_less_and_says_which_days_it_knows(desk: Office) -> None:
    month = await desk.call("budgets_foretell", namespace="shop")
    year = await desk.call("budgets_foretell", namespace="shop", period="year", language="zh")
    assert year["foretold"]["mean"] >= month["foretold"]["mean"]
    assert date.fromisoformat(year["starts_on"]) == utc_now().date().replace(month=1, day=1)
    assert all(note["code"] not in ("budget.nobody", "budget.nothing") for note in year["notes"])


@pytest.mark.parametrize("scope", [{"namespace": "nowhere"}, {"label": "team=nobody"}])
async def test_what_matches_nothing_is_no_forecast_of_nothing(
    scope: dict[str, str], desk: Office
) -> None:
    told = await desk.call("budgets_foretell", **scope)
    assert (told["verdict"], told["foretold"]) == ("insufficient_data", None)
    assert "budget.no_match" in [note["code"] for note in told["notes"]]


async def test_what_is_of_more_than_the_caller_sees_is_refused(desk: Office) -> None:
    with pytest.raises(Forbidden, match="more than your namespaces"):
        await desk.tools(SUE).call("budgets_foretell")
    own = await desk.tools(SUE).call("budgets_foretell", namespace="shop")
    assert own.data["verdict"] == "ok"


@pytest.mark.parametrize(
    "wrong", [{"period": "decade"}, {"label": "bad"}, {"currency": "XXX"}, {"namespace": "A b"}]
)
async def test_what_cannot_be_asked_is_refused(wrong: dict[str, str], desk: Office) -> None:
    with pytest.raises(Invalid):
        await desk.call("budgets_foretell", **wrong)


async def test_what_nobody_could_measure_today_is_told_as_unknown_and_not_as_nought(
    town: Connections, database_url: str
) -> None:
    async with office(town, database_url) as before:
        await before.call("budgets_foretell")
    dead = replace(town, prometheus_url="http://127.0.0.1:1")
    async with office(dead, database_url) as after:
        told = await after.call("budgets_foretell", namespace="shop", language="zh")
    assert told["verdict"] == "ok"
    assert (told["spent"] is None) == (utc_now().day == 1)
    [why] = [note["text"] for note in told["notes"] if note["code"] == "budget.no_today"]
    assert "没有应答" in why
    assert "次后放弃" in why
    assert "upstream_unavailable" not in why
