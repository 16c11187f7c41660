"""The prometheus tools over the wire: shaped, bounded, and for the caller's namespaces only."""

from collections.abc import AsyncGenerator, Iterator

import pytest

from core.errors import Forbidden, Invalid, UpstreamUnavailable
from mcp_servers.client import Connections, Sessions, Tools, in_process
from sandbox.server import Addresses
from tests.backends import real_servers
from tests.servers.conftest import ANN, SHOP, SHOPKEEPER

MEMORY = 'container_memory_working_set_bytes{namespace="shop",container="checkout"}'


@pytest.fixture(scope="module", params=["practice", pytest.param("real", marks=pytest.mark.live)])
def prometheus_url(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    if request.param == "practice":
        yield request.getfixturevalue("shop").prometheus
        return
    with real_servers.prometheus(SHOP, tmp_path_factory.mktemp("prometheus")) as url:
        yield url


@pytest.fixture
async def measured(shop: Addresses, prometheus_url: str) -> AsyncGenerator[Sessions]:
    connections = Connections(kubeconfig=shop.kubeconfig, prometheus_url=prometheus_url)
    async with in_process(connections) as opened:
        yield opened


@pytest.fixture
def tools(measured: Sessions) -> Tools:
    return Tools(measured, ANN)


async def test_a_query_tells_values_and_their_unit(tools: Tools) -> None:
    answer = await tools.call("prometheus_query", query=MEMORY)
    assert answer.data["unit"] == "bytes"
    assert all(row["labels"]["container"] == "checkout" for row in answer.data["rows"])
    assert all(row["value"] > 1e8 for row in answer.data["rows"])
    assert "Mi" in answer.text


async def test_a_range_is_shaped_and_never_dumped(tools: Tools) -> None:
    answer = await tools.call("prometheus_query_range", query=MEMORY, window="PT2H")
    first = answer.data["rows"][0]
    assert first["min"] <= first["mean"] <= first["max"]
    assert first["max"] > 250e6
    assert 1 < len(first["points"]) <= 30
    assert len(answer.text) < 4_000


async def test_the_peak_survives_the_thinning(tools: Tools) -> None:
    answer = await tools.call("prometheus_query_range", query=MEMORY, window="PT2H")
    for row in answer.data["rows"]:
        assert max(value for _, value in row["points"]) == row["max"]


async def test_a_metric_that_does_not_exist_names_the_nearest(tools: Tools) -> None:
    answer = await tools.call("prometheus_query", query="container_memory_working_bytes")
    assert answer.data["rows"] == []
    assert "There is no metric container_memory_working_bytes" in answer.text
    assert "container_memory_working_set_bytes" in answer.text


async def test_labels_that_match_nothing_are_told_from_missing_metrics(tools: Tools) -> None:
    query = 'container_memory_working_set_bytes{namespace="shopp"}'
    answer = await tools.call("prometheus_query_range", query=query)
    assert "check the label matchers" in answer.text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"query": "sum(rate("}, "Prometheus refused the query"),
        ({"query": "up", "window": "2h"}, "not an ISO 8601 duration"),
        ({"query": "up", "window": "P400D"}, "to 90 days"),
        ({"query": "up", "end": "yesterday"}, "is not a time"),
    ],
)
async def test_bad_questions_say_what_is_wrong(
    tools: Tools, arguments: dict[str, str], sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence):
        await tools.call("prometheus_query_range", **arguments)


async def test_series_are_counted_by_metric_and_paged(tools: Tools) -> None:
    answer = await tools.call("prometheus_find_series", match='{namespace="shop"}')
    assert answer.data["metrics"][0]["series"] >= answer.data["metrics"][1]["series"]
    assert len(answer.data["rows"]) == 40
    more = await tools.call(
        "prometheus_find_series", match='{namespace="shop"}', cursor=answer.data["cursor"]
    )
    assert more.data["rows"][0] not in answer.data["rows"]
    with pytest.raises(Invalid, match="match is empty"):
        await tools.call("prometheus_find_series", match="")


async def test_metric_names_can_be_searched(tools: Tools) -> None:
    answer = await tools.call("prometheus_label_values", label="__name__", contains="HTTP_req")
    assert "http_requests_total" in answer.data["rows"]
    assert all("http_req" in name for name in answer.data["rows"])


async def test_rules_targets_and_alerts_are_listed(tools: Tools) -> None:
    rules = await tools.call("prometheus_rules", name="replicas")
    assert [row["name"] for row in rules.data["rows"]] == ["ReplicasMissing"]
    targets = await tools.call("prometheus_targets")
    assert targets.data["total"] > 0
    alerts = await tools.call("prometheus_alerts")
    assert alerts.data["source"] == "prometheus"
    assert "Silences are not known." in alerts.text


async def test_usage_comes_from_prometheus_when_nothing_else_has_it(tools: Tools) -> None:
    answer = await tools.call("kubernetes_top", namespace="shop")
    first = answer.data["rows"][0]
    assert (first["kind"], first["memory_limit_bytes"]) == ("Pod", 256 * 2**20)
    assert first["memory_percent"] > 90
    nodes = await tools.call("kubernetes_top", of="nodes", by="cpu")
    assert nodes.data["rows"][0]["cpu_limit_cores"] == 4


async def test_a_restricted_caller_asks_only_for_their_namespaces(measured: Sessions) -> None:
    mine = Tools(measured, SHOPKEEPER)
    assert (await mine.call("prometheus_query", query=MEMORY)).data["rows"]
    for query in ("up", f"{MEMORY} or up", 'up{namespace=~".*"}', 'up{namespace="payments"}'):
        with pytest.raises(Forbidden, match="your own namespaces"):
            await mine.call("prometheus_query", query=query)
    found = await mine.call("prometheus_label_values", label="namespace")
    assert set(found.data["rows"]) <= {"shop", "data"}
    alerts = await mine.call("prometheus_alerts")
    assert {row["namespace"] for row in alerts.data["rows"]} <= {"shop", "data"}


async def test_without_prometheus_every_tool_says_what_to_set(shop: Addresses) -> None:
    async with in_process(Connections(kubeconfig=shop.kubeconfig)) as sessions:
        for name, arguments in (("prometheus_query", {"query": "up"}), ("prometheus_rules", {})):
            with pytest.raises(UpstreamUnavailable, match="MIDWATCH_PROMETHEUS__URL"):
                await Tools(sessions, ANN).call(name, **arguments)
