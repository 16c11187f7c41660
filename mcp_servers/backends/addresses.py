"""What an address tells before anything is sent to it."""

from urllib.parse import urlsplit

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def is_loopback(url: str) -> bool:
    """A proxy of the environment must not see these."""
    return urlsplit(url).hostname in LOOPBACK


def host_of(url: str) -> str:
    """Host and port for a person, without credentials."""
    return urlsplit(url).netloc.rpartition("@")[2] or url
