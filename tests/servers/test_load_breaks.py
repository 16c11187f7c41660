"""forecast_load where the newest values left what was foretold: both ways are told, the larger is sized."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from math import pi, sin
from pathlib import Path

import pytest

from mcp_servers.client import Connections, Tools, in_process
from sandbox.server import serving_in_thread
from tests.servers.conftest import ANN

UNTIL, WEEKS = datetime(2026, 3, 30, 12, tzinfo=UTC), timedelta(days=22)
# How long before the end each of these changes, and what it is from then on.
COURSES: dict[str, Callable[[float, timedelta], float | None]] = {
    "calm": lambda usual, _: usual,
    "failing": lambda usual, left: 0.2 * usual if left < timedelta(hours=6) else usual,
    "promoted": lambda usual, left: 2 * usual if left < timedelta(hours=6) else usual,
    "gone": lambda usual, left: None if left < timedelta(hours=6) else usual,
}
PHASES = (0, 5, 10, 15, 20)


def measured() -> str:
    """Every course with its daily peak at each of some hours before the end: ends of any hour."""
    lines: list[str] = []
    marks = [UNTIL - timedelta(minutes=5 * i) for i in range(round(WEEKS / timedelta(minutes=5)))]
    for name, of in COURSES.items():
        lines.append(f"# TYPE {name} gauge")
        for phase in PHASES:
            for at in reversed(marks):
                hours = (at - UNTIL) / timedelta(hours=1) + phase
                value = of(100 + 40 * sin(2 * pi * hours / 24), UNTIL - at)
                if value is not None:
                    lines.append(f'{name}{{phase="{phase}"}} {value:.3f} {at.timestamp():.0f}')
    return "\n".join([*lines, "# EOF\n"])


@pytest.fixture(scope="module")
async def broken(
    anyio_backend: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Tools]:
    folder: Path = tmp_path_factory.mktemp("broken")
    (folder / "metrics").mkdir()
    (folder / "objects").mkdir()
    (folder / "metrics" / "weeks.om").write_text(measured())
    (folder / "snapshot.yaml").write_text(f"captured_at: {UNTIL.isoformat()}\n")
    with serving_in_thread(folder) as addresses:
        reach = Connections(kubeconfig=addresses.kubeconfig, prometheus_url=addresses.prometheus)
        async with in_process(reach, only=["forecast"]) as sessions:
            yield Tools(sessions, ANN)


@pytest.mark.parametrize("phase", PHASES)
async def test_a_fall_is_told_with_what_comes_if_it_ends(phase: int, broken: Tools) -> None:
    asked = {"query": f'sum(failing{{phase="{phase}"}})', "exceeds": "100"}
    told = (await broken.call("forecast_load", **asked)).data
    parted = told["level_break"]
    assert (parted["kind"], parted["otherwise"]) == ("fall", "returns")
    assert parted["percent"] == pytest.approx(-80, abs=3)
    since, after = (datetime.fromisoformat(parted[key]) for key in ("since", "after"))
    assert since - after == timedelta(hours=1)
    assert parted["peak"]["mean"] == pytest.approx(140, abs=4)
    assert [one["at"] for one in parted["forecast"]] == [one["at"] for one in told["forecast"]]
    assert told["chances"][0]["otherwise"] > 0.95
    assert "80 % less" in parted["text"]


@pytest.mark.parametrize("phase", PHASES)
async def test_a_rise_is_told_with_what_comes_if_it_stays(phase: int, broken: Tools) -> None:
    asked = {"query": f'sum(promoted{{phase="{phase}"}})', "language": "zh"}
    parted = (await broken.call("forecast_load", **asked)).data["level_break"]
    assert (parted["kind"], parted["otherwise"]) == ("rise", "lasts")
    assert parted["peak"]["mean"] == pytest.approx(280, abs=10)
    assert "高 100 %" in parted["text"]


@pytest.mark.parametrize("phase", PHASES)
async def test_where_all_goes_on_nothing_is_said_of_a_break(phase: int, broken: Tools) -> None:
    told = (await broken.call("forecast_load", query=f'sum(calm{{phase="{phase}"}})')).data
    assert (told["level_break"], told["silent_since"]) == (None, None)
    assert told["now"] is not None


async def test_what_is_measured_no_more_is_foretold_for_the_hours_to_come(broken: Tools) -> None:
    told = (await broken.call("forecast_load", query='sum(gone{phase="10"})')).data
    assert (told["verdict"], told["now"], len(told["forecast"])) == ("ok", None, 24)
    since = datetime.fromisoformat(told["silent_since"])
    first = datetime.fromisoformat(told["forecast"][0]["at"])
    assert timedelta(hours=5) < first - since < timedelta(hours=8)
    assert told["peak"]["mean"] == pytest.approx(140, abs=4)


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "returns to what it was before it fell"), ("zh", "恢复到下降之前")],
)
async def test_a_load_that_an_outage_took_away_is_sized_for_its_return(
    language: str, said: str, tools: Tools
) -> None:
    asked = {"metric": "qps", "namespace": "shop", "name": "checkout", "language": language}
    told = (await tools.call("forecast_load", **asked)).data
    advice, parted = told["recommendation"], told["level_break"]
    assert parted["kind"] == "fall"
    assert parted["peak"]["mean"] > told["peak"]["mean"]
    assert advice["instances"] == advice["instances_otherwise"] > advice["instances_foretold"]
    assert any(said in one for one in advice["reasons"])
    assert "What there is is enough for the whole horizon." not in advice["reasons"]
