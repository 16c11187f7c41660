"""What missing, slow or strange monitoring does to the Prometheus and Alertmanager hands."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from core.errors import Forbidden, Invalid, OpsError, TooLarge, UpstreamUnavailable
from mcp_servers.backends.alertmanager import Alertmanager
from mcp_servers.backends.http_api import MOST_BYTES
from mcp_servers.backends.prometheus import Prometheus
from tests.backends.loopback import Asked, answering
from tests.backends.waits import Waits

CLOSED = "http://127.0.0.1:1"


@asynccontextmanager
async def prometheus_at(url: str, timeout_s: float = 5.0) -> AsyncIterator[Prometheus]:
    connected = Prometheus.connect(url, timeout_s, patience=Waits().patience)
    try:
        yield connected
    finally:
        await connected.close()


@asynccontextmanager
async def alertmanager_at(url: str, timeout_s: float = 5.0) -> AsyncIterator[Alertmanager]:
    connected = Alertmanager.connect(url, timeout_s, patience=Waits().patience)
    try:
        yield connected
    finally:
        await connected.close()


async def test_without_an_address_the_sentence_says_what_to_set() -> None:
    prometheus, alertmanager = Prometheus.connect(""), Alertmanager.connect("")
    assert not prometheus.configured
    with pytest.raises(UpstreamUnavailable, match=r"Prometheus is not configured.*MIDWATCH_PROM"):
        await prometheus.query("up")
    with pytest.raises(UpstreamUnavailable, match="Alertmanager is not configured"):
        await alertmanager.alerts()


async def test_nobody_listening_is_said_with_the_address() -> None:
    async with prometheus_at(CLOSED) as prometheus:
        with pytest.raises(UpstreamUnavailable, match=r"Prometheus at .* does not answer"):
            await prometheus.query("up")
    async with alertmanager_at(CLOSED) as alertmanager:
        with pytest.raises(UpstreamUnavailable, match=r"Alertmanager at .* does not answer"):
            await alertmanager.alerts()


async def test_a_slow_answer_ends_at_the_time_limit() -> None:
    def answer(_: Asked) -> tuple[int, Any]:
        time.sleep(1)
        return 200, []

    with answering(answer) as server:
        async with prometheus_at(server.url, 0.2) as prometheus:
            with pytest.raises(UpstreamUnavailable, match=r"Prometheus .* within 0\.2 s"):
                await prometheus.query("up")
        async with alertmanager_at(server.url, 0.2) as alertmanager:
            with pytest.raises(UpstreamUnavailable, match=r"Alertmanager .* within 0\.2 s"):
                await alertmanager.silences()


@pytest.mark.parametrize("body", [b"<html>Grafana</html>", b"{}", b"[]", b'{"data": 3}', b""])
async def test_what_is_not_prometheus_is_recognised(body: bytes) -> None:
    with answering(lambda _: (200, body)) as server:
        async with prometheus_at(server.url) as prometheus:
            for ask in (lambda: prometheus.query("up"), prometheus.rules, prometheus.targets):
                with pytest.raises(UpstreamUnavailable, match="is not the API of Prometheus"):
                    await ask()


@pytest.mark.parametrize(
    ("status", "body", "kind", "sentence"),
    [
        (400, {"error": "parse error: x"}, Invalid, "refused the query: parse error: x"),
        (422, {"error": "query timed out"}, Invalid, "query timed out"),
        (401, b"", Forbidden, "does not let Midwatch in"),
        (404, b"no page", UpstreamUnavailable, "answered 404"),
        (503, {"error": "starting"}, UpstreamUnavailable, "answered 503: starting"),
    ],
)
async def test_every_refusal_is_one_of_our_errors(
    status: int, body: Any, kind: type[OpsError], sentence: str
) -> None:
    with answering(lambda _: (status, body)) as server:
        async with prometheus_at(server.url) as prometheus:
            with pytest.raises(kind, match=sentence):
                await prometheus.query("up")


async def test_an_endless_body_is_not_read_to_its_end() -> None:
    body = b" " * (MOST_BYTES + 10)
    with answering(lambda _: (200, body)) as server:
        async with prometheus_at(server.url) as prometheus:
            with pytest.raises(TooLarge, match="topk"):
                await prometheus.query("up")


async def test_values_that_are_no_numbers_are_kept_as_what_they_are() -> None:
    result = [{"metric": {"a": "b"}, "value": [1.5, "NaN"]}, {"metric": {}, "histogram": [1, {}]}]
    data = {"status": "success", "data": {"resultType": "vector", "result": result}}
    with answering(lambda _: (200, data)) as server:
        async with prometheus_at(server.url) as prometheus:
            [found] = await prometheus.query("x")
    assert found.points[0][1] != found.points[0][1]


@pytest.mark.parametrize("body", [b"<html>", b"{}", b"3", b""])
async def test_what_is_not_alertmanager_is_recognised(body: bytes) -> None:
    with answering(lambda _: (200, body)) as server:
        async with alertmanager_at(server.url) as alertmanager:
            with pytest.raises(UpstreamUnavailable, match="is not the API of Alertmanager"):
                await alertmanager.alerts()


async def test_a_prefix_in_the_address_is_kept() -> None:
    data = {"status": "success", "data": {"resultType": "vector", "result": []}}
    with answering(lambda _: (200, data)) as server:
        async with prometheus_at(f"{server.url}/prometheus/") as prometheus:
            await prometheus.query("up")
    assert server.asked[0].path == "/prometheus/api/v1/query"
