"""What measurements and tables of cost have wrong with them, each with a stated treatment.

Those that are elsewhere: a currency without a rate (test_spend, test_bill, test_kept_bills), a late
bill that changes the past (test_kept_bills), February (engines/test_budgets), a budget of 0
(test_budgets), an unknown label (test_spend), a horizon of 0 or 169 (test_load_forecast), wrong
columns (test_bill, api/test_forecast_command), gaps in a series (engines/test_forecast) and missing
days (engines/test_cost_anomalies).
"""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from core.errors import Invalid
from mcp_servers.client import Connections, Tools, in_process
from sandbox.server import serving_in_thread
from tests.servers.budgeting import ANN, BOOK, office, town_in

STEP = timedelta(minutes=5)
HOURS = 8
CORES = 0.5
OBJECTS: list[dict[str, Any]] = [
    {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": "node-a", "creationTimestamp": "2020-01-01T00:00:00Z"},
        "status": {"capacity": {"cpu": "4", "memory": "8Gi"}},
    },
    {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"nodeName": "node-a", "containers": [{"name": "app", "image": "app:1"}]},
        "status": {"phase": "Running"},
    },
]


def counted(marks: Sequence[datetime], resets: int = 0) -> Iterator[tuple[datetime, float]]:
    """CPU seconds at an even rate, beginning anew at so many evenly spread moments."""
    every = len(marks) // (resets + 1)
    for i, at in enumerate(marks):
        place = i % every if resets else i
        yield at, 7 + CORES * STEP.total_seconds() * place


def metrics(exporters: Sequence[str], resets: int, gap_hours: int) -> str:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    marks = [now - STEP * i for i in range(HOURS * 12 + 1)][::-1]
    holed = [at for at in marks if not timedelta(0) <= now - at - STEP * 24 < STEP * 12 * gap_hours]
    lines = ["# TYPE container_memory_working_set_bytes gauge"]
    own = [f'{{namespace="shop",pod="web",container="app",job="{one}"}}' for one in exporters]
    for labels in own:
        lines += [
            f"container_memory_working_set_bytes{labels} 1000 {at.timestamp():.0f}" for at in holed
        ]
    lines.append("# TYPE container_cpu_usage_seconds counter")
    for labels in own:
        lines += [
            f"container_cpu_usage_seconds_total{labels} {value:.1f} {at.timestamp():.0f}"
            for at, value in counted(marks, resets)
            if at in holed
        ]
    return "\n".join([*lines, "# EOF\n"])


@asynccontextmanager
async def measured(
    folder: Path, exporters: Sequence[str] = ("kubelet",), resets: int = 0, gap_hours: int = 0
) -> AsyncGenerator[Tools]:
    """A pod that uses half a core, a core costing 1 an hour and nothing else anything."""
    (folder / "metrics").mkdir()
    (folder / "objects" / "all").mkdir(parents=True)
    stamp = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    (folder / "snapshot.yaml").write_text(f"name: bad\ncluster: bad\ncaptured_at: '{stamp}'\n")
    for one in OBJECTS:
        (folder / "objects" / "all" / f"{one['kind']}.json").write_bytes(orjson.dumps(one))
    (folder / "metrics" / "all.om").write_text(metrics(exporters, resets, gap_hours))
    (folder / "prices.toml").write_text(BOOK)
    with serving_in_thread(folder) as addresses:
        reach = Connections(
            kubeconfig=addresses.kubeconfig,
            prometheus_url=addresses.prometheus,
            price_book=folder / "prices.toml",
        )
        async with in_process(reach, only=["budgets", "forecast"]) as sessions:
            yield Tools(sessions, ANN)


async def spend(tools: Tools) -> dict[str, Any]:
    return (await tools.call("budgets_spend", window="PT6H", by="workload")).data


async def test_a_counter_that_begins_anew_is_neither_a_gain_nor_below_zero(tmp_path: Path) -> None:
    async with measured(tmp_path, resets=3) as tools:
        told = await spend(tools)
    [row] = told["rows"]
    # What was counted between the last sample and the reset is lost, at most a step each.
    assert row["cpu_core_hours"] == pytest.approx(6 * CORES, rel=0.1)
    assert told["cost"] + told["idle"] + told["overhead"] == pytest.approx(told["bill"])
    assert told["idle"] > 0


async def test_the_same_container_from_two_exporters_pays_once(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    async with measured(tmp_path / "one") as tools:
        once = await spend(tools)
    async with measured(tmp_path / "two", exporters=("kubelet", "opencost")) as tools:
        twice = await spend(tools)
    assert twice["rows"][0]["cpu_core_hours"] == pytest.approx(
        once["rows"][0]["cpu_core_hours"], rel=0.02
    )
    assert twice["bill"] == pytest.approx(once["bill"], rel=0.02)


async def test_hours_that_nobody_measured_are_coverage_and_cost_nothing(tmp_path: Path) -> None:
    async with measured(tmp_path, gap_hours=3) as tools:
        told = await spend(tools)
    seen = told["coverage"]["hours_seen"]
    assert seen in (3, 4)  # an hour at either end of the gap may be measured in part
    assert told["bill"] == pytest.approx(4 * seen, abs=0.01)
    assert any(f"in {seen} of 6 hours" in one["text"] for one in told["notes"])


@pytest.mark.parametrize(("language", "said"), [("en", "round, second"), ("zh", "多个来源")])
async def test_days_of_two_price_books_say_that_they_do_not_compare(
    language: str, said: str, tmp_path: Path
) -> None:
    folder = town_in(tmp_path, days=6)
    with serving_in_thread(folder) as addresses:
        reach = Connections(
            kubeconfig=addresses.kubeconfig,
            prometheus_url=addresses.prometheus,
            price_book=folder / "prices.toml",
        )
        async with office(reach, f"sqlite+aiosqlite:///{tmp_path / 'x.db'}") as desk:
            today = datetime.now(UTC).date()
            period = {
                "period": "custom",
                "starts_on": str(today - timedelta(days=9)),
                "ends_on": str(today + timedelta(days=9)),
            }
            await desk.call("budgets_add", name="all", amount="900", **period)
            await desk.call("budgets_check")
            (folder / "prices.toml").write_text(BOOK.replace('"round"', '"second"'))
            await desk.days()
            [row] = (await desk.call("budgets_list", language=language))["rows"]
            changes = await desk.call("budgets_anomalies", language=language)
    for notes in (row["notes"], changes["notes"]):
        [note] = [one for one in notes if one["code"].endswith("mixed_prices")]
        assert said in note["text"]


async def test_the_hour_that_clocks_leave_out_or_have_twice_is_no_gap(tmp_path: Path) -> None:
    """A table in the time of a place: 29 March has 23 hours there and 25 October 25."""
    berlin = ZoneInfo("Europe/Berlin")
    async with measured(tmp_path) as tools:
        for first in (datetime(2026, 3, 16, tzinfo=UTC), datetime(2026, 10, 12, tzinfo=UTC)):
            hours = [first + timedelta(hours=i) for i in range(24 * 16)]
            lines = [f"{at.astimezone(berlin).isoformat()},{100 + at.hour}" for at in hours]
            values = "\n".join(["timestamp,value", *lines])
            told = (await tools.call("forecast_table", values=values, horizon=24)).data
            assert (told["verdict"], told["gaps"]) == ("ok", 0)
            assert [one["mean"] for one in told["forecast"]] == pytest.approx(
                [100 + (hours[-1] + timedelta(hours=i + 1)).hour for i in range(24)]
            )


@pytest.mark.parametrize("horizon", ["PT0S", "PT169H"])
async def test_a_horizon_out_of_bounds_says_the_bounds_in_both_languages(
    horizon: str, tmp_path: Path
) -> None:
    async with measured(tmp_path) as tools:
        with pytest.raises(Invalid, match="1 to 168 hours") as caught:
            await tools.call("forecast_load", metric="cpu", horizon=horizon)
    assert "168" in caught.value.texts["zh"]
