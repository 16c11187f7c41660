"""The one place where HTTP clients are made: time limits, no surprise redirects, cheap loopback."""

import ipaddress
from collections.abc import Mapping

import httpx2

# What users of a client may name; the library itself stays in this room.
Client = httpx2.AsyncClient
Response = httpx2.Response
RequestFailed = httpx2.HTTPError

CONNECT_TIMEOUT_S = 5.0
MAX_CONNECTIONS = 20


def client(
    base_url: str = "", *, timeout_s: float = 10.0, headers: Mapping[str, str] | None = None
) -> httpx2.AsyncClient:
    """A client to keep and share: opening one costs more than a hundred requests on loopback.

    Redirects are not followed, so that an address which was checked is the address asked.
    """
    local = is_plain_loopback(base_url)
    return httpx2.AsyncClient(
        base_url=base_url,
        headers=headers,
        timeout=httpx2.Timeout(timeout_s, connect=min(timeout_s, CONNECT_TIMEOUT_S)),
        limits=httpx2.Limits(max_connections=MAX_CONNECTIONS),
        follow_redirects=False,
        # Plain HTTP to this machine needs no certificates (reading them costs 100 ms) and no proxy.
        verify=not local,
        trust_env=not local,
    )


def is_plain_loopback(url: str) -> bool:
    """True for http:// to this machine by address or as localhost."""
    parsed = httpx2.URL(url)
    if parsed.scheme != "http":
        return False
    try:
        return ipaddress.ip_address(parsed.host).is_loopback
    except ValueError:
        return parsed.host == "localhost"
