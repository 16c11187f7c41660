"""What is free on each node, worked out anew only for nodes where something happened."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sandbox.controllers.indexes import by_node
from sandbox.fields import at, entries, section
from sandbox.quantities import quantity
from sandbox.store import Store

Json = dict[str, Any]
Amounts = dict[str, Decimal]

_NOTHING = Decimal(0)
_MOST_PODS = 110
_PODS = "pods"


@dataclass(frozen=True, slots=True)
class Room:
    """A node with the pods that hold room on it, all their requests together, and their host ports."""

    node: Json
    pods: list[Json]
    taken: Amounts
    ports: set[Any]
    allocatable: Json
    room: dict[str, Decimal | None]

    @classmethod
    def of(cls, node: Json, pods: list[Json]) -> "Room":
        pods = [pod for pod in pods if at(pod, "status", "phase") not in {"Succeeded", "Failed"}]
        taken: Amounts = {}
        for pod in pods:
            for name, amount in requests_of(section(pod, "spec")).items():
                taken[name] = taken.get(name, _NOTHING) + amount
        ports = {port for pod in pods for port in host_ports(section(pod, "spec"))}
        allocatable = section(node, "status", "allocatable")
        room = {name: quantity(value) for name, value in allocatable.items()}
        return cls(node, pods, taken, ports, allocatable, room)

    @property
    def name(self) -> str:
        return str(self.node["metadata"]["name"])

    @property
    def fullness(self) -> tuple[Decimal, int, str]:
        """By memory, then by pods; the name decides between equals."""
        memory = self.room.get("memory") or Decimal(1)
        return self.taken.get("memory", _NOTHING) / memory, len(self.pods), self.name

    def short_of(self, wanted: Amounts) -> str:
        """What there is too little of for these requests, "" when they fit."""
        most = self.room.get("pods", _MOST_PODS)
        if most is not None and len(self.pods) >= most:
            return "Too many pods"
        for name, amount in sorted(wanted.items()):
            room = self.room.get(name)
            if room is None:
                if self.allocatable and amount > 0:
                    return f"Insufficient {name}"
            elif amount > 0 and self.taken.get(name, _NOTHING) + amount > room:
                return f"Insufficient {name}"
        return ""


@dataclass
class Rooms:
    """The rooms as they were last seen, each with the number of changes it was worked out at."""

    _known: dict[str, tuple[int, Room]] = field(default_factory=dict[str, tuple[int, Room]])

    def of(self, store: Store, nodes: list[Json]) -> list[Room]:
        return [self._room(store, node) for node in nodes]

    def _room(self, store: Store, node: Json) -> Room:
        name = str(node["metadata"]["name"])
        changes = store.changes_of(_PODS, by_node, name)
        known = self._known.get(name)
        if known is None or known[0] != changes or known[1].node is not node:
            known = self._known[name] = (
                changes,
                Room.of(node, store.find(_PODS, by_node, name)),
            )
        return known[1]


def requests_of(spec: Json) -> Amounts:
    """What a pod reserves: its containers together, or its largest init container."""
    total: Amounts = {}
    for container in entries(spec, "containers"):
        for name, amount in _requested(container).items():
            total[name] = total.get(name, _NOTHING) + amount
    for container in entries(spec, "initContainers"):
        for name, amount in _requested(container).items():
            total[name] = max(total.get(name, _NOTHING), amount)
    return total


def _requested(container: Json) -> Amounts:
    resources = section(container, "resources")
    told = {**section(resources, "limits"), **section(resources, "requests")}
    return {name: amount for name, value in told.items() if (amount := quantity(value)) is not None}


def host_ports(spec: Json) -> set[Any]:
    return {
        (port.get("protocol") or "TCP", port["hostPort"])
        for container in entries(spec, "containers")
        for port in entries(container, "ports")
        if port.get("hostPort")
    }
