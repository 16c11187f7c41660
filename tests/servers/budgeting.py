"""Situations: a cluster whose days cost round sums, a database, and chat services to tell.

A core costs 1 an hour and nothing else costs anything, so web of shop costs 24 a day, from three
days ago on 48, db of data 24, and the node of 4 cores 96.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from core.principal import Permission, Principal
from core.security.encryption import Vault
from core.storage.database import Database
from core.storage.kept_alerts import KeptAlerts
from mcp_servers.client import Connections, Sessions, Tools, desk_over, in_process
from tests.channels.fakes import SETTINGS, Services, serving

ANN = Principal("ann", permissions=frozenset(Permission))
SUE = Principal("sue", permissions=frozenset(Permission), namespaces=frozenset({"shop"}))
KEY = "a key " * 8
DAYS, GROWN_DAYS = 12, 3
BOOK = """
name = "round"
currency = "EUR"
[[prices]]
from = 2020-01-01
cpu_core_hour = "1"
memory_gib_hour = "0"
[[rates]]
from = 2020-01-01
currency = "CNY"
per_unit = "8"
[[rates]]
from = 2020-01-01
currency = "USD"
per_unit = "2"
"""


def _pod(namespace: str, name: str, cpu: str, team: str) -> dict[str, Any]:
    limits = {"requests": {"cpu": cpu, "memory": "1Gi"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"team": team}},
        "spec": {
            "nodeName": "node-a",
            "containers": [{"name": "app", "image": "app:1", "resources": limits}],
        },
        "status": {"phase": "Running"},
    }


def _objects() -> list[dict[str, Any]]:
    room = {"cpu": "4", "memory": "8Gi"}
    node = {"capacity": room, "allocatable": room}
    about = {"name": "node-a", "creationTimestamp": "2020-01-01T00:00:00Z"}
    return [
        {"apiVersion": "v1", "kind": "Node", "metadata": about, "status": node},
        _pod("shop", "web", "2", "sales"),
        _pod("data", "db", "1", "base"),
    ]


def _measured(until: datetime, days: int) -> str:
    step = timedelta(minutes=5)
    # From midnight on: a first day that began in the night would be a whole one that cost less.
    first = (until - timedelta(days=days - 1)).replace(hour=0, minute=0)
    marks = [until - step * i for i in range((until - first) // step + 1)][::-1]
    grown = until - timedelta(days=GROWN_DAYS)
    lines = ["# TYPE container_memory_working_set_bytes gauge"]
    for namespace, pod in (("shop", "web"), ("data", "db")):
        labels = f'{{namespace="{namespace}",pod="{pod}",container="app"}}'
        lines += [
            f"container_memory_working_set_bytes{labels} 1000 {at.timestamp():.0f}" for at in marks
        ]
    lines.append("# TYPE kube_pod_container_resource_requests gauge")
    labels = '{namespace="shop",pod="web",container="app",resource="cpu",unit="core"}'
    lines += [
        f"kube_pod_container_resource_requests{labels} {2 if at >= grown else 1} {at.timestamp():.0f}"
        for at in marks
    ]
    return "\n".join([*lines, "# EOF\n"])


def town_in(folder: Path, days: int = DAYS) -> Path:
    """The snapshot, with so many days of metrics."""
    (folder / "metrics").mkdir()
    (folder / "objects" / "all").mkdir(parents=True)
    now = datetime.now(UTC)
    stamp = f"{now:%Y-%m-%dT%H:%M:%SZ}"
    (folder / "snapshot.yaml").write_text(f"name: town\ncluster: town\ncaptured_at: '{stamp}'\n")
    for one in _objects():
        path = folder / "objects" / "all" / f"{one['kind']}-{one['metadata']['name']}.json"
        path.write_bytes(orjson.dumps(one))
    (folder / "metrics" / "all.om").write_text(
        _measured(now.replace(second=0, microsecond=0), days)
    )
    (folder / "prices.toml").write_text(BOOK)
    return folder


@dataclass
class Office:
    """Tools over the town and a database, and the services that may be told."""

    sessions: Sessions
    services: Services
    address: str
    store: KeptAlerts
    database: Database

    def tools(self, who: Principal = ANN) -> Tools:
        return Tools(self.sessions, who)

    async def call(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        return (await self.tools().call(tool, **arguments)).data

    async def channel(self, kind: str = "webhook", **more: Any) -> None:
        settings = SETTINGS[kind](self.address)
        await self.call("channels_add", name=kind, kind=kind, settings=settings, **more)

    async def days(self) -> None:
        """Write down all days there are."""
        while (await self.call("budgets_check"))["days_missing"]:
            pass

    async def told(self) -> list[str]:
        """What the messages for channels are about."""
        rows = (await self.call("channels_deliveries"))["rows"]
        return [one["about"] for one in rows]


@asynccontextmanager
async def office(town: Connections, database_url: str) -> AsyncGenerator[Office]:
    services = Services()
    async with (
        Database.opened(database_url) as database,
        serving(services.app) as address,
    ):
        store = KeptAlerts(database)
        desk = desk_over(store, Vault.of(KEY), practice=True)
        async with in_process(
            town, desk=desk, only=("alerting", "budgets", "channels")
        ) as sessions:
            yield Office(sessions, services, address, store, database)
