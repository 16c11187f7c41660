"""rca_metric_anomalies and rca_table_anomalies over the wire."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import Forbidden, Invalid
from mcp_servers.client import Connections, Sessions, Tools, in_process
from mcp_servers.engines.service_signals import signals
from sandbox.server import serving_in_thread
from tests.servers.conftest import ANN, BOB

STEP = timedelta(minutes=4)
SHOP = '{namespace="shop",service="cart"}'


def csv(values: list[float], header: str = "timestamp,value") -> str:
    rows = (f"{1_767_225_600 + 60 * i},{value}" for i, value in enumerate(values))
    return "\n".join([header, *rows])


def noise(count: int = 200) -> list[float]:
    return [float(one) for one in np.random.default_rng(1).normal(100, 10, count)]


async def of_service(tools: Tools, name: str) -> dict[str, dict[str, Any]]:
    asked = {"namespace": "shop", "name": name, "window": "PT2H"}
    answer = await tools.call("rca_metric_anomalies", **asked)
    return {one["signal"]: one for one in answer.data["rows"]}


async def test_the_service_that_runs_out_of_memory_shows_where_and_since_when(tools: Tools) -> None:
    rows = await of_service(tools, "checkout")
    memory = rows["container_memory_working_set_bytes"]
    assert memory["severity"] == "critical"
    points = memory["change_points"]  # one step or two, by where the samples fall
    assert max(one["after"] for one in points) > 1.5 * points[0]["before"]
    assert all(one["anomaly"] for one in memory["points"])
    assert rows["kube_deployment_status_replicas"]["flagged"] == 0


async def test_a_query_has_its_series_worst_first(tools: Tools) -> None:
    query = 'sum by (service) (rate(http_requests_total{namespace="shop",code="503"}[10m]))'
    answer = await tools.call("rca_metric_anomalies", query=query)
    told = [(one["labels"]["service"], one["flagged"] > 0) for one in answer.data["rows"]]
    # The callers of what fails. What they call stands out too where the practice shop is started at
    # night: its recorded load is then more than its made-up days before have at that hour.
    assert {name for name, _ in told[:2]} == {"mobile-api", "storefront"}
    assert told[1][1]
    assert [flagged for _, flagged in told] == sorted((one for _, one in told), reverse=True)
    assert "expected" in answer.text


def refused(services: dict[str, int]) -> str:
    """503s of services over four days, one a second each; so many more since forty minutes."""
    rng, now = np.random.default_rng(4), datetime.now(UTC).replace(microsecond=0)
    marks = [now - STEP * i for i in range(timedelta(days=4) // STEP)][::-1]
    lines = ["# TYPE http_requests counter"]
    for name, more in services.items():
        labels, count = f'{{namespace="shop",service="{name}",code="503"}}', 0
        for at in marks:
            rate = 1 + more * (now - at < timedelta(minutes=40))
            count += int(rng.poisson(rate * STEP.total_seconds()))
            lines.append(f"http_requests_total{labels} {count} {at.timestamp():.0f}")
    return "\n".join([*lines, "# EOF\n"])


async def test_who_fails_as_often_as_always_is_not_called_anomalous(tmp_path: Path) -> None:
    failing = {"storefront": 6, "mobile": 3, "cart": 0, "catalog": 0, "ledger": 0}
    (tmp_path / "metrics").mkdir()
    (tmp_path / "objects" / "all").mkdir(parents=True)
    stamp = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    (tmp_path / "snapshot.yaml").write_text(f"name: own\ncluster: own\ncaptured_at: '{stamp}'\n")
    (tmp_path / "metrics" / "all.om").write_text(refused(failing))
    query = 'sum by (service) (rate(http_requests_total{code="503"}[10m]))'
    with serving_in_thread(tmp_path) as own:
        reach = Connections(kubeconfig=own.kubeconfig, prometheus_url=own.prometheus)
        async with in_process(reach, only=["rca"]) as sessions:
            answer = await Tools(sessions, ANN).call("rca_metric_anomalies", query=query)
    flagged = [one["labels"]["service"] for one in answer.data["rows"] if one["flagged"]]
    assert sorted(flagged) == ["mobile", "storefront"]
    assert len(answer.data["rows"]) == len(failing)


async def test_a_table_is_judged_value_by_value(tools: Tools) -> None:
    values = noise()
    values[150] = 500
    report = (await tools.call("rca_table_anomalies", values=csv(values))).data
    assert (report["verdict"], len(report["points"])) == ("ok", 200)
    [one] = [point for point in report["points"] if point["anomaly"]]
    assert (one["at"], one["value"]) == ("2026-01-01T02:30:00Z", 500)
    assert one["severity"] == "critical"
    assert {point["severity"] for point in report["points"]} == {None, "critical"}


async def test_the_header_of_the_table_tells_a_counter(tools: Tools) -> None:
    grown = [float(one) for one in np.cumsum(np.random.default_rng(2).poisson(60, 100))]
    report = (
        await tools.call("rca_table_anomalies", values=csv(grown, "timestamp,requests_total"))
    ).data
    assert report["counter"]
    assert report["points"][0]["value"] == pytest.approx(1, abs=0.5)


async def test_too_little_is_an_answer(tools: Tools) -> None:
    report = (await tools.call("rca_table_anomalies", values=csv([1, 2, 3]))).data
    assert (report["verdict"], report["points"]) == ("insufficient_data", [])
    assert report["missing"] == "At least 15 values are needed; there are 3."


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({}, "Nothing to look at"),
        ({"query": "up", "name": "cart"}, "Give either a query or the name"),
        ({"query": "sum(", "window": "PT1H"}, "PromQL|parse|invalid"),
        ({"query": "up", "window": "PT1S"}, "from five minutes"),
        ({"query": "up", "window": "an hour"}, "window"),
        ({"name": 'a"}', "namespace": "shop"}, "name"),
    ],
)
async def test_a_wrong_argument_is_answered_in_words(
    tools: Tools, arguments: dict[str, str], sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence):
        await tools.call("rca_metric_anomalies", **arguments)


async def test_a_table_of_two_series_is_refused(tools: Tools) -> None:
    with pytest.raises(Invalid, match="2 columns of values"):
        await tools.call("rca_table_anomalies", values="timestamp,a,b\n1,2,3\n")


async def test_metrics_of_other_namespaces_stay_out_of_sight(
    shopkeeper: Tools, sessions: Sessions
) -> None:
    for arguments in ({"query": "up"}, {"name": "ledger"}, {"query": 'up{namespace="payments"}'}):
        with pytest.raises(Forbidden):
            await shopkeeper.call("rca_metric_anomalies", **arguments)
    with pytest.raises(Forbidden, match="incidents:read"):
        await Tools(sessions, BOB).call("rca_metric_anomalies", query="up")


def test_signals_are_rates_of_counters_and_quantiles_of_histograms() -> None:
    own = {"namespace": "shop", "service": "cart"}
    found = [
        {"__name__": "hits_total", "code": "200", **own},
        {"__name__": "took_seconds_bucket", "le": "1", **own},
        {"__name__": "took_seconds_count", **own},
        {"__name__": "queue_length", **own},
        {"__name__": "build_info", **own},
    ]
    told = {one.name: one.query for one in signals(found, [SHOP, '{pod=~"cart-.+"}', "{}"])}
    assert list(told) == [
        "hits_total per second",
        "hits_total share of failures",
        "queue_length",
        "took_seconds p95",
    ]
    assert told["hits_total per second"] == f"sum(rate(hits_total{SHOP}[10m]))"
    assert told["queue_length"] == f"sum(queue_length{SHOP})"
