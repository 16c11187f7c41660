"""Smart functions of budgets, off or in shadow: what is noted, and that nobody is told."""

from collections.abc import AsyncGenerator
from typing import Any

import pytest

from mcp_servers.client import Connections
from tests.servers.budgeting import Office, office
from tests.servers.test_budgets import around, line
from tests.servers.test_spend_episodes import noticed, town, watched

__all__ = ["town"]


@pytest.fixture
async def desk(town: Connections, database_url: str) -> AsyncGenerator[Office]:
    async with office(town, database_url) as opened:
        await opened.channel()
        yield opened


async def switched(desk: Office, name: str, **terms: Any) -> None:
    await desk.call("alerting_set_flag", name=name, terms=terms)


async def heard(desk: Office) -> int:
    await desk.call("budgets_check")
    await desk.call("channels_deliver_due")
    return len(desk.services.heard["webhook"].taken)


async def test_changes_of_spend_in_shadow_are_kept_and_told_once_it_is_on(desk: Office) -> None:
    await switched(desk, "cost_anomalies", state="shadow", labels={"budget": "shop"})
    await watched(desk)
    assert await heard(desk) == 0
    assert set(await noticed(desk)) == {"day", "hour"}
    await switched(desk, "cost_anomalies", state="on")
    # An hour is judged once: what it brought is told of with the next one, while it is news.
    assert await heard(desk) == 1


async def test_changes_of_spend_that_are_off_are_not_judged(desk: Office) -> None:
    await switched(desk, "cost_anomalies", state="off")
    await watched(desk)
    assert await heard(desk) == 0
    assert await noticed(desk) == {}


@pytest.mark.parametrize(("state", "told"), [("off", []), ("shadow", ["shadow"])])
async def test_a_forecast_that_is_not_on_pages_nobody_and_what_is_spent_does(
    desk: Office, state: str, told: list[str]
) -> None:
    await switched(desk, "budget_forecasts", state=state)
    budget = {"name": "shop", "amount": "200", "namespace": "shop", "channels": ["webhook"]}
    await desk.call("budgets_add", **budget, forecast_thresholds=[100], **around(8, 8))
    await desk.days()
    assert await heard(desk) == 1
    lines = (await line(desk, "shop"))["told"]
    assert [one["state"] for one in lines if one["kind"] == "forecast"] == told
