"""Budgets over a cluster whose days cost round sums: how they stand, and what is told of them."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from agent.answers.budgets import told_budgets
from agent.asked import Asked
from agent.intents import language_of
from agent.toolbox import Result
from core.errors import Conflict, Forbidden, Invalid, NotFound
from mcp_servers.client import Connections
from sandbox.server import serving_in_thread
from tests.servers.budgeting import SUE, Office, office, town_in

DAY = timedelta(days=1)


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


def today() -> date:
    return datetime.now(UTC).date()


def around(before: int, after: int) -> dict[str, str]:
    """A period of so many days before today and after it."""
    start, end = today() - DAY * before, today() + DAY * after
    return {"period": "custom", "starts_on": str(start), "ends_on": str(end)}


async def line(desk: Office, name: str, **more: Any) -> dict[str, Any]:
    [row] = (await desk.call("budgets_list", name=name, **more))["rows"]
    return row


async def test_a_budget_knows_what_its_namespace_has_spent(desk: Office) -> None:
    await desk.call("budgets_add", name="shop", amount="10000", namespace="shop", **around(8, 8))
    await desk.days()
    found = await line(desk, "shop")
    # Eight days, of which the last three or so cost 48, and today up to now.
    assert 8 * 24 <= found["spent"] <= 8 * 24 + 4 * 48
    assert found["share"] == pytest.approx(found["spent"] / 100, abs=0.01)
    assert found["remaining"] == pytest.approx(10_000 - found["spent"])
    assert (found["state"], found["scope"], found["currency"]) == ("ok", "namespace/shop", "EUR")
    assert found["days_known"] >= 10
    assert found["foretold"]["mean"] > found["spent"]


async def test_the_whole_cluster_is_the_bill(desk: Office) -> None:
    await desk.call("budgets_add", name="all", amount="10000", **around(5, 5))
    await desk.days()
    found = await line(desk, "all")
    assert found["spent"] >= 5 * 96 - 0.01
    assert found["spent"] <= 6 * 96


async def test_a_label_is_a_scope_and_another_currency_a_rate(desk: Office) -> None:
    await desk.call(
        "budgets_add",
        name="base",
        amount="10000",
        label="team=base",
        currency="CNY",
        **around(5, 5),
    )
    await desk.days()
    found = await line(desk, "base")
    assert found["scope"] == "team=base"
    assert 5 * 24 * 8 - 0.1 <= found["spent"] <= 6 * 24 * 8


async def test_what_drives_it_is_the_workload_that_grew(desk: Office) -> None:
    await desk.call("budgets_add", name="all", amount="10000", **around(8, 8))
    await desk.days()
    grown = (await line(desk, "all"))["drivers"]
    by_name = {one["workload"]: one for one in grown}
    assert by_name["Pod shop/web"]["daily"] > by_name["Pod shop/web"]["daily_before"]
    # What one takes more, less lies idle; what did not change drives nothing.
    assert set(by_name) == {"Pod shop/web", "(idle)"}


async def test_a_threshold_is_told_once_and_the_lower_one_with_it(desk: Office) -> None:
    await desk.channel()
    budget = {"name": "shop", "amount": "200", "namespace": "shop", "channels": ["webhook"]}
    await desk.call("budgets_add", **budget, forecast_thresholds=[], **around(8, 8))
    await desk.days()
    for _ in range(3):
        await desk.call("budgets_check")
    assert len(await desk.told()) == 1
    told = {one["threshold"]: one["state"] for one in (await line(desk, "shop"))["told"]}
    assert told == {80: "with_higher", 100: "pending"}
    await desk.call("channels_deliver_due")
    assert {one["state"] for one in (await line(desk, "shop"))["told"]} == {"with_higher", "sent"}
    [message] = desk.services.heard["webhook"].taken
    assert "shop" in str(message)


async def test_fifty_checks_at_once_tell_it_once(desk: Office) -> None:
    await desk.channel()
    budget = {"name": "shop", "amount": "9000", "namespace": "shop", "channels": ["webhook"]}
    await desk.call("budgets_add", **budget, forecast_thresholds=[], **around(8, 8))
    await desk.days()
    await desk.call("budgets_change", name="shop", amount="200")
    done = await asyncio.gather(*(desk.call("budgets_check") for _ in range(50)))
    assert sum(one["told"] for one in done) == 1
    assert len(await desk.told()) == 1


async def test_another_amount_is_told_anew(desk: Office) -> None:
    await desk.channel()
    budget = {"name": "shop", "amount": "200", "namespace": "shop", "channels": ["webhook"]}
    await desk.call("budgets_add", **budget, forecast_thresholds=[], **around(8, 8))
    await desk.days()
    await desk.call("budgets_change", name="shop", owner="sue")
    await desk.call("budgets_check")
    assert len(await desk.told()) == 1
    await desk.call("budgets_change", name="shop", amount="150")
    await desk.call("budgets_check")
    assert len(await desk.told()) == 2


async def test_a_budget_that_can_tell_nobody_says_so_and_tells_when_it_can(desk: Office) -> None:
    added = await desk.call(
        "budgets_add", name="shop", amount="200", namespace="shop", **around(8, 8)
    )
    assert "budget.nobody" in {one["code"] for one in added["notes"]}
    await desk.days()
    actual = [one for one in (await line(desk, "shop"))["told"] if one["kind"] == "actual"]
    assert [one["state"] for one in actual] == ["with_higher", "nobody"]
    await desk.channel()
    await desk.call("budgets_change", name="shop", channels=["webhook"])
    await desk.call("budgets_check")
    # What is spent and what is foretold are told apart.
    assert len(await desk.told()) == 2


async def test_the_words_are_the_channels(desk: Office) -> None:
    await desk.channel("slack", language="zh")
    await desk.call(
        "budgets_add",
        name="shop",
        amount="200",
        namespace="shop",
        channels=["slack"],
        forecast_thresholds=[],
        **around(8, 8),
    )
    await desk.days()
    await desk.call("channels_deliver_due")
    [body] = desk.services.heard["slack"].taken
    assert "预算 shop：已达 100%" in str(body)


async def test_what_matches_nothing_is_not_a_healthy_budget(desk: Office) -> None:
    await desk.call("budgets_add", name="none", amount="5", label="team=nobody", **around(5, 5))
    await desk.days()
    found = await line(desk, "none", language="zh")
    assert found["state"] == "no_match"
    assert any("不等于" in one["text"] for one in found["notes"])


async def test_without_a_known_day_nothing_is_foretold(desk: Office) -> None:
    added = await desk.call("budgets_add", name="shop", amount="5000", namespace="shop")
    assert (added["state"], added["foretold"]) == ("insufficient_data", None)
    assert "budget.no_days" in {one["code"] for one in added["notes"]}


async def test_a_budget_of_nothing_is_over_with_any_cost(desk: Office) -> None:
    await desk.call("budgets_add", name="zero", amount="0", namespace="shop", **around(5, 5))
    await desk.days()
    found = await line(desk, "zero")
    assert (found["state"], found["share"]) == ("over", None)


async def test_a_removed_budget_is_gone(desk: Office) -> None:
    await desk.call("budgets_add", name="shop", amount="200", namespace="shop")
    await desk.call("budgets_remove", name="shop")
    assert (await desk.call("budgets_list"))["rows"] == []


@pytest.mark.parametrize(
    ("wrong", "error", "sentence"),
    [
        ({"amount": "-5"}, Invalid, "amount"),
        ({"amount": "many"}, Invalid, "amount"),
        ({"currency": "JPY"}, Invalid, "no rate from EUR to JPY"),
        ({"period": "custom"}, Invalid, "needs its first day"),
        (
            {"period": "custom", "starts_on": "2026-02-30", "ends_on": "2026-03-30"},
            Invalid,
            "no day",
        ),
        ({"starts_on": "2026-02-01"}, Invalid, "days of the calendar"),
        ({"label": "team"}, Invalid, "label"),
        ({"channels": ["webhok"]}, NotFound, "Did you mean webhook"),
    ],
)
async def test_a_wrong_budget_is_refused_with_a_sentence(
    desk: Office, wrong: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    await desk.channel()
    with pytest.raises(error, match=sentence):
        await desk.call("budgets_add", **{"name": "a", "amount": "5", **wrong})
    assert (await desk.call("budgets_list"))["rows"] == []


async def test_two_budgets_do_not_share_a_name(desk: Office) -> None:
    await desk.call("budgets_add", name="shop", amount="200")
    with pytest.raises(Conflict, match="already"):
        await desk.call("budgets_add", name="shop", amount="300")
    with pytest.raises(NotFound, match="Did you mean shop"):
        await desk.call("budgets_remove", name="shpo")


async def test_who_sees_one_namespace_sees_and_makes_its_budgets_only(desk: Office) -> None:
    await desk.call("budgets_add", name="shop", amount="200", namespace="shop")
    await desk.call("budgets_add", name="data", amount="200", namespace="data")
    await desk.call("budgets_add", name="all", amount="200")
    sue = desk.tools(SUE)
    assert [one["name"] for one in (await sue.call("budgets_list")).data["rows"]] == ["shop"]
    with pytest.raises(Forbidden, match="more than your namespaces"):
        await sue.call("budgets_add", name="more", amount="5")
    with pytest.raises(NotFound):
        await sue.call("budgets_remove", name="data")


@pytest.mark.parametrize(
    ("question", "head", "line"),
    [
        ("which team will break its budget?", "expected to: sales.", "sales: "),
        ("哪个团队会超预算？", "预计会超支：sales。", "sales：已花费"),
    ],
)
async def test_the_team_that_breaks_its_budget_is_named_with_its_figures(
    question: str, head: str, line: str, desk: Office
) -> None:
    for team, amount in (("sales", "300"), ("base", "9000")):
        label = {"label": f"team={team}", **around(8, 8)}
        await desk.call("budgets_add", name=f"of-{team}", amount=amount, **label)
    await desk.call("budgets_add", name="shop", amount="1", namespace="shop", **around(8, 8))
    await desk.days()
    data = await desk.call("budgets_list")
    asked = Asked(question, "budget", language_of(question), {})
    told = told_budgets(asked, Result("budgets_list", {}, "ok", "", data))
    assert head in told
    assert line in told
    assert "300.00 EUR" in told
    assert "Pod shop/web" in told
    assert "base" not in told


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("when is the budget of shop used up?", "shop will be used up on {day}"),
        ("shop 的预算什么时候用完？", "shop 将在 {day} 用完"),
    ],
)
async def test_the_day_on_which_a_budget_is_used_up_is_told(
    question: str, said: str, desk: Office
) -> None:
    await desk.call("budgets_add", name="shop", amount="400", namespace="shop", **around(8, 8))
    await desk.days()
    data = await desk.call("budgets_list")
    [row] = data["rows"]
    assert row["state"] == "at_risk"
    asked = Asked(question, "budget", language_of(question), {"namespace": "shop"})
    told = told_budgets(asked, Result("budgets_list", {}, "ok", "", data))
    assert said.format(day=row["exhausted_on"]) in told
