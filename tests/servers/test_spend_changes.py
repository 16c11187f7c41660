"""budgets_anomalies over a month of days of which the last three cost more."""

from collections.abc import AsyncGenerator, Generator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from core.clock import utc_now
from core.errors import Invalid
from core.principal import Permission, Principal
from core.storage.budget_records import DayRow, ShareRow
from mcp_servers.client import Connections
from sandbox.server import serving_in_thread
from tests.servers.budgeting import GROWN_DAYS, SUE, Office, office, town_in

DAY = timedelta(days=1)
DATA = Principal("dan", permissions=frozenset(Permission), namespaces=frozenset({"data"}))


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Generator[Connections]:
    folder = town_in(tmp_path_factory.mktemp("month"), days=25)
    with serving_in_thread(folder) as addresses:
        yield Connections(
            kubeconfig=addresses.kubeconfig,
            prometheus_url=addresses.prometheus,
            price_book=folder / "prices.toml",
        )


@pytest.fixture
async def desk(month: Connections, tmp_path: Path) -> AsyncGenerator[Office]:
    async with office(month, f"sqlite:///{tmp_path / 'midwatch.db'}") as opened:
        yield opened


async def test_days_that_cost_more_are_found_with_the_workload_behind(desk: Office) -> None:
    told = await desk.call("budgets_anomalies", namespace="shop")
    assert (told["verdict"], told["currency"]) == ("ok", "EUR")
    [change] = told["rows"]
    grown = datetime.now(UTC).date() - timedelta(days=GROWN_DAYS)
    assert change["start"] in (str(grown), str(grown + timedelta(days=1)))
    assert (change["scope"], change["direction"]) == ("shop", "up")
    [cause] = change["causes"]
    assert (cause["workload"], cause["kind"]) == ("Pod shop/web", "cpu")
    # In the evening the first hours of the change are in a day that does not stand out yet.
    assert cause["daily_before"] == pytest.approx(24, abs=0.5)
    assert 24 < cause["daily"] <= 48


async def test_what_one_takes_the_idle_loses_and_steady_ones_are_no_news(desk: Office) -> None:
    told = await desk.call("budgets_anomalies")
    by_scope = {one["scope"]: one["direction"] for one in told["rows"]}
    assert by_scope == {"shop": "up", "(idle)": "down"}


async def test_a_label_is_judged_by_its_values(desk: Office) -> None:
    told = await desk.call("budgets_anomalies", by="label:team")
    assert "team=sales" in {one["scope"] for one in told["rows"]}
    assert "team=base" not in {one["scope"] for one in told["rows"]}


async def test_the_last_week_is_told_against_the_fortnight_before(desk: Office) -> None:
    week = (await desk.call("budgets_anomalies", namespace="shop"))["week"]
    [one] = week
    assert one["workload"] == "Pod shop/web"
    assert one["daily"] > one["daily_before"] == pytest.approx(24)


async def test_on_nodes_that_stay_the_workload_that_grew_is_told_and_not_what_it_took_it_from(
    desk: Office,
) -> None:
    told = await desk.call("budgets_anomalies")
    assert [one["workload"] for one in told["week"]] == ["Pod shop/web"]
    assert told["daily"] > told["daily_before"]


async def _write(desk: Office, costs: Mapping[date, float]) -> None:
    """What web cost on earlier days, of which no metrics are left."""
    async with desk.store.session() as tables:
        for day, cost in costs.items():
            share = ShareRow(day, "shop", "Pod shop/web", {}, str(cost))
            await tables.days.write(DayRow(day, 24, "EUR", "round", utc_now()), [share])


async def test_a_month_is_set_against_the_one_before_with_what_made_it_dearer(desk: Office) -> None:
    this = utc_now().date().replace(day=1)
    last = (this - DAY).replace(day=1)
    earlier = [this - DAY * i for i in range(1, (this - last).days + 28)]
    await _write(desk, {day: 130.0 if day >= last else 100.0 for day in earlier})
    told = await desk.call("budgets_anomalies", namespace="shop", month="last")
    month = told["month"]
    assert (month["start"], month["daily"], month["daily_before"]) == (str(last), 130, 100)
    assert (month["days"], month["days_before"]) == ((this - last).days, 27)
    assert [one["workload"] for one in month["causes"]] == ["Pod shop/web"]
    assert not [one for one in told["notes"] if "month" in one["text"]]


async def test_without_the_month_before_it_is_said_and_the_week_is_compared(desk: Office) -> None:
    told = await desk.call("budgets_anomalies", namespace="shop", month="last")
    assert told["month"] is None
    assert told["week"]
    assert "too few to compare the months" in told["notes"][0]["text"]


async def test_what_somebody_expected_is_no_news_any_more(desk: Office) -> None:
    [change] = (await desk.call("budgets_anomalies", namespace="shop"))["rows"]
    note = {"scope": "shop", "start": change["start"], "note": "the sale began"}
    await desk.call("budgets_expect", **note)
    await desk.call("budgets_expect", **note)
    [after] = (await desk.call("budgets_anomalies", namespace="shop"))["rows"]
    assert (after["severity"], after["expected_by"]) == ("expected", "ann: the sale began")


async def test_only_a_change_that_was_found_can_be_expected(desk: Office) -> None:
    with pytest.raises(Invalid, match=r"no anomaly that begins on 2020-01-01.*There are: "):
        await desk.call("budgets_expect", scope="shop", start="2020-01-01", note="so what")


async def test_people_see_the_changes_of_their_namespaces(desk: Office) -> None:
    mine = (await desk.tools(SUE).call("budgets_anomalies")).data
    others = (await desk.tools(DATA).call("budgets_anomalies")).data
    assert {one["scope"] for one in mine["rows"]} == {"shop"}
    assert others["rows"] == []


async def test_few_days_are_said_to_be_few(tmp_path: Path) -> None:
    (tmp_path / "town").mkdir()
    folder = town_in(tmp_path / "town", days=8)
    with serving_in_thread(folder) as addresses:
        reach = Connections(
            kubeconfig=addresses.kubeconfig,
            prometheus_url=addresses.prometheus,
            price_book=folder / "prices.toml",
        )
        async with office(reach, f"sqlite:///{tmp_path / 'midwatch.db'}") as desk:
            told = await desk.call("budgets_anomalies", language="zh")
    assert (told["verdict"], told["rows"]) == ("insufficient_data", [])
    assert "需要 15 个" in told["notes"][0]["text"]
