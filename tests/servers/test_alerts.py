"""prometheus_alerts: from Alertmanager when it can be had, else from Prometheus, and it says so."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from core.errors import UpstreamUnavailable
from core.principal import Principal
from mcp_servers.client import Connections, Tools, in_process
from tests.backends.loopback import Asked, answering
from tests.servers.conftest import ANN, SHOPKEEPER

AT = "2026-03-10T12:00:00Z"
MANAGED: list[dict[str, Any]] = [
    {
        "labels": {"alertname": "Slow", "severity": "warning", "namespace": "shop"},
        "annotations": {"summary": "shop is slow."},
        "startsAt": AT,
        "status": {"state": "active", "silencedBy": []},
    },
    {
        "labels": {"alertname": "Broken", "severity": "critical", "namespace": "payments"},
        "startsAt": AT,
        "status": {"state": "active", "silencedBy": []},
    },
    {
        "labels": {"alertname": "Known", "severity": "critical", "namespace": "shop"},
        "startsAt": AT,
        "status": {"state": "suppressed", "silencedBy": ["s-1"]},
    },
    {"labels": {"alertname": "Watchdog", "severity": "none"}, "startsAt": AT},
]
FIRING = {"labels": {"alertname": "Fallback"}, "state": "firing", "activeAt": AT}


@asynccontextmanager
async def watched(principal: Principal, *, managed: bool = True) -> AsyncGenerator[Tools]:
    """Both servers; without `managed`, an Alertmanager that is ill."""

    def answer(asked: Asked) -> tuple[int, Any]:
        if asked.path == "/api/v2/alerts":
            return (200, MANAGED) if managed else (500, b"ill")
        return 200, {"status": "success", "data": {"alerts": [FIRING]}}

    with answering(answer) as server:
        connections = Connections(prometheus_url=server.url, alertmanager_url=server.url)
        async with in_process(connections) as sessions:
            yield Tools(sessions, principal)


async def test_the_most_urgent_come_first_and_the_silenced_last() -> None:
    async with watched(ANN) as tools:
        answer = await tools.call("prometheus_alerts")
    assert [row["name"] for row in answer.data["rows"]] == ["Broken", "Slow", "Watchdog", "Known"]
    assert answer.data["source"] == "alertmanager"
    assert "shop is slow." in answer.text
    assert "silenced by s-1" in answer.text


async def test_alerts_can_be_chosen_by_namespace() -> None:
    async with watched(ANN) as tools:
        answer = await tools.call("prometheus_alerts", namespace="shop")
    assert {row["name"] for row in answer.data["rows"]} == {"Slow", "Known"}


async def test_a_restricted_caller_sees_the_alerts_of_their_namespaces() -> None:
    async with watched(SHOPKEEPER) as tools:
        answer = await tools.call("prometheus_alerts")
    assert {row["namespace"] for row in answer.data["rows"]} == {"shop"}


async def test_an_ill_alertmanager_is_replaced_and_said_so() -> None:
    async with watched(ANN, managed=False) as tools:
        answer = await tools.call("prometheus_alerts")
    assert [row["name"] for row in answer.data["rows"]] == ["Fallback"]
    assert re.search(r"Silences are not known: Alertmanager at \S+ answered 500\.", answer.text)


async def test_without_both_the_sentence_says_what_to_set() -> None:
    async with in_process(Connections()) as sessions:
        with pytest.raises(UpstreamUnavailable, match="MIDWATCH_PROMETHEUS__URL"):
            await Tools(sessions, ANN).call("prometheus_alerts")
