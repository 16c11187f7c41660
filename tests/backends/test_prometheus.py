"""The Prometheus hand: the same questions to the practice cluster and to a real Prometheus."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import Invalid
from mcp_servers.backends.prometheus import Prometheus, step_of
from tests.backends import real_servers
from tests.backends.conftest import SHOP

MEMORY = 'container_memory_working_set_bytes{namespace="shop",container="checkout"}'


@pytest.fixture(scope="module", params=["practice", pytest.param("real", marks=pytest.mark.live)])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "practice":
        yield request.getfixturevalue("shop").prometheus
        return
    with real_servers.prometheus(SHOP, tmp_path_factory.mktemp("prometheus")) as url:
        yield url


@pytest.fixture
async def prometheus(url: str) -> AsyncIterator[Prometheus]:
    connected = Prometheus.connect(url)
    yield connected
    await connected.close()


def hours(count: float) -> tuple[datetime, datetime]:
    now = datetime.now(UTC)
    return now - timedelta(hours=count), now


async def test_a_query_gives_one_point_a_series(prometheus: Prometheus) -> None:
    found = await prometheus.query(MEMORY)
    assert found
    assert {one.label("container") for one in found} == {"checkout"}
    assert all(len(one.points) == 1 for one in found)
    assert all(100e6 < one.points[0][1] < 300e6 for one in found)


async def test_a_range_has_no_more_points_than_asked_for(prometheus: Prometheus) -> None:
    start, end = hours(1)
    found = await prometheus.query_range(MEMORY, start=start, end=end, points=20)
    assert found
    assert all(1 < len(one.points) <= 20 for one in found)
    assert all(at.tzinfo is not None for one in found for at, _ in one.points)


async def test_rates_and_sums_are_understood(prometheus: Prometheus) -> None:
    start, end = hours(1)
    query = 'sum by (service) (rate(http_requests_total{namespace="shop"}[5m]))'
    found = await prometheus.query_range(query, start=start, end=end)
    assert {one.label("service") for one in found} >= {"checkout", "storefront"}


async def test_a_scalar_is_one_series_without_labels(prometheus: Prometheus) -> None:
    [found] = await prometheus.query("vector(2)")
    assert (found.labels, found.points[0][1]) == ((), 2.0)


async def test_bad_promql_is_told_in_the_servers_words(prometheus: Prometheus) -> None:
    with pytest.raises(Invalid, match=r"Prometheus refused the query: .*paren"):
        await prometheus.query("sum(rate(")


async def test_series_and_label_values_can_be_discovered(prometheus: Prometheus) -> None:
    start, end = hours(1)
    series = await prometheus.series([MEMORY], start=start, end=end)
    assert {one["container"] for one in series} == {"checkout"}
    names = await prometheus.label_values("__name__", start=start, end=end)
    assert "container_memory_working_set_bytes" in names
    pods = await prometheus.label_values("pod", [MEMORY], start=start, end=end)
    assert all(pod.startswith("checkout-") for pod in pods)


async def test_rules_say_how_their_evaluation_goes(prometheus: Prometheus) -> None:
    rules = {one.name: one for one in await prometheus.rules()}
    assert rules["Watchdog"].kind == "alerting"
    assert rules["ReplicasMissing"].for_s == 600
    assert dict(rules["NodeMemoryLow"].labels)["severity"] == "critical"


async def test_targets_and_alerts_are_facts(prometheus: Prometheus) -> None:
    targets = await prometheus.targets()
    assert targets
    assert {one.health for one in targets} <= {"up", "down", "unknown"}
    alerts = await prometheus.alerts()
    assert {one.state for one in alerts} <= {"pending", "firing"}


@pytest.mark.parametrize(("points", "seconds"), [(120, 31), (10_000, 13), (1, 3_600), (300, 13)])
def test_the_step_bounds_the_points_of_an_hour(points: int, seconds: int) -> None:
    assert step_of(timedelta(hours=1), points) == timedelta(seconds=seconds)


def test_no_step_is_shorter_than_a_second() -> None:
    assert step_of(timedelta(seconds=5), 300) == timedelta(seconds=1)
