"""What namespaces, or the values of a label, cost by workload and day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from core.storage.budget_records import ShareRow
from mcp_servers.budgets.spend import UNLABELLED
from mcp_servers.engines.cost_causes import Part


@dataclass
class Scope:
    """What a namespace or a label's value cost, by workload and day."""

    name: str
    parts: dict[str, dict[date, Part]] = field(default_factory=dict[str, dict[date, Part]])

    def cost(self, day: date) -> float:
        return sum(own[day].cost for own in self.parts.values() if day in own)


def scopes_of(
    shares: Sequence[ShareRow], by: str, factors: Mapping[date, float]
) -> dict[str, Scope]:
    """By "namespace" or "label:KEY". `factors` turn a day's costs into one currency."""
    key = by.removeprefix("label:")
    found: dict[str, Scope] = {}
    for share in shares:
        if by == "namespace":
            name = share.namespace or share.workload  # idle and overhead are of no namespace
        else:
            name = f"{key}={share.labels.get(key, UNLABELLED)}"
        _put(found.setdefault(name, Scope(name)), share, factors[share.day])
    return found


def _put(scope: Scope, share: ShareRow, factor: float) -> None:
    told = share.parts
    own = scope.parts.setdefault(share.workload, {})
    before = own.get(share.day, Part())
    own[share.day] = Part(
        before.cost + float(share.cost) * factor,
        before.cpu_cost + told.get("cpu_cost", 0.0) * factor,
        before.memory_cost + told.get("memory_cost", 0.0) * factor,
        before.cpu_core_hours + told.get("cpu_core_hours", 0.0),
        before.memory_gib_hours + told.get("memory_gib_hours", 0.0),
    )


def everything(shares: Sequence[ShareRow], factors: Mapping[date, float]) -> Scope:
    found = Scope("")
    for share in shares:
        _put(found, share, factors[share.day])
    return found
