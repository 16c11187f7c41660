"""budgets_what_if: what other replicas of a workload would cost, and whether the nodes have room."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Invalid, NotFound
from core.principal import Principal
from mcp_servers.budgets.gathering import INSTANCE_TYPE, Purse, amounts_of
from mcp_servers.budgets.sentences import SENTENCES
from mcp_servers.budgets.spend import Bill, Currency, Namespace, billed, money
from mcp_servers.budgets.texts import Language, Note
from mcp_servers.engines.fields import rows, section, text
from mcp_servers.engines.spare_room import Fit, fit
from mcp_servers.facts.kubernetes import Resource
from mcp_servers.facts.money import NOTHING, Amounts, PriceBook
from mcp_servers.sentences import near

KINDS = ("Deployment", "StatefulSet")
# A month as clouds count it, and what a month is foretold from.
HOURS_A_MONTH, LATELY = 730, timedelta(days=1)
MOST_REPLICAS = 10_000


class WhatIf(BaseModel):
    kind: str
    namespace: str
    name: str
    replicas: int
    replicas_then: int
    currency: str
    monthly: float = Field(description="What it takes now, by its last day, for a month.")
    monthly_then: float
    fitting: int = Field(description="Of the pods that would come, so many have room now.")
    nodes_needed: int | None = Field(description="null: no node is large enough for one pod.")
    bill_difference: float | None = Field(description="Of the bill a month: nodes, not shares.")
    hours_seen: int
    notes: list[Note]

    def as_text(self) -> str:
        told = [f"note: {one.text}" for one in self.notes]
        head = (
            f"{self.kind} {self.namespace}/{self.name} from {self.replicas} to "
            f"{self.replicas_then} replicas: {money(self.monthly)} -> {money(self.monthly_then)} "
            f"{self.currency} a month; {self.fitting} fit, nodes needed: {self.nodes_needed}"
        )
        return "\n".join([head, *told])


async def budgets_what_if(
    name: Annotated[str, Field(min_length=1, max_length=253)],
    namespace: Namespace = "",
    replicas: Annotated[int, Field(ge=0, le=MOST_REPLICAS, description="Or give times.")] = 0,
    times: Annotated[float, Field(ge=0, le=100, description="2 doubles; 0: by replicas.")] = 0,
    more: Annotated[int, Field(ge=0, le=MOST_REPLICAS, description="So many in addition.")] = 0,
    currency: Currency = "",
    language: Language = "en",
    *,
    purse: Purse,
    caller: Principal,
) -> WhatIf:
    """What other replicas of a workload would cost a month, and whether its nodes have room.

    Nothing is changed; to scale use autofix.
    """
    if sum(map(bool, (replicas, times, more))) != 1:
        raise SENTENCES.error(Invalid, "how_many")
    end = utc_now()
    found = await _workload(purse, caller, namespace, name)
    bill = await billed(purse, end - LATELY, end, currency)
    now = int(found.spec.get("replicas", 1))
    then = replicas or (now + more if more else max(round(now * times), 1))
    monthly = _monthly(bill, found)
    room = await _room(purse, found, max(then - now, 0))
    return WhatIf(
        kind=found.kind,
        namespace=found.namespace,
        name=found.name,
        replicas=now,
        replicas_then=then,
        currency=bill.currency,
        monthly=bill.told(monthly),
        monthly_then=bill.told(monthly * then / now) if now else 0.0,
        fitting=room.fit.fitting,
        nodes_needed=room.fit.nodes,
        bill_difference=None
        if room.fit.nodes is None
        else bill.told(room.node_price * HOURS_A_MONTH * room.fit.nodes),
        hours_seen=len(bill.gathered.seen),
        notes=_notes(found, bill, room.fit, then - now, language),
    )


async def _workload(purse: Purse, caller: Principal, namespace: str, name: str) -> Resource:
    seen = purse.kubernetes.seen_by(caller)
    lists = await asyncio.gather(*(seen.list(kind, namespace=namespace) for kind in KINDS))
    every = [one for part in lists for one in part]
    found = [one for one in every if one.name == name]
    if not found:
        hint = near(name, [one.name for one in every]) or SENTENCES.said("name_a_workload")
        raise SENTENCES.error(NotFound, "no_workload", name=name, hint=hint)
    if len(found) > 1:
        places = ", ".join(sorted(one.namespace for one in found))
        raise SENTENCES.error(Invalid, "several_workloads", name=name, places=places)
    return found[0]


def _monthly(bill: Bill, found: Resource) -> Decimal:
    """What its pods take; volumes and balancers do not come with replicas of a Deployment."""
    own = [one for one in bill.allocation.shares if one.workload == found.ref]
    hours = len(bill.gathered.seen)
    took = sum((one.cpu + one.memory + one.gpu for one in own), NOTHING)
    return took / hours * HOURS_A_MONTH if hours else NOTHING


@dataclass(frozen=True)
class _Room:
    fit: Fit
    node_price: Decimal


async def _room(purse: Purse, found: Resource, coming: int) -> _Room:
    nodes, pods = await asyncio.gather(purse.kubernetes.list("Node"), purse.kubernetes.list("Pod"))
    usable = [one for one in nodes if not one.spec.get("unschedulable") and not _kept_free(one)]
    whole = [amounts_of(section(one.status, "allocatable")) for one in usable]
    left = [
        _left(room, [_asked(pod) for pod in pods if _runs_on(pod, node)])
        for room, node in zip(whole, usable, strict=True)
    ]
    one = _asked_by(rows(found.spec, "template", "spec", "containers"))
    prices = purse.billing.prices(utc_now().date())
    return _Room(
        fit(left, whole, one, coming), max((_price(n, prices) for n in usable), default=NOTHING)
    )


def _kept_free(node: Resource) -> bool:
    return any(
        one.get("effect") in ("NoSchedule", "NoExecute") for one in rows(node.spec, "taints")
    )


def _runs_on(pod: Resource, node: Resource) -> bool:
    over = text(pod.status, "phase") in ("Succeeded", "Failed")
    return text(pod.spec, "nodeName") == node.name and not over


def _asked(pod: Resource) -> Amounts:
    return _asked_by(rows(pod.spec, "containers"))


def _asked_by(containers: Sequence[dict[str, object]]) -> Amounts:
    total = Amounts()
    for one in containers:
        total += amounts_of(section(section(one, "resources"), "requests"))
    return total


def _left(room: Amounts, taken: Sequence[Amounts]) -> Amounts:
    for one in taken:
        room += one.times(-1)
    return room


def _price(node: Resource, prices: PriceBook) -> Decimal:
    """Of a node-hour."""
    has = amounts_of(section(node.status, "capacity"))
    told = prices.nodes.get(node.labels.get(INSTANCE_TYPE, ""))
    if told is not None:
        return told
    return Decimal(has.cpu) * prices.rates.cpu + Decimal(has.memory) * prices.rates.memory


def _notes(found: Resource, bill: Bill, room: Fit, more: int, language: str) -> list[Note]:
    due: list[tuple[str, bool, dict[str, object]]] = [
        ("no_data", not bill.gathered.seen, {}),
        ("fits", more > 0 and room.nodes == 0, {"count": more}),
        ("nodes", bool(room.nodes), {"count": room.nodes, "fitting": room.fitting}),
        ("too_large", room.nodes is None, {"name": found.name}),
        ("fewer", more < 0, {}),
        ("list_prices", bill.gathered.prices.name == "OpenCost defaults", {}),
    ]
    return [Note.of(f"what_if.{key}", language, **facts) for key, is_due, facts in due if is_due]
