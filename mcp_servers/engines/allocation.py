"""Who a cluster's bill is for: workloads, what nobody used, and what belongs to all.

`workloads + idle + overhead == bill`, in every mode. The model is OpenCost's (its specification of
costs of Kubernetes): a pod takes the larger of what it asked for and what it used, a node's price is
divided by the base ratio of its parts, and idle is what a node has and nobody took.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

from mcp_servers.facts.kubernetes import Ref
from mcp_servers.facts.money import NOTHING, Amounts, Charge, NodeHours, Rates, Use

Split = Literal["separate", "proportional", "even"]
PARTS = ("cpu", "memory", "gpu")
# Of a node taken over more than this share of what it has, the pods share what it costs.
ROUNDING = 1e-9

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Share:
    """What one workload costs, by part. `unused` is the part asked for and not used, within `total`."""

    workload: Ref
    labels: Labels = ()
    cpu: Decimal = NOTHING
    memory: Decimal = NOTHING
    gpu: Decimal = NOTHING
    other: Decimal = NOTHING  # volumes, balancers, network
    shared: Decimal = NOTHING  # its part of idle and overhead, where these were divided
    unused: Decimal = NOTHING
    taken: Amounts = field(default_factory=Amounts)
    used: Amounts = field(default_factory=Amounts)

    @property
    def own(self) -> Decimal:
        return self.cpu + self.memory + self.gpu + self.other

    @property
    def total(self) -> Decimal:
        return self.own + self.shared


@dataclass(frozen=True, slots=True)
class Allocation:
    """`idle` and `overhead` are what was not divided. `crowded` nodes had more taken than they have.

    `unplaced` counts uses of no known node; they were spread over all nodes by what these have.
    `unpriced` are uses when no node at all was known: they are in no figure.
    """

    shares: tuple[Share, ...]
    idle: Decimal
    overhead: Decimal
    bill: Decimal
    crowded: tuple[str, ...] = ()
    unplaced: int = 0
    unpriced: int = 0


def node_rates(price: Decimal, has: Amounts, base: Rates) -> Rates:
    """The rates of a node with one price an hour: the base rates, scaled to add up to it."""
    parts = _priced(has, base)
    listed = sum(parts.values(), NOTHING)
    if not listed:
        return base
    scale = price / listed
    return Rates(base.cpu * scale, base.memory * scale, base.gpu * scale)


def allocate(
    nodes: Sequence[NodeHours],
    uses: Iterable[Use],
    charges: Iterable[Charge] = (),
    overhead: Decimal = NOTHING,
    *,
    idle: Split = "separate",
    shared: frozenset[str] = frozenset(),
) -> Allocation:
    """Divide what nodes, charges and `overhead` cost among the workloads, the costliest first.

    `idle` says how idle, overhead and the namespaces in `shared` are divided: not at all, by what
    a workload costs, or evenly by namespace. Nothing is ever negative: where pods took more than a
    node has, they share its price by what they took, and its idle is 0.
    """
    placed, unplaced, unpriced = _placed(nodes, uses)
    scales = _scales(nodes, placed)
    found = _shares(nodes, placed, scales)
    for charge in charges:
        old = found.get(charge.owner, Share(charge.owner, charge.labels))
        found[charge.owner] = replace(old, other=old.other + charge.cost)
    price = sum((_cost(one) for one in nodes), NOTHING)
    others = sum((one.other for one in found.values()), NOTHING)
    bill = price + others + overhead
    left = price - sum((one.own - one.other for one in found.values()), NOTHING)
    whole = Allocation(
        shares=tuple(found.values()),
        idle=max(left, NOTHING),
        overhead=overhead,
        bill=bill,
        crowded=tuple(sorted({name for (name, _), scale in scales.items() if scale < 1})),
        unplaced=unplaced,
        unpriced=unpriced,
    )
    return divided(whole, idle, shared)


def divided(whole: Allocation, idle: Split, shared: frozenset[str] = frozenset()) -> Allocation:
    """The same bill with its idle, overhead and shared namespaces divided, the costliest first."""
    return _ordered(whole if idle == "separate" else _divided(whole, idle, shared))


def _placed(nodes: Sequence[NodeHours], uses: Iterable[Use]) -> tuple[list[Use], int, int]:
    """Every use on a known node; what was on none of them is spread by what the nodes have."""
    known = {one.name for one in nodes}
    placed: list[Use] = []
    unplaced = unpriced = 0
    for use in uses:
        if use.node in known:
            placed.append(use)
        elif nodes:
            unplaced += 1
            placed.extend(_spread(use, nodes))
        else:
            unpriced += 1
    return placed, unplaced, unpriced


def _spread(use: Use, nodes: Sequence[NodeHours]) -> Iterable[Use]:
    total = Amounts()
    for node in nodes:
        total += node.has.times(node.hours)
    for node in nodes:
        own = node.has.times(node.hours)
        part = [_ratio(getattr(own, one), getattr(total, one)) for one in PARTS]
        yield replace(
            use, node=node.name, taken=_parts(use.taken, part), used=_parts(use.used, part)
        )


def _parts(amounts: Amounts, part: Sequence[float]) -> Amounts:
    return Amounts(amounts.cpu * part[0], amounts.memory * part[1], amounts.gpu * part[2])


def _ratio(one: float, of: float) -> float:
    return one / of if of else 0.0


def _scales(nodes: Sequence[NodeHours], uses: Iterable[Use]) -> dict[tuple[str, str], Decimal]:
    """By what the takings of a node's part are cut, so that they are not more than it has."""
    taken: dict[str, Amounts] = {one.name: Amounts() for one in nodes}
    for use in uses:
        taken[use.node] += use.taken
    scales: dict[tuple[str, str], Decimal] = {}
    for node in nodes:
        has = node.has.times(node.hours)
        for part in PARTS:
            took, most = getattr(taken[node.name], part), getattr(has, part)
            over = took > most * (1 + ROUNDING)
            scales[node.name, part] = Decimal(most) / Decimal(took) if over else Decimal(1)
    return scales


def _shares(
    nodes: Sequence[NodeHours], uses: Iterable[Use], scales: Mapping[tuple[str, str], Decimal]
) -> dict[Ref, Share]:
    rates = {one.name: one.rates for one in nodes}
    found: dict[Ref, Share] = {}
    for use in uses:
        scaled = {part: scales[use.node, part] for part in PARTS}
        cost = {
            part: value * scaled[part]
            for part, value in _priced(use.taken, rates[use.node]).items()
        }
        unused = _priced(_beyond(use), rates[use.node])
        old = found.get(use.workload) or Share(use.workload, use.labels)
        found[use.workload] = replace(
            old,
            cpu=old.cpu + cost["cpu"],
            memory=old.memory + cost["memory"],
            gpu=old.gpu + cost["gpu"],
            unused=old.unused + sum((unused[one] * scaled[one] for one in PARTS), NOTHING),
            taken=old.taken + use.taken,
            used=old.used + use.used,
        )
    return found


def _beyond(use: Use) -> Amounts:
    """What was taken and not used."""
    taken, used = use.taken, use.used
    return Amounts(
        max(taken.cpu - used.cpu, 0.0),
        max(taken.memory - used.memory, 0.0),
        max(taken.gpu - used.gpu, 0.0),
    )


def _priced(amounts: Amounts, rates: Rates) -> dict[str, Decimal]:
    return {
        "cpu": Decimal(amounts.cpu) * rates.cpu,
        "memory": Decimal(amounts.memory) * rates.memory,
        "gpu": Decimal(amounts.gpu) * rates.gpu,
    }


def _cost(node: NodeHours) -> Decimal:
    return sum(_priced(node.has.times(node.hours), node.rates).values(), NOTHING)


def _divided(whole: Allocation, idle: Split, shared: frozenset[str]) -> Allocation:
    """Idle, overhead and the shared namespaces, given to the others; nobody else: as it was."""
    tenants = [one for one in whole.shares if one.workload.namespace not in shared]
    pot = whole.idle + whole.overhead
    pot += sum((one.own for one in whole.shares if one.workload.namespace in shared), NOTHING)
    weights = _weights(tenants, idle)
    total = sum(weights, NOTHING)
    if not total:
        return whole
    given = [pot * weight / total for weight in weights]
    told = tuple(replace(one, shared=part) for one, part in zip(tenants, given, strict=True))
    return replace(whole, shares=told, idle=NOTHING, overhead=NOTHING)


def _weights(tenants: Sequence[Share], idle: Split) -> list[Decimal]:
    """By cost; or the same for each namespace, by cost within it."""
    if idle == "proportional":
        return [one.own for one in tenants]
    homes: dict[str, Decimal] = {}
    for one in tenants:
        homes[one.workload.namespace] = homes.get(one.workload.namespace, NOTHING) + one.own
    return [one.own / homes[one.workload.namespace] if one.own else NOTHING for one in tenants]


def _ordered(whole: Allocation) -> Allocation:
    shares = sorted(whole.shares, key=lambda one: (-one.total, one.workload))
    return replace(whole, shares=tuple(shares))
