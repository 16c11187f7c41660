"""The hands: one real client for each external system."""

from dataclasses import dataclass
from pathlib import Path

from mcp_servers.backends.kubernetes import Kubernetes


@dataclass(frozen=True)
class Backends:
    """Every hand the servers may be given. Nothing here has been asked anything yet."""

    kubernetes: Kubernetes
    knowledge_folder: Path | None = None

    def close(self) -> None:
        self.kubernetes.close()
