"""Which metric words mean: by parts of its name, its help and its labels, in both languages."""

import pytest

from mcp_servers.engines.metric_words import (
    Meant,
    alert_name,
    as_said,
    asked_words,
    clear,
    expression,
    families,
    narrowed,
    ranked,
    spaced,
    wants_low,
)

TOLD = {
    "rabbitmq_queue_messages": ("gauge", "Messages ready and unacknowledged"),
    "rabbitmq_queue_consumers": ("gauge", "Consumers of a queue"),
    "http_requests": ("counter", "Requests"),
    "http_request_duration_seconds": ("histogram", "Latency of requests"),
    "kafka_consumergroup_lag": ("gauge", "Lag of a consumer group"),
    "process_resident_memory_bytes": ("gauge", ""),
    "cert_left": ("gauge", "Days until the certificate expires"),
}
NAMES = [
    *("rabbitmq_queue_messages", "rabbitmq_queue_consumers", "http_requests_total", "cert_left"),
    *("http_request_duration_seconds_bucket", "http_request_duration_seconds_sum"),
    *("http_request_duration_seconds_count", "kafka_consumergroup_lag", "build_info"),
    "process_resident_memory_bytes",
]
SERIES = {
    "rabbitmq_queue_messages": [{"queue": "orders"}, {"queue": "mails"}],
    "http_request_duration_seconds": [{"service": "checkout", "le": "1"}],
    "http_requests_total": [{"service": "checkout"}],
}


def found(question: str) -> list[Meant]:
    words = asked_words(question)
    return sorted(
        (
            narrowed(one, words, SERIES.get(one.metric.name, ()))
            for one in ranked(words, families(NAMES, TOLD))
        ),
        key=lambda one: -one.score,
    )


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("suggest an alert for queue length of orders", 'max(rabbitmq_queue_messages{queue="orders"})'),
        ("给 orders 的队列长度建议一条告警", 'max(rabbitmq_queue_messages{queue="orders"})'),
        ("建议一条订单队列积压的告警", 'max(rabbitmq_queue_messages{queue="orders"})'),
        (
            "recommend an alert rule for checkout latency",
            'histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{service="checkout"}[5m])))',
        ),
        ("suggest a rule for kafka lag", "max(kafka_consumergroup_lag)"),
        ("内存占用推荐一个告警", "max(process_resident_memory_bytes)"),
        ("alert on days until a certificate expires, too low", "min(cert_left)"),
    ],
)  # fmt: skip
def test_words_find_the_metric_and_the_labels_that_they_mean(question: str, expected: str) -> None:
    best = found(question)
    assert clear(best, asked_words(question)), best[:2]
    assert expression(best[0], below=wants_low(question)) == expected


@pytest.mark.parametrize("question", ["suggest an alert for the queue", "requests"])
def test_what_may_be_several_metrics_is_not_guessed_at(question: str) -> None:
    best = found(question)
    assert len(best) > 1
    assert not clear(best, asked_words(question))


@pytest.mark.parametrize("question", ["suggest an alert", "alert me on unicorns", ""])
def test_words_that_no_metric_has_find_none(question: str) -> None:
    assert found(question) == []


def test_a_histogram_is_one_metric_and_what_only_informs_is_none() -> None:
    kinds = {one.name: one.kind for one in families(NAMES, TOLD)}
    assert kinds["http_request_duration_seconds"] == "histogram"
    assert kinds["http_requests_total"] == "counter"
    assert not {"build_info", "http_request_duration_seconds_sum"} & set(kinds)


def test_the_name_of_the_alert_says_whose_and_of_what() -> None:
    [best, *_] = found("queue length of orders")
    assert alert_name(best, below=False) == "OrdersRabbitmqQueueMessagesHigh"


def test_words_are_told_as_they_were_said() -> None:
    assert [as_said("Queue lengths of orders")[one] for one in ("queue", "length", "order")] == [
        "Queue",
        "lengths",
        "orders",
    ]
    assert as_said("订单队列 length") == {"order": "订单", "queue": "队列", "length": "length"}


def test_a_name_of_an_alert_is_read_as_words() -> None:
    assert spaced("OrdersQueueLengthHigh") == "Orders queue length high"
    assert spaced("CPUBusy") == "CPUBusy"
