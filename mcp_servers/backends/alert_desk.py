"""What alerting, channels and budgets work with: their tables, the keys to secrets, the way out."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.errors import UpstreamUnavailable
from mcp_servers.backends.senders.outgoing import Wire
from mcp_servers.backends.sentences import SENTENCES

if TYPE_CHECKING:
    from core.security.encryption import Vault
    from core.storage.kept_alerts import AlertTables, KeptAlerts


@dataclass(frozen=True)
class Desk:
    """Only a running service has tables and keys. `public_url` is where people open Midwatch."""

    store: "KeptAlerts | None" = None
    keys: "Vault | None" = None
    wire: Wire = field(default_factory=Wire)
    public_url: str = ""

    def session(self, *, urgent: bool = False) -> "AbstractAsyncContextManager[AlertTables]":
        """`urgent`: for what is told to channels, which must not wait for all that still arrives."""
        if self.store is None:
            raise SENTENCES.error(UpstreamUnavailable, "no_alert_tables")
        return self.store.session(urgent=urgent)

    @property
    def vault(self) -> "Vault":
        if self.keys is None:
            raise SENTENCES.error(UpstreamUnavailable, "no_channel_keys")
        return self.keys
