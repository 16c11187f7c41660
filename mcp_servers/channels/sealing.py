"""Configurations in and out of the database."""

from typing import TYPE_CHECKING

import orjson

from core.storage.alert_records import ChannelRow
from mcp_servers.backends.senders.configuration import Configuration
from mcp_servers.backends.senders.kinds import kind_of

if TYPE_CHECKING:
    from core.security.encryption import Vault


def sealed(vault: "Vault", name: str, config: Configuration) -> str:
    """The whole configuration, encrypted for this channel's row and no other."""
    return vault.seal(config.model_dump_json(), place=_place(name))


def opened(vault: "Vault", row: ChannelRow) -> Configuration:
    """Raises `Invalid` when no key here opens it."""
    text = vault.open(row.sealed, place=_place(row.name))
    return kind_of(row.kind).configuration.model_validate(orjson.loads(text))


def _place(name: str) -> str:
    return f"channel {name}"
