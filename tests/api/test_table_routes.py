"""Tables of one's own by REST: spend that is unusual, what comes next, what is at fault; and changes of spend that were expected."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import Midwatch, offline, served

SPEND = "timestamp,value\n" + "".join(
    f"2026-01-{day:02d},{300 if day == 29 else 100 + day % 7}\n" for day in range(1, 32)
)
LATENCY = "timestamp,cart:latency_ms,web:latency_ms\n" + "".join(
    f"2026-01-31T12:{m:02d}:00Z,{10 + m % 3 if m < 20 else 90},{20 + m % 2 if m < 21 else 99}\n"
    for m in range(30)
)


@pytest.fixture
async def alone(tmp_path: Path) -> AsyncIterator[Midwatch]:
    """A service that no other test asks: what is expected stays so."""
    async with served(offline(tmp_path)) as made:
        yield made


async def test_the_day_that_cost_too_much_is_found_in_a_table(midwatch: Midwatch) -> None:
    async with midwatch.client() as http:
        found = (await http.post("/api/v1/costs/anomalies", json={"values": SPEND})).json()
        wrong = await http.post("/api/v1/costs/anomalies", json={"values": "day;usd\n1;2\n"})
    unusual = [one["at"][:10] for one in found["points"] if one["anomaly"]]
    assert unusual == ["2026-01-29"]
    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid")


async def test_what_comes_next_in_a_table_has_an_interval(midwatch: Midwatch) -> None:
    async with midwatch.client() as http:
        asked: dict[str, Any] = {"values": SPEND, "horizon": 3, "level": 90}
        told = (await http.post("/api/v1/forecast", json=asked)).json()
        far = await http.post("/api/v1/forecast", json={**asked, "horizon": 1001})
    assert [one["at"][:10] for one in told["forecast"]] == [
        "2026-02-01",
        "2026-02-02",
        "2026-02-03",
    ]
    assert all(one["lower"] <= one["mean"] <= one["upper"] for one in told["forecast"])
    assert (told["level"], far.status_code) == (90, 422)


async def test_the_component_at_fault_in_a_table_is_ranked_first(midwatch: Midwatch) -> None:
    async with midwatch.client() as http:
        asked = {"metrics": LATENCY, "at": "2026-01-31T12:20:00Z", "edges": [["web", "cart"]]}
        told = (await http.post("/api/v1/rca/rank", json=asked)).json()
        empty = await http.post("/api/v1/rca/rank", json={"metrics": ""})
    assert [one["component"] for one in told["ranking"]] == ["cart", "web"]
    assert empty.status_code == 422


async def test_a_change_of_spend_that_was_expected_says_by_whom(alone: Midwatch) -> None:
    async with alone.client() as http:
        [found] = (await http.get("/api/v1/costs/anomalies")).json()["rows"]
        body = {"scope": found["scope"], "start": found["start"], "note": "the sale of this week"}
        told = await http.post("/api/v1/costs/anomalies/expected", json=body)
        [again] = (await http.get("/api/v1/costs/anomalies")).json()["rows"]
    assert (told.status_code, told.json()["scope"], found["expected_by"]) == (201, "shop", "")
    assert again["expected_by"] == "admin: the sale of this week"
