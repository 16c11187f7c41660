"""Bills that are kept: told later, corrected by a later file, and seen by who sees everything."""

from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from core.errors import Forbidden, Invalid, NotFound
from mcp_servers.client import Connections
from tests.servers.budgeting import BOOK, SUE, Office, office
from tests.servers.test_bill import charge, table

# Bills of the last days: what is long ago is in no question.
FIRST = datetime.now(UTC).date() - timedelta(days=40)


def day(i: int) -> date:
    return FIRST + timedelta(days=i)


def bill(days: int, cost: int = 10, first: int = 0, **more: object) -> str:
    compute = [charge(day(first + i), cost, tags={"team": "shop"}) for i in range(days)]
    storage = [charge(day(first + i), 2, "Storage") for i in range(days)]
    return table([*compute, *storage])


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Office]:
    (tmp_path / "prices.toml").write_text(BOOK)
    reach = Connections(clusterless=True, price_book=tmp_path / "prices.toml")
    async with office(reach, f"sqlite+aiosqlite:///{tmp_path / 'kept.db'}") as opened:
        yield opened


async def test_a_kept_bill_is_told_by_service_tag_and_bill(desk: Office) -> None:
    kept = await desk.call("budgets_keep_bill", name="aws", bill=bill(20))
    assert (kept["lines"], kept["days_new"], kept["days_changed"]) == (40, 20, 0)
    await desk.call("budgets_keep_bill", name="aliyun", bill=bill(20, cost=5))
    told = (await desk.call("budgets_kept_bills", name="aws"))["report"]
    assert (told["total"], told["currency"]) == (240.0, "EUR")
    assert {one["name"]: one["cost"] for one in told["rows"]} == {"Compute": 200, "Storage": 40}
    every = await desk.call("budgets_kept_bills", by="tag:team")
    assert {one["name"]: one["cost"] for one in every["report"]["rows"]} == {
        "shop": 300,
        "(none)": 80,
    }
    both = (await desk.call("budgets_kept_bills", by="bill", currency="CNY"))["report"]
    assert {one["name"]: one["cost"] for one in both["rows"]} == {"aws": 1920, "aliyun": 1120}


async def test_a_late_bill_that_changes_the_past_says_which_days_and_by_how_much(
    desk: Office,
) -> None:
    await desk.call("budgets_keep_bill", name="aws", bill=bill(20))
    late = await desk.call(
        "budgets_keep_bill", name="aws", bill=bill(10, cost=13, first=15), language="zh"
    )
    assert (late["days_new"], late["days_changed"]) == (5, 5)
    assert late["changed"][0] | {"before": 12.0, "after": 15.0} == late["changed"][0]
    assert "75.00 EUR，而不是 60.00" in late["notes"][0]["text"]
    told = await desk.call("budgets_kept_bills", name="aws")
    # Fifteen days as they were, ten by the later file: nothing twice.
    assert told["report"]["total"] == 15 * 12 + 10 * 15
    assert [one["days_changed"] for one in told["files"]] == [5, 0]
    assert "changed 5 days that were known" in told["notes"][0]["text"]


async def test_the_same_file_again_changes_nothing(desk: Office) -> None:
    await desk.call("budgets_keep_bill", name="aws", bill=bill(20))
    again = await desk.call("budgets_keep_bill", name="aws", bill=bill(20))
    assert (again["days_new"], again["days_changed"], again["notes"]) == (0, 0, [])
    assert (await desk.call("budgets_kept_bills"))["report"]["total"] == 240


async def test_a_day_that_a_later_file_leaves_out_is_a_change_to_nothing(desk: Office) -> None:
    await desk.call("budgets_keep_bill", name="aws", bill=bill(3))
    holed = table([charge(day(0), 10), charge(day(2), 10)])
    late = await desk.call("budgets_keep_bill", name="aws", bill=holed)
    assert [one["after"] for one in late["changed"] if one["day"] == str(day(1))] == [0.0]


async def test_a_wrong_file_leaves_what_is_kept_as_it_was(desk: Office) -> None:
    await desk.call("budgets_keep_bill", name="aws", bill=bill(3))
    with pytest.raises(Invalid, match="no column ChargePeriodStart"):
        await desk.call("budgets_keep_bill", name="aws", bill="day,cost\n2026-01-01,5\n")
    assert (await desk.call("budgets_kept_bills"))["report"]["total"] == 36


async def test_without_a_rate_a_kept_bill_of_two_currencies_is_not_added_up(desk: Office) -> None:
    await desk.call("budgets_keep_bill", name="aws", bill=bill(2))
    yen = table([charge(day(0), 500, currency="JPY")])
    await desk.call("budgets_keep_bill", name="jp", bill=yen)
    with pytest.raises(Invalid, match="no rate from JPY"):
        await desk.call("budgets_kept_bills", currency="EUR")


async def test_bills_are_for_who_sees_every_namespace_and_can_be_forgotten(desk: Office) -> None:
    await desk.call("budgets_keep_bill", name="aws", bill=bill(2))
    with pytest.raises(Forbidden):
        await desk.tools(SUE).call("budgets_kept_bills")
    with pytest.raises(NotFound, match="No bill"):
        await desk.call("budgets_kept_bills", name="awz")
    await desk.call("budgets_forget_bill", name="aws")
    assert (await desk.call("budgets_kept_bills"))["report"] is None
