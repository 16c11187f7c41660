"""budgets_savings over the practice shop: three hours of history, and checkout killed for memory."""

import pytest

from core.errors import Forbidden
from mcp_servers.client import Sessions, Tools
from tests.servers.conftest import BOB


async def test_what_uses_less_than_it_asks_for_is_worth_money(tools: Tools) -> None:
    data = (await tools.call("budgets_savings")).data
    assert data["verdict"] in {"ok", "insufficient_data"}
    assert data["examined"] > 10
    # Weeks are known of what ran that long, hours of what was rolled out just now.
    assert {row["confidence"] for row in data["rows"]} >= {"low", "high"}
    saving = [row["monthly"] for row in data["rows"] if (row["monthly"] or 0) > 0]
    assert data["monthly"] == pytest.approx(sum(saving), abs=0.001)
    assert data["too_short"] > 0


async def test_what_was_killed_for_memory_is_not_cut(tools: Tools) -> None:
    data = (await tools.call("budgets_savings", namespace="shop", language="zh")).data
    [row] = [row for row in data["rows"] if row["name"] == "checkout"]
    assert int(row["memory_recommended"].removesuffix("Mi")) >= 320
    assert any("内存不足" in one["text"] for one in row["reasons"])


async def test_who_sees_two_namespaces_sees_their_savings(shopkeeper: Tools) -> None:
    data = (await shopkeeper.call("budgets_savings")).data
    assert {row["namespace"] for row in data["rows"]} <= {"shop", "data"}


async def test_savings_are_for_those_who_may_see_costs(sessions: Sessions) -> None:
    with pytest.raises(Forbidden, match="costs:read"):
        await Tools(sessions, BOB).call("budgets_savings")
