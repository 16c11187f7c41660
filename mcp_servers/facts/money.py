"""Amounts, prices and what they add up to. Money is Decimal, in the currency of the price book."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from mcp_servers.facts.kubernetes import Ref

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Amounts:
    """Core-hours, GiB-hours (2**30 bytes) and GPU-hours; or, for a machine, cores, GiB and GPUs."""

    cpu: float = 0.0
    memory: float = 0.0
    gpu: float = 0.0

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(self.cpu + other.cpu, self.memory + other.memory, self.gpu + other.gpu)

    def times(self, factor: float) -> "Amounts":
        return Amounts(self.cpu * factor, self.memory * factor, self.gpu * factor)


@dataclass(frozen=True, slots=True)
class Rates:
    """What a core-hour, a GiB-hour and a GPU-hour cost."""

    cpu: Decimal
    memory: Decimal
    gpu: Decimal = NOTHING


@dataclass(frozen=True, slots=True)
class NodeHours:
    """A node over the time it was seen: what it has, for how many hours, and what those cost."""

    name: str
    has: Amounts
    hours: float
    rates: Rates


@dataclass(frozen=True, slots=True)
class Use:
    """What one pod took of a node: per hour the larger of asked for and used, summed over hours.

    `node` "" is a pod nobody can place any more. `used` is what it really used, for efficiency.
    """

    workload: Ref
    node: str
    taken: Amounts
    used: Amounts
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Charge:
    """What costs by itself: a volume, a load balancer. `what` is storage | load_balancer | network."""

    what: str
    owner: Ref
    cost: Decimal
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Allocated:
    """What somebody else worked out for one pod; `workload` None is idle. `hours` it was there."""

    workload: Ref | None
    labels: tuple[tuple[str, str], ...]
    cpu: Decimal
    memory: Decimal
    gpu: Decimal
    other: Decimal
    unused: Decimal
    taken: Amounts
    hours: float


@dataclass(frozen=True, slots=True)
class PriceBook:
    """Prices that hold from a day on. `nodes` are prices a node-hour by instance type.

    `per_unit` are the dated rates of other currencies: how much of them one unit of `currency` is.
    `unpriced`: of gpu_hour, storage_gib_hour and load_balancer_hour those that it does not give, which
    is not the same as a price of 0.
    """

    name: str
    valid_from: date
    currency: str
    rates: Rates
    storage_gib_hour: Decimal = NOTHING
    load_balancer_hour: Decimal = NOTHING
    cluster_hour: Decimal = NOTHING
    nodes: dict[str, Decimal] = field(default_factory=dict[str, Decimal])
    per_unit: dict[str, tuple[tuple[date, Decimal], ...]] = field(
        default_factory=dict[str, tuple[tuple[date, Decimal], ...]]
    )
    unpriced: frozenset[str] = frozenset()
