"""The hands: one real client for each external system."""

from dataclasses import dataclass
from pathlib import Path

from mcp_servers.backends.alertmanager import Alertmanager
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.backends.prometheus import Prometheus


@dataclass(frozen=True)
class Backends:
    """Every hand the servers may be given. Nothing here has been asked anything yet."""

    kubernetes: Kubernetes
    prometheus: Prometheus
    alertmanager: Alertmanager
    knowledge_folder: Path | None = None

    async def close(self) -> None:
        self.kubernetes.close()
        self.prometheus.close()
        await self.alertmanager.close()
