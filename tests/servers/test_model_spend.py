"""What models cost is spend: by team, user and model, and as budgets. What has no price is said."""

from collections.abc import AsyncGenerator, Generator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import Forbidden, Invalid
from core.storage.records import UserRow
from core.storage.repositories.users import Users
from mcp_servers.client import Connections
from sandbox.server import serving_in_thread
from tests.servers.budgeting import SUE, Office, office, town_in
from tests.storage.test_usage import CALL

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Generator[Connections]:
    folder = town_in(tmp_path_factory.mktemp("town"), days=2)
    with serving_in_thread(folder) as addresses:
        yield Connections(
            kubeconfig=addresses.kubeconfig,
            prometheus_url=addresses.prometheus,
            price_book=folder / "prices.toml",
        )


@pytest.fixture
async def desk(town: Connections, database_url: str) -> AsyncGenerator[Office]:
    """Ann of sales had four calls of a dollar on each of ten days, Bob of no team two, one unpriced."""
    async with office(town, database_url) as opened:
        async with opened.database.session() as session:
            for name, team in (("ann", "sales"), ("bob", "")):
                await Users(session).add(UserRow(name, "user", NOW, team=team))
        ann = replace(CALL, subject="ann", model="large", cost_usd=1.0)
        bob = replace(CALL, subject="bob", model="small", cost_usd=0.5)
        calls = [replace(ann, created_at=NOW - DAY * i) for i in range(10) for _ in range(4)]
        calls += [bob, replace(bob, cost_usd=None)]
        calls = [one if one.subject == "ann" else replace(one, created_at=NOW) for one in calls]
        async with opened.store.session() as tables:
            await tables.usage.add(calls)
        yield opened


def around(before: int, after: int) -> dict[str, str]:
    start, end = NOW.date() - DAY * before, NOW.date() + DAY * after
    return {"period": "custom", "starts_on": str(start), "ends_on": str(end)}


async def test_models_are_spend_by_team_user_and_model(desk: Office) -> None:
    found = {
        by: (await desk.call("budgets_model_spend", by=by)) for by in ("team", "user", "model")
    }
    costs = {by: {one["name"]: one["cost"] for one in told["rows"]} for by, told in found.items()}
    # Two dollars are a euro.
    assert costs["team"] == {"sales": 20.0, "(none)": 0.25}
    assert costs["user"] == {"ann": 20.0, "bob": 0.25}
    assert costs["model"] == {"large": 20.0, "small": 0.25}
    assert (found["team"]["currency"], found["team"]["calls"]) == ("EUR", 42)


async def test_what_has_no_price_is_counted_and_said_and_never_nothing(desk: Office) -> None:
    told = await desk.call("budgets_model_spend", by="user", language="zh")
    bob = next(one for one in told["rows"] if one["name"] == "bob")
    assert (bob["calls"], bob["unpriced_calls"], told["unpriced_calls"]) == (2, 1, 1)
    assert any("1 次调用没有已知价格" in one["text"] for one in told["notes"])


async def test_a_team_has_a_budget_of_models(desk: Office) -> None:
    line = await desk.call(
        "budgets_add",
        name="sales-models",
        amount="25",
        currency="USD",
        spend="models",
        label="team=sales",
        **around(5, 5),
    )
    assert (line["scope"], line["currency"]) == ("models team=sales", "USD")
    # Five whole days and today, at four dollars.
    assert line["spent"] == pytest.approx(24)
    assert line["foretold"]["mean"] == pytest.approx(40)
    assert line["state"] == "at_risk"
    assert not {"budget.unpriced", "budget.no_today"} & {one["code"] for one in line["notes"]}


async def test_a_person_has_one_and_its_threshold_is_told(desk: Office) -> None:
    await desk.channel()
    await desk.call(
        "budgets_add",
        name="ann",
        amount="10",
        currency="USD",
        spend="models",
        user="ann",
        channels=["webhook"],
        forecast_thresholds=[],
        **around(5, 5),
    )
    await desk.days()
    await desk.call("budgets_check")
    [about] = await desk.told()
    assert "Budget ann" in about


async def test_a_budget_of_all_models_says_what_is_unpriced(desk: Office) -> None:
    line = await desk.call(
        "budgets_add", name="models", amount="1000", currency="USD", spend="models", **around(5, 5)
    )
    assert line["scope"] == "models"
    assert line["spent"] == pytest.approx(24.5)
    assert "budget.unpriced" in {one["code"] for one in line["notes"]}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"spend": "models", "namespace": "shop"}, "by user and by team"),
        ({"spend": "models", "label": "project=x"}, "by user and by team"),
        ({"user": "ann"}, "no part of what a cluster costs"),
    ],
)
async def test_scopes_that_nothing_is_known_of_are_refused(
    desk: Office, wrong: dict[str, str], sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence):
        await desk.call("budgets_add", name="x", amount="1", **wrong)


async def test_who_sees_some_namespaces_sees_nothing_of_models(desk: Office) -> None:
    with pytest.raises(Forbidden, match="no single namespace"):
        await desk.tools(SUE).call("budgets_model_spend")
