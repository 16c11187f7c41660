"""Metrics of requests under whatever names they go by, and the PromQL that reads them."""

import pytest

from mcp_servers.engines.request_metrics import (
    FAILURES,
    HIT_RATIO,
    HITS,
    MISSES,
    P95,
    RATE,
    Question,
    apart_query,
    candidates,
    questions,
    told_apart,
)
from mcp_servers.facts.metrics import Series


def asked(*names: str, apart: dict[str, dict[str, set[str]]] | None = None) -> list[Question]:
    return questions(names, apart or {}, 'namespace="shop"')


def roles(*names: str, apart: dict[str, dict[str, set[str]]] | None = None) -> set[str]:
    return {one.role for one in asked(*names, apart=apart)}


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("http_request_duration_seconds_p95", ""),
        ("checkout_latency_p99_ms", " * 0.001"),
        ("rpc_response_time_milliseconds_p95", " * 0.001"),
        ("request_processing_time_us_95pct", " * 1e-06"),
    ],
)
def test_a_high_quantile_that_was_worked_out_before_is_read_in_seconds(
    name: str, factor: str
) -> None:
    [one] = asked(name)
    assert one.role == P95
    assert one.promql.startswith("max by (namespace, service, pod")
    assert one.promql.endswith(f'({name}{{namespace="shop"}}){factor}')


def test_a_histogram_gives_a_quantile_and_its_sums_are_not_asked_for_as_well() -> None:
    base = "grpc_server_handling_seconds"
    told = asked(f"{base}_bucket", f"{base}_sum", f"{base}_count")
    assert [(one.role, one.metric) for one in told] == [(P95, base)]
    assert f'rate({base}_bucket{{namespace="shop"}}[10m])' in told[0].promql


def test_of_a_summary_the_fittest_quantile_is_taken_and_without_one_the_mean() -> None:
    base = "order_latency_seconds"
    names = (base, f"{base}_sum", f"{base}_count")
    told = [
        one
        for one in asked(*names, apart={base: {"quantile": {"0.5", "0.9", "0.99"}}})
        if one.role == P95
    ]
    assert ['quantile="0.99"' in one.promql for one in told] == [True]
    mean = [one for one in asked(*names[1:]) if one.role == P95]
    assert [" / " in one.promql for one in mean] == [True]


@pytest.mark.parametrize(
    ("name", "label", "values", "failed"),
    [
        ("http_requests_total", "code", {"200", "404", "503"}, 'code=~"503"'),
        ("grpc_server_handled_total", "grpc_code", {"OK", "Internal"}, 'grpc_code=~"Internal"'),
        ("payments_total", "result", {"ok", "error", "failed"}, 'result=~"error|failed"'),
        ("http_requests_total", "outcome", {"SUCCESS", "SERVER_ERROR"}, "SERVER_ERROR"),
    ],
)
def test_failures_are_told_by_whichever_label_says_how_a_request_ended(
    name: str, label: str, values: set[str], failed: str
) -> None:
    every, bad = asked(name, apart={name: {label: values}})
    assert (every.role, bad.role) == (RATE, FAILURES)
    assert failed in bad.promql
    assert failed not in every.promql


@pytest.mark.parametrize(
    ("served", "failed"),
    [
        ("http_requests_total", "http_request_errors_total"),
        ("http_requests_total", "http_requests_failed_total"),
        ("payments_total", "payment_failures_total"),
    ],
)
def test_failures_may_have_a_counter_of_their_own(served: str, failed: str) -> None:
    told = {(one.role, one.metric) for one in asked(served, failed)}
    assert {(RATE, served), (FAILURES, served)} <= told


@pytest.mark.parametrize(
    "names",
    [
        ("page_cache_hits_total", "page_cache_misses_total"),
        ("cache_hit_total", "cache_miss_total"),
        ("redis_keyspace_hits_total", "redis_keyspace_misses_total"),
    ],
)
def test_hits_and_misses_of_a_cache_belong_together(names: tuple[str, str]) -> None:
    told = {one.role: one for one in asked(*names)}
    assert told.keys() == {HITS, MISSES}
    assert told[HITS].metric == told[MISSES].metric == names[0]


def test_hits_may_stand_in_a_label_or_be_a_ratio() -> None:
    apart = {"cache_requests_total": {"result": {"hit", "miss"}}}
    assert roles("cache_requests_total", apart=apart) == {HITS, MISSES}
    assert roles("cache_hit_ratio") == {HIT_RATIO}


def test_what_a_cluster_measures_of_itself_and_calls_to_others_are_left_out() -> None:
    foreign = [
        "apiserver_request_duration_seconds_bucket",
        "etcd_request_duration_seconds_bucket",
        "rest_client_requests_total",
        "go_gc_duration_seconds",
        "http_client_request_duration_seconds_bucket",
        "node_cpu_seconds_total",
        "container_cpu_usage_seconds_total",
        "queue_depth",
        "http_request_duration_seconds_max",
    ]
    assert candidates(foreign) == []


def test_a_cluster_of_a_thousand_metrics_costs_a_bounded_number_of_questions() -> None:
    names = [f"http_part{n}_requests_total" for n in range(1000)]
    assert len(candidates(names)) == 40


def test_labels_that_tell_series_apart_are_asked_for_once() -> None:
    promql = apart_query(["a_total", "b_total"], 'namespace="shop"')
    assert '{__name__=~"a_total|b_total",namespace="shop"}' in promql
    answer = [Series("", (("__name__", "a_total"), ("code", code)), ()) for code in ("200", "500")]
    assert told_apart(answer) == {"a_total": {"code": {"200", "500"}}}
