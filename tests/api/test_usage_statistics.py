"""How models are used, summed over the wire: percentiles, success, tokens and cost, by whom and when."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.turns.usage_summing import begin, over_time, summed
from core.clock import utc_now
from core.storage.database import Database
from core.storage.repositories.usage import Usage
from core.storage.repositories.usage_times import CallTimes
from tests.api.conftest import Stage
from tests.storage.test_usage import CALL

TIMES = CallTimes(
    datetime(2026, 11, 3, 12, tzinfo=UTC), "li", "m", "rca", "page", "ok", 100, 20, 0.5, 40, 300
)


async def keep(database: Database) -> None:
    """Twenty answers of one model in 100 to 2,000 ms, one failure of another without a price."""
    now = utc_now()
    took = [
        replace(CALL, created_at=now, duration_ms=100 * n, cost_usd=0.01, model="swift")
        for n in range(1, 21)
    ]
    failed = replace(CALL, created_at=now, outcome="timeout", cost_usd=None, model="<b>lost</b>")
    long_ago = replace(CALL, created_at=now - timedelta(days=200), model="old")
    async with database.session() as session:
        await Usage(session).add([*took, failed, long_ago])


async def test_calls_are_summed_as_a_whole_by_group_and_by_day(stage: Stage) -> None:
    await keep(stage.opened.database)
    async with stage.client() as http:
        told = (await http.get("/api/v1/usage/statistics?days=7")).json()
    totals = told["totals"]
    assert (totals["calls"], totals["failed"], totals["unpriced"]) == (21, 1, 1)
    assert (totals["p50_ms"], totals["p95_ms"], totals["p99_ms"]) == (1000, 1900, 2000)
    assert totals["success_rate"] == pytest.approx(20 / 21)
    assert totals["cost_usd"] == pytest.approx(0.2)
    assert [one["name"] for one in told["by_model"]] == ["swift", "<b>lost</b>"]
    assert told["by_model"][1]["p50_ms"] is None
    assert len(told["series"]) == 8
    assert sum(one["calls"] for one in told["series"]) == 21


async def test_one_model_and_one_user_are_told_apart(stage: Stage) -> None:
    await keep(stage.opened.database)
    async with stage.client() as http:
        lost = (await http.get("/api/v1/usage/statistics?model=<b>lost</b>")).json()
        nobody = (await http.get("/api/v1/usage/statistics?subject=nobody")).json()
    assert lost["totals"]["calls"] == 1
    assert nobody["totals"]["calls"] == 0
    assert nobody["totals"]["success_rate"] is None


@pytest.mark.parametrize("query", ["days=0", "days=367", "step=hour", "model=" + "x" * 201])
async def test_what_cannot_be_summed_is_refused(stage: Stage, query: str) -> None:
    async with stage.client() as http:
        assert (await http.get(f"/api/v1/usage/statistics?{query}")).status_code == 422


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    at = datetime(2026, 11, 29, 23, 30, tzinfo=UTC)
    assert begin(at, "week") == date(2026, 11, 23)
    assert begin(at, "month") == date(2026, 11, 1)
    assert begin(at, "day") == date(2026, 11, 29)


@given(
    st.lists(st.integers(0, 400), max_size=60),
    st.sampled_from(["day", "week", "month"]),
)
def test_no_call_is_lost_or_counted_twice_over_time(hours: list[int], step: str) -> None:
    until = datetime(2026, 11, 30, 5, tzinfo=UTC)
    since = until - timedelta(hours=401)
    calls = [replace(TIMES, created_at=until - timedelta(hours=one, minutes=1)) for one in hours]
    series = over_time(calls, since=since, until=until, step=step)  # pyright: ignore[reportArgumentType]
    starts = [start for start, _ in series]
    assert starts == sorted(set(starts))
    assert sum(sums.calls for _, sums in series) == len(calls)
    assert summed(calls).calls == len(calls)
