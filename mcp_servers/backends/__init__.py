"""The hands: one real client for each external system."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from core.storage.records import IncidentRow
from mcp_servers.backends.alertmanager import Alertmanager
from mcp_servers.backends.foreign import Acceptances, ForeignServer
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.backends.prometheus import Prometheus


class IncidentStore(Protocol):
    """Where incidents are remembered; only a running service has one."""

    async def keep(self, row: IncidentRow) -> None: ...

    async def latest(self, within: Collection[str] | None, *, limit: int) -> list[IncidentRow]: ...

    async def get(self, incident_id: str) -> IncidentRow | None: ...


@dataclass(frozen=True)
class Backends:
    """Every hand the servers may be given. Nothing here has been asked anything yet."""

    kubernetes: Kubernetes
    prometheus: Prometheus
    alertmanager: Alertmanager
    knowledge_folder: Path | None = None
    rules_folder: Path | None = None
    incidents: IncidentStore | None = None
    foreign: tuple[ForeignServer, ...] = ()
    acceptances: Acceptances | None = None

    async def close(self) -> None:
        self.kubernetes.close()
        await self.prometheus.close()
        await self.alertmanager.close()
        for server in self.foreign:
            await server.close()
