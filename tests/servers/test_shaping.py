"""Series as a reader can take them."""

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import Forbidden, Invalid
from mcp_servers.backends import metric_scope as scope
from mcp_servers.facts.metrics import Series
from mcp_servers.prometheus.shaping import (
    finite,
    said,
    shape_of,
    thinned,
    unit_of,
    varying,
    written,
)
from tests.servers.conftest import ANN, SHOPKEEPER

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def points(*values: float) -> tuple[tuple[datetime, float], ...]:
    return tuple((NOON + timedelta(minutes=n), value) for n, value in enumerate(values))


def test_a_shape_is_told_by_its_ends_bounds_and_mean() -> None:
    shape = shape_of(points(2, 8, 5))
    assert (shape.first, shape.last, shape.lowest, shape.highest, shape.mean) == (2, 5, 2, 8, 5)
    assert shape.highest_at == NOON + timedelta(minutes=1)
    assert shape_of(()).mean is None


def test_gaps_are_left_out() -> None:
    series = Series("x", (), points(1, float("nan"), float("inf"), 2))
    assert [value for _, value in finite(series)] == [1, 2]


@pytest.mark.parametrize("count", [0, 1, 30, 31, 59, 300])
def test_thinning_keeps_every_peak_and_the_order(count: int) -> None:
    every = points(*((n * 37) % 101 for n in range(count)))
    kept = thinned(every)
    assert len(kept) <= 30
    assert kept == sorted(kept)
    assert max((v for _, v in kept), default=0) == max((v for _, v in every), default=0)


@pytest.mark.parametrize(
    ("query", "unit"),
    [
        ("container_memory_working_set_bytes", "bytes"),
        ('sum by (pod) (container_memory_working_set_bytes{namespace="a"})', "bytes"),
        ("rate(container_cpu_usage_seconds_total[5m])", "cores"),
        ("rate(container_network_receive_bytes_total[5m])", "bytes per second"),
        ("rate(http_requests_total[5m])", "per second"),
        ("increase(http_requests_total[5m])", ""),
        ("up", ""),
        ("count(kube_pod_info)", ""),
        ("a_bytes / b_bytes", ""),
        ("histogram_quantile(0.9, rate(http_request_duration_seconds_bucket[5m]))", "seconds"),
        ("1 + 1", ""),
    ],
)
def test_the_unit_is_guessed_from_the_names(query: str, unit: str) -> None:
    assert unit_of(query) == unit


def test_values_are_written_for_people() -> None:
    assert said(256 * 2**20, "bytes") == "256Mi"
    assert said(0.1234567, "cores") == "0.1235"
    assert said(None, "") == "NaN"
    assert written((("__name__", "up"), ("job", "a"))) == 'up{job="a"}'


def test_what_all_series_share_is_told_once() -> None:
    shared, telling = varying([(("a", "1"), ("b", "2")), (("a", "1"), ("b", "3"))])
    assert (shared, telling) == ({"a": "1"}, {"b"})


@pytest.mark.parametrize(
    "query",
    [
        "up",
        'up{namespace!="shop"}',
        'up{namespace=~"shop|payments"}',
        'sum(rate(a{namespace="shop"}[5m])) / sum(b)',
        'topk(3, max_over_time(rate(a[1m])[1h:5m])) and b{namespace="shop"}',
        'label_replace(a, "namespace", "shop", "", "")',
    ],
)
def test_a_query_that_reaches_further_is_refused(query: str) -> None:
    with pytest.raises(Forbidden, match=r'Put namespace="data" into every selector'):
        scope.check(SHOPKEEPER, query)
    scope.check(ANN, query)


def test_a_query_of_ones_own_namespaces_is_let_through() -> None:
    scope.check(SHOPKEEPER, 'sum(rate(a{namespace="shop"}[5m])) / sum(b{namespace="data"})')
    scope.check(SHOPKEEPER, "1 + 1")
    with pytest.raises(Invalid, match="This is not PromQL"):
        scope.check(SHOPKEEPER, "sum(")
