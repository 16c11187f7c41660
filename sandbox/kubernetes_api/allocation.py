"""Addresses and node ports: what a server gives to a Service that names none."""

import ipaddress
import random
from typing import Any

from sandbox.kubernetes_api.fields import at, entries, section, texts
from sandbox.store import Store

Json = dict[str, Any]

_ADDRESSES = ipaddress.ip_network("10.96.0.0/12")
_NODE_PORTS = range(30_000, 32_768)
_ON_NODES = frozenset({"NodePort", "LoadBalancer"})


def allocated(store: Store, service: Json, before: Json | None = None) -> Json:
    """The Service with its addresses and node ports; it keeps what it had `before`."""
    spec, known = dict(section(service, "spec")), section(before, "spec")
    if spec.get("type") == "ExternalName" or _was_left_open(spec, known):
        return service
    others = [one for one in store.list("services") if one is not before]
    if not spec.get("clusterIP"):
        spec["clusterIP"] = known.get("clusterIP") or _free_address(others)
    family = "IPv6" if ":" in spec["clusterIP"] else "IPv4"
    more = {
        "clusterIPs": [spec["clusterIP"]],
        "ipFamilies": [family],
        "ipFamilyPolicy": "SingleStack",
    }
    spec = {**more, **spec}
    if spec.get("type") in _ON_NODES and spec.get("allocateLoadBalancerNodePorts", True):
        spec["ports"] = _with_node_ports(spec, known, others)
    return {**service, "spec": spec}


def _was_left_open(spec: Json, known: Json) -> bool:
    """A Service of a snapshot that tells no address: it stays without."""
    return bool(known) and not known.get("clusterIP") and known.get("type") == spec.get("type")


def _free_address(others: list[Json]) -> str:
    taken = {str(at(one, "spec", "clusterIP")) for one in others}
    taken |= {address for one in others for address in texts(one, "spec", "clusterIPs")}
    while True:
        number = random.randrange(1, _ADDRESSES.num_addresses - 1)  # noqa: S311 - an address, no secret
        if (found := str(_ADDRESSES[number])) not in taken:
            return found


def _with_node_ports(spec: Json, known: Json, others: list[Json]) -> list[Json]:
    had = {_place(port): port.get("nodePort") for port in entries(known, "ports")}
    ports = [dict(port) for port in entries(spec, "ports")]
    taken = {port.get("nodePort") for one in others for port in entries(one, "spec", "ports")}
    taken |= {port.get("nodePort") for port in ports}
    for port in ports:
        if not port.get("nodePort"):
            free = [number for number in _NODE_PORTS if number not in taken]
            port["nodePort"] = had.get(_place(port)) or random.choice(free)  # noqa: S311 - a port
            taken.add(port["nodePort"])
    return ports


def _place(port: Json) -> tuple[Any, Any]:
    return port.get("port"), port.get("protocol", "TCP")
