"""Where people on this machine reach the service: a port may be another than the settings say."""

import socket
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from core.settings import Settings

NOTE = "service-address"
ANSWER_S = 1.0
EVERYWHERE = {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound


def address_on(host: str, port: int) -> str:
    """What a person on this machine types for what is bound there."""
    if host in EVERYWHERE:
        return f"http://127.0.0.1:{port}"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def noted(settings: Settings, address: str) -> Generator[None]:
    """Kept in the data folder while it is served, for commands that tell people where to come in.

    A folder that cannot be written to keeps nobody from serving.
    """
    note = _note(settings)
    with suppress(OSError):
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(address)
    try:
        yield
    finally:
        with suppress(OSError):
            if note.read_text() == address:
                note.unlink()


def reached_at(settings: Settings) -> str:
    """The public address; else that of the service that runs here, else the one the settings name."""
    if settings.server.public_url:
        return settings.server.public_url.rstrip("/")
    with suppress(OSError, ValueError):
        address = _note(settings).read_text().strip()
        place = urlsplit(address)
        with socket.create_connection((place.hostname or "", place.port or 0), ANSWER_S):
            return address
    return address_on(settings.server.host, settings.server.port)


def _note(settings: Settings) -> Path:
    return settings.data_dir / NOTE
