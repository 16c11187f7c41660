"""forecast_load over the practice shop, and over a Prometheus that remembers weeks."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from math import pi, sin
from pathlib import Path

import pytest

from core.errors import Forbidden, Invalid
from mcp_servers.client import Connections, Tools, in_process
from sandbox.server import serving_in_thread
from tests.servers.conftest import ANN

WEEKS = timedelta(days=22)


def measured(until: datetime) -> str:
    """Requests of one service with a daily course, and a volume that fills by 1 % a day."""
    start, lines = until - WEEKS, ["# TYPE app_load gauge"]
    hours = [start + timedelta(hours=i) for i in range(round(WEEKS / timedelta(hours=1)) + 1)]
    marks = [at + timedelta(minutes=5 * i) for at in hours for i in range(12)]
    course = [100 + 40 * sin(2 * pi * at.hour / 24) for at in marks]
    lines += [
        f'app_load{{namespace="shop"}} {value:.3f} {at.timestamp():.0f}'
        for at, value in zip(marks, course, strict=True)
    ]
    claim = '{namespace="shop",persistentvolumeclaim="data-db-0"}'
    for name, of in (("used", lambda i: 78 + i / 288), ("capacity", lambda _: 100.0)):
        lines.append(f"# TYPE kubelet_volume_stats_{name}_bytes gauge")
        lines += [
            f"kubelet_volume_stats_{name}_bytes{claim} {of(i):.5f} {at.timestamp():.0f}"
            for i, at in enumerate(marks)
        ]
    return "\n".join([*lines, "# EOF\n"])


def weeks_in(folder: Path) -> Path:
    (folder / "metrics").mkdir()
    (folder / "objects").mkdir()
    until = datetime(2026, 3, 30, 12, tzinfo=UTC)
    (folder / "metrics" / "weeks.om").write_text(measured(until))
    return folder


@pytest.fixture(scope="module")
async def weeks(
    anyio_backend: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Tools]:
    with serving_in_thread(weeks_in(tmp_path_factory.mktemp("weeks"))) as addresses:
        reach = Connections(kubeconfig=addresses.kubeconfig, prometheus_url=addresses.prometheus)
        async with in_process(reach, only=["forecast"]) as sessions:
            yield Tools(sessions, ANN)


async def test_a_daily_course_is_foretold_with_its_peak(weeks: Tools) -> None:
    told = (await weeks.call("forecast_load", query="sum(app_load)", horizon="P1D")).data
    assert (told["verdict"], len(told["forecast"])) == ("ok", 24)
    assert told["season"] == "day and week"
    assert told["peak"]["mean"] == pytest.approx(140, abs=3)
    assert told["mean"] == pytest.approx(100, abs=3)
    assert told["known_hours"] > 500


async def test_a_disk_that_fills_says_when_and_never_goes_over(weeks: Tools) -> None:
    told = (
        await weeks.call("forecast_load", metric="disk", namespace="shop", name="db", horizon="P7D")
    ).data
    assert told["verdict"] == "ok"
    assert max(one["mean"] for one in told["forecast"]) <= 1
    assert told["full_at"] is not None


async def test_nobody_tells_further_ahead_than_they_can_look_back(calm_tools: Tools) -> None:
    asked = {"metric": "qps", "namespace": "shop", "name": "storefront"}
    near = (await calm_tools.call("forecast_load", **asked, horizon="PT1H")).data
    far = (await calm_tools.call("forecast_load", **asked, horizon="P1D", language="zh")).data
    assert (near["verdict"], near["unit"], len(near["forecast"])) == ("ok", "requests/s", 12)
    assert (far["verdict"], far["forecast"]) == ("insufficient_data", [])
    assert "历史数据" in far["missing"]


async def test_weeks_of_load_show_the_day_and_the_week(tools: Tools) -> None:
    asked = {"metric": "qps", "namespace": "shop", "name": "checkout"}
    told = (await tools.call("forecast_load", **asked, horizon="P1D")).data
    assert (told["verdict"], told["season"], len(told["forecast"])) == ("ok", "day and week", 24)
    # All ways that were tried, the best first; none is better than the one that was taken by much.
    assert {"seasonal_naive", "theta", "robust"} <= {one["method"] for one in told["tried"]}
    assert told["method"] in {one["method"] for one in told["tried"]}
    assert told["volatility"] > 5
    assert -50 < told["growth"] < 50


async def test_what_nobody_measured_is_said_and_not_made_up(tools: Tools) -> None:
    told = (await tools.call("forecast_load", query="sum(no_such_metric)")).data
    assert told["verdict"] == "insufficient_data"
    assert told["missing"] == "Prometheus has no values of sum(no_such_metric)."


async def test_several_series_are_not_one(tools: Tools) -> None:
    told = (await tools.call("forecast_load", query='up{namespace="monitoring"} or up')).data
    assert told["verdict"] == "insufficient_data"
    assert "aggregate them" in told["missing"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"metric": "qps", "horizon": "PT0S"}, "1 to 168 hours"),
        ({"metric": "qps", "horizon": "PT169H"}, "1 to 168 hours"),
        ({"horizon": "P1D"}, "Nothing to foretell"),
        ({"metric": "qps", "query": "up"}, "Nothing to foretell"),
        ({"query": "sum("}, "parse|PromQL|query"),
    ],
)
async def test_what_cannot_be_asked_is_refused(
    tools: Tools, arguments: dict[str, str], sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence):
        await tools.call("forecast_load", **arguments)


async def test_metrics_of_other_namespaces_stay_hidden(shopkeeper: Tools) -> None:
    with pytest.raises(Forbidden):
        await shopkeeper.call("forecast_load", query="sum(up)")
    own = await shopkeeper.call(
        "forecast_load", metric="memory", namespace="shop", name="cart", horizon="PT1H"
    )
    assert own.data["verdict"] == "ok"
