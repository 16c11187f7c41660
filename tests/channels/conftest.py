"""Situations: tool servers with a database, and the chat services they tell."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.principal import Permission, Principal
from core.security.encryption import Vault
from core.storage.database import BUSY_TIMEOUT_S, Database
from core.storage.kept_alerts import KeptAlerts
from mcp_servers.client import Connections, Sessions, Tools, desk_over, in_process
from tests.channels.fakes import SETTINGS, Heard, Services, serving

ANN = Principal("ann", permissions=frozenset(Permission))


@dataclass
class Room:
    """Tools with a database of their own, and the services that they may tell."""

    tools: Tools
    store: KeptAlerts
    services: Services
    address: str
    sessions: Sessions

    async def add(self, kind: str, *, name: str = "", **more: Any) -> Heard:
        settings = SETTINGS[kind](self.address)
        await self.tools.call(
            "channels_add", name=name or kind, kind=kind, settings=settings, **more
        )
        return self.services.heard[kind]

    async def receive(
        self, *alerts: dict[str, Any], source: str = "alertmanager"
    ) -> dict[str, Any]:
        payload: Any = webhook(*alerts) if source == "alertmanager" else list(alerts)
        return (await self.tools.call("alerting_receive", source=source, payload=payload)).data

    async def deliver(self) -> dict[str, Any]:
        return (await self.tools.call("channels_deliver_due")).data

    async def deliveries(self, **wanted: str) -> list[dict[str, Any]]:
        return (await self.tools.call("channels_deliveries", **wanted)).data["rows"]


@asynccontextmanager
async def opened(
    folder: Path, *secrets: str, alertmanager: str = "", busy_timeout_s: float = BUSY_TIMEOUT_S
) -> AsyncGenerator[Room]:
    services, url = Services(), f"sqlite:///{folder / 'midwatch.db'}"
    async with (
        Database.opened(url, busy_timeout_s=busy_timeout_s) as database,
        serving(services.app) as address,
    ):
        store = KeptAlerts(database)
        desk = desk_over(store, Vault.of(*(secrets or ("a key " * 8,))), practice=True)
        reach = Connections(clusterless=True, alertmanager_url=alertmanager)
        async with in_process(reach, desk=desk, only=("alerting", "channels")) as sessions:
            yield Room(Tools(sessions, ANN), store, services, address, sessions)


@pytest.fixture
async def room(tmp_path: Path) -> AsyncGenerator[Room]:
    async with opened(tmp_path) as made:
        yield made


def alert(
    name: str = "DiskFull",
    status: str = "firing",
    *,
    starts: str = "2026-11-29T01:00:00Z",
    **labels: str,
) -> dict[str, Any]:
    """One alert of a webhook."""
    ended = "2026-11-29T01:30:00Z" if status == "resolved" else "0001-01-01T00:00:00Z"
    return {
        "status": status,
        "labels": {"alertname": name, "severity": "critical", "namespace": "shop", **labels},
        "annotations": {"summary": f"{name} happened"},
        "startsAt": starts,
        "endsAt": ended,
        "generatorURL": "https://prometheus.example/graph",
    }


def webhook(*alerts: dict[str, Any]) -> dict[str, Any]:
    """Alertmanager's body, with a field that no version has yet."""
    firing = any(one["status"] == "firing" for one in alerts)
    return {
        "version": "4",
        "groupKey": "{}:{alertname}",
        "truncatedAlerts": 0,
        "status": "firing" if firing else "resolved",
        "receiver": "midwatch",
        "groupLabels": {"alertname": alerts[0]["labels"]["alertname"]} if alerts else {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "https://alertmanager.example",
        "notification_reason": "first",
        "newInSomeVersion": {"a": 1},
        "alerts": list(alerts),
    }
