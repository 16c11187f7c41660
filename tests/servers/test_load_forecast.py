"""forecast_load over the practice shop, and over a Prometheus that remembers weeks."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from math import pi, sin
from pathlib import Path

import pytest

from core.errors import Forbidden, Invalid
from core.principal import Permission, Principal
from mcp_servers.client import Connections, Sessions, Tools, in_process
from sandbox.server import serving_in_thread
from tests.servers.conftest import ANN

WEEKS = timedelta(days=22)
# By the place of a value, of which a day has 288: one fills by 1 % a day, one was cleaned up three
# days before the end and fills by 2 % since, one stays as it is, one is another team's.
LAST = 22 * 288
USED: dict[tuple[str, str], Callable[[int], float]] = {
    ("shop", "data-db-0"): lambda i: 78 + i / 288,
    ("shop", "logs"): lambda i: 60 + 2 * (i - LAST) / 288 if i > LAST - 3 * 288 else 90.0,
    ("shop", "media"): lambda _: 40.0,
    ("other", "cache"): lambda i: 10 + i / 288,
}
VOLUMES: dict[str, dict[tuple[str, str], Callable[[int], float]]] = {
    "used": USED,
    "capacity": {claim: lambda _: 100.0 for claim in USED},
}


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
    for name, courses in VOLUMES.items():
        lines.append(f"# TYPE kubelet_volume_stats_{name}_bytes gauge")
        lines += [
            f'kubelet_volume_stats_{name}_bytes{{namespace="{home}",persistentvolumeclaim="{claim}"}}'
            f" {of(i):.5f} {at.timestamp():.0f}"
            for (home, claim), of in courses.items()
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
async def remembering(
    anyio_backend: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Sessions]:
    with serving_in_thread(weeks_in(tmp_path_factory.mktemp("weeks"))) as addresses:
        reach = Connections(kubeconfig=addresses.kubeconfig, prometheus_url=addresses.prometheus)
        async with in_process(reach, only=["forecast"]) as sessions:
            yield sessions


@pytest.fixture
def weeks(remembering: Sessions) -> Tools:
    return Tools(remembering, ANN)


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
    assert told["days_until_full"] == pytest.approx(1, abs=1.2)


async def test_how_likely_the_peak_is_above_a_level_is_told(weeks: Tools) -> None:
    asked = {"query": "sum(app_load)", "horizon": "P1D"}
    low = (await weeks.call("forecast_load", exceeds="100", **asked)).data
    high = (await weeks.call("forecast_load", exceeds="180", **asked)).data
    [likely], [hardly] = low["chances"], high["chances"]
    assert (likely["level"], likely["of"], hardly["of"]) == (100, "asked", "asked")
    assert likely["chance"] > 0.95
    assert hardly["chance"] < 0.05
    assert low["peak"]["low"] <= low["peak"]["high"]


async def test_of_a_disk_the_chance_that_it_is_full_is_told(weeks: Tools) -> None:
    asked = {"metric": "disk", "namespace": "shop", "name": "db", "horizon": "P7D"}
    told = (await weeks.call("forecast_load", exceeds="99%", **asked)).data
    assert [(one["level"], one["of"]) for one in told["chances"]] == [
        (0.99, "asked"),
        (1.0, "capacity"),
    ]
    assert told["chances"][0]["chance"] >= told["chances"][1]["chance"] > 0.5


@pytest.mark.parametrize(
    ("metric", "exceeds"), [("cpu", "80%"), ("cpu", "much"), ("qps", "-3"), ("disk", "%")]
)
async def test_what_is_no_level_is_refused(metric: str, exceeds: str, weeks: Tools) -> None:
    with pytest.raises(Invalid, match="no level"):
        await weeks.call("forecast_load", metric=metric, namespace="shop", exceeds=exceeds)


async def test_disks_are_told_by_the_days_they_have_left(weeks: Tools) -> None:
    told = (await weeks.call("forecast_disks", namespace="shop")).data
    rows = {one["name"]: one for one in told["rows"]}
    assert [one["name"] for one in told["rows"]] == ["data-db-0", "logs", "media"]
    assert (told["verdict"], told["filling"], told["total"]) == ("ok", 2, 3)
    assert rows["logs"]["days_until_full"] == pytest.approx(20, abs=1)
    assert rows["logs"]["percent_per_day"] == pytest.approx(2, abs=0.1)
    assert rows["logs"]["cleaned_days_ago"] == pytest.approx(3, abs=0.3)
    assert rows["media"]["state"] == "steady"
    assert rows["media"]["days_until_full"] is None


async def test_disks_of_others_are_not_told_to_who_may_not_see_them(
    weeks: Tools, remembering: Sessions
) -> None:
    of_all = (await weeks.call("forecast_disks", name="cache")).data
    assert [one["namespace"] for one in of_all["rows"]] == ["other"]
    sue = Principal("sue", permissions=frozenset(Permission), namespaces=frozenset({"shop"}))
    hers = Tools(remembering, sue)
    own = (await hers.call("forecast_disks", language="zh")).data
    assert {one["namespace"] for one in own["rows"]} == {"shop"}
    assert "节点磁盘" in "".join(own["notes"])
    with pytest.raises(Forbidden):
        await hers.call("forecast_disks", namespace="other")


async def test_disks_that_nobody_measured_are_said_to_be_unknown(calm_tools: Tools) -> None:
    told = (await calm_tools.call("forecast_disks")).data
    assert (told["verdict"], told["rows"]) == ("insufficient_data", [])
    assert "nothing is said" in told["notes"][0]


async def test_a_peak_is_told_in_instances_with_the_reasons(tools: Tools) -> None:
    asked = {"metric": "qps", "namespace": "shop", "name": "storefront", "horizon": "P1D"}
    told = (await tools.call("forecast_load", **asked)).data["recommendation"]
    assert (told["verdict"], told["basis"]) == ("ok", "cpu_per_request")
    assert told["workload"] == "Deployment shop/storefront"
    assert told["instances"] >= 1
    assert told["cpu_total"]
    assert told["memory_total"]
    assert told["scale_up_s"] > 0
    assert any("core-seconds" in one for one in told["reasons"])
    assert any("from their making to ready" in one for one in told["reasons"])


async def test_cpu_is_divided_by_what_a_pod_requests_in_both_languages(tools: Tools) -> None:
    asked = {"metric": "cpu", "namespace": "shop", "name": "storefront", "language": "zh"}
    told = (await tools.call("forecast_load", **asked)).data["recommendation"]
    assert (told["basis"], told["target_percent"]) == ("request", 70)
    assert any("申请量的 70 %" in one for one in told["reasons"])


async def test_no_instances_are_told_to_a_caller_who_may_not_see_the_workload(
    tools: Tools, sessions: Sessions
) -> None:
    asked = {"metric": "qps", "name": "checkout", "namespace": "shop"}
    found = (await tools.call("forecast_load", **asked)).data["recommendation"]
    assert found["verdict"] == "ok"
    hidden = Principal("eve", permissions=frozenset({Permission.METRICS_READ}))
    told = (await Tools(sessions, hidden).call("forecast_load", **asked)).data["recommendation"]
    assert (told["verdict"], told["instances"]) == ("insufficient_data", None)
    assert "cluster:read" in told["reasons"][0]


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
    assert {"seasonal_naive", "level", "robust"} <= {one["method"] for one in told["tried"]}
    assert told["method"] in {one["method"] for one in told["tried"]}
    assert told["volatility"] > 5


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
