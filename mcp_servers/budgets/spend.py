"""budgets_spend: who the bill is for, over a window, with what was idle and what is missing."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Invalid, NotFound
from core.principal import Principal
from mcp_servers.access import span_of
from mcp_servers.backends.billing import Billing
from mcp_servers.backends.opencost import OpenCost
from mcp_servers.backends.sentences import SENTENCES, instead
from mcp_servers.budgets.gathering import HOUR, Gathered, Purse, gather
from mcp_servers.budgets.opencost_bill import SOURCE, allocated
from mcp_servers.budgets.texts import Language, Note
from mcp_servers.engines.allocation import Allocation, Share, allocate, divided
from mcp_servers.engines.currencies import rate_of
from mcp_servers.facts.money import NOTHING, PriceBook
from mcp_servers.paging import Page, Sort

Namespace = Annotated[str, Field(max_length=63, pattern=r"^[a-z0-9-]*$")]
Window = Annotated[str, Field(max_length=20, description="ISO 8601, at least PT1H.")]
Until = Annotated[
    str,
    Field(
        pattern=r"^(\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|\+00:00))?$",
        description="UTC moment the window ends, as 2026-11-30T00:00Z; empty: now.",
    ),
]
By = Annotated[
    str,
    Field(
        max_length=320,
        pattern=r"^(namespace|workload|label:[A-Za-z0-9._/-]+)$",
        description="namespace | workload | label:KEY, as label:team.",
    ),
]
Idle = Annotated[
    Literal["separate", "proportional", "even"],
    Field(description="How idle and overhead are divided."),
]
Shared = Annotated[
    list[str], Field(max_length=50, description="Namespaces whose cost the others share.")
]
Currency = Annotated[str, Field(pattern=r"^([A-Z]{3})?$", description="As CNY; empty: the book's.")]
Cursor = Annotated[str, Field(max_length=400)]

LONGEST = timedelta(days=31)
ROWS = 50
# A label that a workload does not carry.
UNLABELLED = "(none)"


class SpendRow(BaseModel):
    name: str = Field(description="Namespace, Kind namespace/name, or value of the label.")
    namespace: str = ""
    cost: float
    cpu_cost: float
    memory_cost: float
    gpu_cost: float
    other_cost: float = Field(description="Volumes and load balancers.")
    shared_cost: float = Field(description="Its part of idle and overhead, where divided.")
    unused_cost: float = Field(description="Asked for and not used; within cost.")
    share: float = Field(description="Of the bill, 0 to 1.")
    cpu_core_hours: float
    memory_gib_hours: float

    def as_line(self, currency: str) -> str:
        parts = f"cpu {self.cpu_cost:.2f} memory {self.memory_cost:.2f}"
        more = f" other {self.other_cost:.2f}" if self.other_cost else ""
        more += f" shared {self.shared_cost:.2f}" if self.shared_cost else ""
        unused = f", unused {self.unused_cost:.2f}" if self.unused_cost else ""
        return f"{self.name}: {money(self.cost)} {currency} ({parts}{more}){unused}"


class Coverage(BaseModel):
    hours_seen: int
    hours: int
    share: float = Field(description="Hours with measurements of all hours, 0 to 1.")
    unmeasured_containers: int
    price_source: str
    prices_from: str


class Spend(Page[SpendRow]):
    sorts_by = (
        *("name", "namespace", "cost", "cpu_cost", "memory_cost", "gpu_cost", "other_cost"),
        *("shared_cost", "unused_cost", "share", "cpu_core_hours", "memory_gib_hours"),
    )

    verdict: Literal["ok", "insufficient_data"]
    currency: str
    start: datetime
    end: datetime
    by: str
    namespace: str = ""
    cost: float = Field(description="Of all rows, all pages.")
    bill: float | None = Field(description="Workloads + idle + overhead; null: not yours to see.")
    idle: float | None
    overhead: float | None
    coverage: Coverage
    notes: list[Note]

    def as_text(self) -> str:
        place = f" of {self.namespace}" if self.namespace else ""
        heading = (
            f"spend{place} by {self.by}: {money(self.cost)} {self.currency} "
            f"from {self.start:%m-%d %H:%M}Z to {self.end:%m-%d %H:%M}Z, {self.shown}"
        )
        whole = (
            [f"bill {money(self.bill)}, idle {money(self.idle or 0)}, overhead {self.overhead:.2f}"]
            if self.bill is not None
            else []
        )
        notes = [f"note: {one.text}" for one in self.notes]
        return self.told(
            heading, [*whole, *(row.as_line(self.currency) for row in self.rows), *notes]
        )


@dataclass(frozen=True)
class Bill:
    """A divided bill, and how to tell it in another currency."""

    gathered: Gathered
    allocation: Allocation
    currency: str
    rate: Decimal

    def told(self, amount: Decimal) -> float:
        return round(float(amount * self.rate), 6)


async def budgets_spend(
    namespace: Namespace = "",
    window: Window = "P1D",
    until: Until = "",
    by: By = "namespace",
    idle: Idle = "separate",
    shared: Shared | None = None,
    currency: Currency = "",
    language: Language = "en",
    cursor: Cursor = "",
    sort: Sort = "",
    *,
    purse: Purse,
    caller: Principal,
) -> Spend:
    """What namespaces, workloads or teams cost, with idle, overhead and coverage.

    By label:team for teams. For what to save use budgets_savings.
    """
    end = ended(until)
    start = end - window_of(window)
    bill = await billed(purse, start, end, currency, idle, frozenset(shared or ()))
    visible = [one for one in bill.allocation.shares if caller.sees(one.workload.namespace)]
    chosen = [one for one in visible if not namespace or one.workload.namespace == namespace]
    if namespace and not chosen and bill.gathered.seen:
        known = {one.workload.namespace for one in visible} - {""}
        raise SENTENCES.error(
            NotFound, "cost_nothing", namespace=namespace, hint=instead(namespace, known)
        )
    rows = _rows(bill, chosen, by)
    whole = caller.namespaces is None
    return Spend.of(
        rows,
        cursor=cursor,
        size=ROWS,
        sort=sort,
        verdict="ok" if bill.gathered.seen else "insufficient_data",
        currency=bill.currency,
        start=start,
        end=end,
        by=by,
        namespace=namespace,
        cost=bill.told(sum((one.total for one in chosen), NOTHING)),
        bill=bill.told(bill.allocation.bill) if whole else None,
        idle=bill.told(bill.allocation.idle) if whole else None,
        overhead=bill.told(bill.allocation.overhead) if whole else None,
        coverage=coverage_of(bill.gathered),
        notes=[*notes_of(bill, language), *_about_labels(chosen, by, language)],
    )


def ended(until: str) -> datetime:
    """The moment that is named, and now where none is or it is still to come."""
    return min(datetime.fromisoformat(until), utc_now()) if until else utc_now()


async def billed(
    purse: Purse,
    start: datetime,
    end: datetime,
    currency: str = "",
    idle: Idle = "separate",
    shared: frozenset[str] = frozenset(),
) -> Bill:
    """The bill between two moments, divided. Raises `Invalid` for a currency without a rate."""
    if purse.opencost:
        return await _of_opencost(purse, purse.opencost, start, end, currency, idle, shared)
    code, rate = exchanged(purse.billing, currency, on=end)
    gathered = await gather(purse, start, end)
    allocation = allocate(
        gathered.nodes,
        gathered.uses,
        gathered.charges,
        gathered.overhead,
        idle=idle,
        shared=shared,
    )
    return Bill(gathered, allocation, code, rate)


async def _of_opencost(
    purse: Purse,
    source: OpenCost,
    start: datetime,
    end: datetime,
    currency: str,
    idle: Idle,
    shared: frozenset[str],
) -> Bill:
    """The same from another's figures: one source for a bill, never two."""
    code, rate = currency or source.currency, Decimal(1)
    if code != source.currency:
        wanted, base = exchanged(purse.billing, code, on=end)
        rate = base / exchanged(purse.billing, source.currency, on=end)[1]
        code = wanted
    gathered, whole = allocated(await source.allocated(start, end), source.currency, start, end)
    return Bill(gathered, divided(whole, idle, shared), code, rate)


def exchanged(billing: Billing, currency: str, *, on: datetime) -> tuple[str, Decimal]:
    """The currency to tell in and its rate. Raises `Invalid` when nobody gave a rate for it."""
    book: PriceBook = billing.prices(on.date())
    code = currency or book.currency
    rate = rate_of(book, code, on.date())
    if rate is None:
        known = ", ".join(sorted({book.currency, *book.per_unit}))
        facts = {"base": book.currency, "code": code, "day": str(on.date()), "known": known}
        raise SENTENCES.error(Invalid, "no_rate", **facts)
    return code, rate


def window_of(window: str, longest: timedelta = LONGEST) -> timedelta:
    span = span_of(window)
    if not HOUR <= span <= longest:
        raise SENTENCES.error(Invalid, "window_from_hour", days=longest.days)
    return span


def _rows(bill: Bill, shares: Iterable[Share], by: str) -> list[SpendRow]:
    groups: dict[str, list[Share]] = {}
    naming = _naming(by)
    for one in shares:
        groups.setdefault(naming(one), []).append(one)
    rows = [_row(bill, name, members) for name, members in groups.items()]
    return sorted(rows, key=lambda row: (-row.cost, row.name))


def _naming(by: str) -> Callable[[Share], str]:
    if by == "workload":
        return lambda one: str(one.workload)
    if by == "namespace":
        return lambda one: one.workload.namespace or UNLABELLED
    label = by.removeprefix("label:")
    return lambda one: dict(one.labels).get(label, UNLABELLED)


def _row(bill: Bill, name: str, members: Sequence[Share]) -> SpendRow:
    def of(amounts: Iterable[Decimal]) -> float:
        return bill.told(sum(amounts, NOTHING))

    total = sum((one.total for one in members), NOTHING)
    homes = {one.workload.namespace for one in members}
    return SpendRow(
        name=name,
        namespace=homes.pop() if len(homes) == 1 else "",
        cost=bill.told(total),
        cpu_cost=of(one.cpu for one in members),
        memory_cost=of(one.memory for one in members),
        gpu_cost=of(one.gpu for one in members),
        other_cost=of(one.other for one in members),
        shared_cost=of(one.shared for one in members),
        unused_cost=of(one.unused for one in members),
        share=round(float(total / bill.allocation.bill), 4) if bill.allocation.bill else 0.0,
        cpu_core_hours=round(sum(one.taken.cpu for one in members), 4),
        memory_gib_hours=round(sum(one.taken.memory for one in members), 4),
    )


def coverage_of(gathered: Gathered) -> Coverage:
    seen = len(gathered.seen)
    return Coverage(
        hours_seen=seen,
        hours=gathered.hours,
        share=round(min(seen / max(gathered.hours, 1), 1.0), 4),
        unmeasured_containers=gathered.unmeasured,
        price_source=gathered.prices.name,
        prices_from=gathered.prices.valid_from.isoformat(),
    )


def notes_of(bill: Bill, language: str) -> list[Note]:
    """What a reader must know before believing the figures."""
    gathered, found = bill.gathered, bill.allocation
    if not gathered.seen:
        return [Note.of("spend.no_data", language)]
    facts = {"seen": len(gathered.seen), "hours": gathered.hours}
    crowded = ", ".join(found.crowded[:5])
    told: list[tuple[str, bool, dict[str, object]]] = [
        ("partial", len(gathered.seen) < gathered.hours, dict(facts)),
        ("unmeasured", gathered.unmeasured > 0, {"count": gathered.unmeasured}),
        ("unasked", gathered.unasked > 0, {"count": gathered.unasked}),
        ("unplaced", found.unplaced > 0, {"count": found.unplaced}),
        ("unpriced", found.unpriced > 0, {"count": found.unpriced}),
        ("crowded", bool(crowded), {"nodes": crowded}),
        ("opencost", gathered.prices.name == SOURCE, {}),
        ("no_idle", not found.idle and _was_divided(found), {}),
        ("all_taken", not found.idle and not _was_divided(found), {}),
        (
            "list_prices",
            gathered.prices.name == "OpenCost defaults",
            {"name": gathered.prices.name},
        ),
    ]
    notes = [Note.of(f"spend.{code}", language, **params) for code, due, params in told if due]
    notes += [
        Note.of(f"spend.no_{name}", language, count=count)
        for name, count in gathered.unpriced.items()
    ]
    return notes + [
        Note.of("spend.missed", language, what=one.what, why=one.why) for one in gathered.missed
    ]


def _was_divided(found: Allocation) -> bool:
    return any(one.shared for one in found.shares)


def _about_labels(shares: Sequence[Share], by: str, language: str) -> list[Note]:
    label = by.removeprefix("label:")
    if label == by or any(label in dict(one.labels) for one in shares):
        return []
    return [Note.of("spend.no_label", language, label=label)]


def money(amount: float) -> str:
    """Cents, and more digits where an amount is smaller than a few of them."""
    return f"{amount:.2f}" if abs(amount) >= 0.1 or not amount else f"{amount:.4f}"
