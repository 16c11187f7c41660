"""Hosts as settings name them, and the Services that such names mean."""

import re
from collections.abc import Iterator

from mcp_servers.facts.kubernetes import Ref

# An environment variable with such a name holds an address even when its value has no port.
ADDRESS_NAME = re.compile(r"(HOST|ADDR|ADDRESS|URL|URI|ENDPOINT|SERVICE|BACKEND|UPSTREAM|DSN)S?$")
HOST_TOKEN = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


def is_address(name: str, value: str) -> bool:
    """Whether a setting of this name and value tells whom to call."""
    return bool(ADDRESS_NAME.search(name.upper())) or has_address(value)


def has_address(value: str) -> bool:
    """Whether a value shows by itself that it is an address: a scheme, a cluster name, a port."""
    return "://" in value or ".svc" in value or bool(re.search(r"[a-z]:\d{2,5}\b", value))


def hosts_in(value: str) -> Iterator[str]:
    """Words of a value that may name a host."""
    yield from (match.group() for match in HOST_TOKEN.finditer(value.lower()))


def service_named(host: str, namespace: str) -> Ref:
    """The Service a cluster-internal host name means when asked from `namespace`."""
    parts = host.split(":")[0].removesuffix(".").split(".")
    return Ref("Service", parts[1] if len(parts) > 1 else namespace, parts[0])
