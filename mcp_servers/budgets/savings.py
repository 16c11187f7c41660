"""budgets_savings: what workloads could ask for instead, what costs unused, and the money a month."""

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Invalid, OpsError
from core.principal import Principal
from mcp_servers.backends.sentences import SENTENCES
from mcp_servers.budgets.gathering import BY, MEMORY, RUNNING, Purse
from mcp_servers.budgets.spend import Currency, Cursor, Namespace, exchanged, money
from mcp_servers.budgets.texts import Language, Note
from mcp_servers.budgets.unused import unused_in
from mcp_servers.engines.fields import rows, section, text, words
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.quantities import as_bytes, as_cores, quantity
from mcp_servers.engines.rightsizing import Seen, Sized, sized
from mcp_servers.engines.unclaimed import Unclaimed
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource
from mcp_servers.facts.metrics import Series
from mcp_servers.facts.money import PriceBook, Rates
from mcp_servers.paging import Page, Sort

# A month as clouds count it.
HOURS_A_MONTH = 730
GIB = 2.0**30
ROWS = 25
OBJECTS = ("Pod", "ReplicaSet", "Job", "HorizontalPodAutoscaler")
RATE = f"rate(container_cpu_usage_seconds_total{{{RUNNING}}}[10m])"
# Half an hour apart is close enough for a percentile of two weeks, and what a server still answers.
QUERIES = {
    "hours": f"{BY} (count_over_time({MEMORY}[14d:5m])) / 12",
    "memory": f"{BY} (max_over_time({MEMORY}[14d]))",
    "cpu": f"{BY} (quantile_over_time(0.95, ({RATE})[14d:30m]))",
}
HEAP = re.compile(r"-Xmx(\d+)([kKmMgG])")
HEAP_UNITS = {"k": 2**10, "m": 2**20, "g": 2**30}

What = Annotated[
    Literal["", "requests", "volumes", "balancers"], Field(description="Only these; empty: all.")
]
OF_WHAT = {
    "requests": ("requests",),
    "volumes": ("unclaimed_volume", "unmounted_claim"),
    "balancers": ("idle_balancer",),
}

# What autofix right-sizes.
CHANGEABLE = ("Deployment", "StatefulSet", "DaemonSet")

Measured = Mapping[str, Mapping[tuple[str, str, str], float]]


class Fix(BaseModel):
    """What autofix_plan takes. It looks for itself: its step is three tenths down at most."""

    change: Literal["rightsize"] = "rightsize"
    kind: str
    namespace: str
    name: str


class Saving(BaseModel):
    kind: str
    namespace: str
    name: str
    container: str = ""
    what: Literal["requests", "unclaimed_volume", "unmounted_claim", "idle_balancer"] = "requests"
    pods: int = 0
    monthly: float | None = Field(
        description="Saved a month; negative: it should ask for more; null: the book has no price of it."
    )
    cpu_request: str = Field(default="", description="Now; empty: unset.")
    cpu_recommended: str = Field(default="", description="Empty: leave it.")
    memory_request: str = ""
    memory_recommended: str = ""
    size_gib: float = Field(default=0.0, description="Of a volume.")
    created_at: datetime | None = Field(default=None, description="Of a volume or balancer.")
    unused_since: datetime | None = Field(default=None, description="null: not known.")
    confidence: Literal["low", "medium", "high"]
    history_hours: float = Field(description="How long its use, or disuse, is known.")
    fix: Fix | None = Field(
        default=None, description="Give it to autofix_plan; null: too little is known to change it."
    )
    reasons: list[Note]

    def as_line(self, currency: str) -> str:
        if self.what != "requests":
            told = " ".join(one.text for one in self.reasons)
            place = f"{self.namespace}/{self.name}" if self.namespace else self.name
            return (
                f"{self.what} {self.kind} {place}: {_worth(self.monthly, currency)}, "
                f"confidence {self.confidence}: {told}"
            )
        cpu = f" cpu {self.cpu_request or 'unset'} -> {self.cpu_recommended}"
        memory = f" memory {self.memory_request or 'unset'} -> {self.memory_recommended}"
        told = (cpu if self.cpu_recommended else "") + (memory if self.memory_recommended else "")
        return (
            f"{self.kind} {self.namespace}/{self.name} {self.container}:{told}, "
            f"{_worth(self.monthly, currency)}, confidence {self.confidence}"
        )


def _worth(monthly: float | None, currency: str) -> str:
    return "unpriced" if monthly is None else f"{money(monthly)} {currency} a month"


class Savings(Page[Saving]):
    sorts_by = (
        *("kind", "namespace", "name", "container", "what", "pods", "monthly", "size_gib"),
        *("created_at", "unused_since", "confidence", "history_hours"),
    )

    verdict: Literal["ok", "insufficient_data"]
    currency: str
    monthly: float = Field(description="Of all rows that save, all pages.")
    price_source: str
    examined: int = Field(description="Containers of workloads that were looked at.")
    too_short: int = Field(description="Of them, with too little history to say anything.")
    notes: list[Note]

    def as_text(self) -> str:
        heading = (
            f"{self.verdict}: {money(self.monthly)} {self.currency} a month to save, "
            f"{self.examined} containers examined, {self.shown}"
        )
        notes = [f"note: {one.text}" for one in self.notes]
        return self.told(heading, [*(row.as_line(self.currency) for row in self.rows), *notes])


async def budgets_savings(
    namespace: Namespace = "",
    what: What = "",
    currency: Currency = "",
    language: Language = "en",
    cursor: Cursor = "",
    sort: Sort = "",
    *,
    purse: Purse,
    caller: Principal,
) -> Savings:
    """What workloads could request instead by 14 days of usage, volumes nobody claims or mounts,
    and balancers that lead nowhere, with the money a month.

    For what is asked for and not used now use budgets_spend.
    """
    if not purse.prometheus.configured:
        raise SENTENCES.error(Invalid, "savings_need_prometheus")
    now = utc_now()
    code, rate = exchanged(purse.billing, currency, on=now)
    book = purse.billing.prices(now.date())
    cluster, measured, unused = await asyncio.gather(
        _objects(purse, caller, namespace, now),
        _measured(purse),
        unused_in(purse, caller, namespace, now),
    )
    advice = [sized(one) for one in _seen(cluster, measured)]
    found = [
        _row(one, book.rates, rate, language)
        for one in advice
        if one.cpu is not None or one.memory is not None
    ]
    found += [_unused_row(one, book, rate, language, now) for one in unused.found]
    found = [one for one in found if not what or one.what in OF_WHAT[what]]
    found.sort(key=lambda row: (-(row.monthly or 0), row.namespace, row.name, row.container))
    short = sum(one.cpu is None and one.memory is None and "short" in one.why for one in advice)
    return Savings.of(
        found,
        cursor=cursor,
        size=ROWS,
        sort=sort,
        verdict="ok" if found or len(advice) > short else "insufficient_data",
        currency=code,
        monthly=round(sum(row.monthly for row in found if row.monthly and row.monthly > 0), 4),
        price_source=book.name,
        examined=len(advice),
        too_short=short,
        notes=[
            *([Note.of("savings.nodes", language)] if what in ("", "requests") else []),
            *unused.notes(language),
            *_about_prices(book, found, language),
        ],
    )


def _about_prices(book: PriceBook, found: Sequence[Saving], language: str) -> list[Note]:
    is_list = book.name == "OpenCost defaults"
    lacking = {_price_of(one.what) for one in found if one.monthly is None}
    return [
        *([Note.of("spend.list_prices", language, name=book.name)] if is_list else []),
        *([_unpriced(lacking, language)] if lacking else []),
    ]


def _unpriced(lacking: Iterable[str], language: str) -> Note:
    return Note.of("savings.unpriced", language, prices=", ".join(sorted(lacking)))


def _price_of(what: str) -> str:
    """What a price book calls it."""
    return "load_balancer_hour" if what == "idle_balancer" else "storage_gib_hour"


async def _objects(purse: Purse, caller: Principal, namespace: str, now: datetime) -> Cluster:
    seen = purse.kubernetes.seen_by(caller)
    pods = await seen.list("Pod", namespace=namespace)
    others = await asyncio.gather(
        *(seen.list(kind, namespace=namespace) for kind in OBJECTS[1:]), return_exceptions=True
    )
    resources = list(pods)
    for part in others:
        if isinstance(part, OpsError):  # an autoscaler nobody may see cannot be minded
            continue
        if isinstance(part, BaseException):
            raise part
        resources += part
    return Cluster(now=now, resources=resources)


async def _measured(purse: Purse) -> Measured:
    answers = await asyncio.gather(*(purse.prometheus.query(one) for one in QUERIES.values()))
    return {name: _by_container(found) for name, found in zip(QUERIES, answers, strict=True)}


def _by_container(found: Iterable[Series]) -> dict[tuple[str, str, str], float]:
    return {
        (one.label("namespace"), one.label("pod"), one.label("container")): one.points[-1][1]
        for one in found
    }


def _seen(cluster: Cluster, measured: Measured) -> list[Seen]:
    """Each container of each workload once, with the highest of its pods' figures."""
    grouped: dict[tuple[Ref, str], list[tuple[Resource, Json]]] = {}
    for pod in cluster.all("Pod"):
        owner = top_owner(cluster, pod)
        if text(pod.status, "phase") == "Running" and owner.kind not in ("Node", "Job"):
            for container in rows(pod.spec, "containers"):
                key = (owner, text(container, "name"))
                grouped.setdefault(key, []).append((pod, container))
    scaled = _scaled(cluster)
    return [
        _one(owner, name, members, measured, scaled.get(owner, frozenset()))
        for (owner, name), members in sorted(grouped.items(), key=lambda one: one[0])
    ]


def _one(
    owner: Ref,
    name: str,
    members: list[tuple[Resource, Json]],
    measured: Measured,
    scaled_by: frozenset[str],
) -> Seen:
    keys = [(pod.namespace, pod.name, name) for pod, _ in members]
    highest = {what: max(told.get(key, 0.0) for key in keys) for what, told in measured.items()}
    _, container = members[-1]
    resources = section(container, "resources")
    return Seen(
        workload=owner,
        container=name,
        pods=len(members),
        hours=highest["hours"],
        cpu_p95=highest["cpu"],
        memory_peak=highest["memory"],
        cpu_asked=_amount(resources, "requests", "cpu"),
        memory_asked=_amount(resources, "requests", "memory"),
        memory_limit=_amount(resources, "limits", "memory"),
        oom_killed=any(_was_killed(pod, name) for pod, _ in members),
        heap=_heap(container),
        scaled_by=scaled_by,
    )


def _amount(resources: Json, part: str, what: str) -> float:
    return float(quantity(section(resources, part).get(what)) or 0)


def _was_killed(pod: Resource, container: str) -> bool:
    for one in rows(pod.status, "containerStatuses"):
        ends = (section(one, state, "terminated") for state in ("lastState", "state"))
        if text(one, "name") == container and any(text(e, "reason") == "OOMKilled" for e in ends):
            return True
    return False


def _heap(container: Json) -> float:
    """The heap of a Java program, where its flags say it."""
    told = [*words(container, "command"), *words(container, "args")]
    told += [text(one, "value") for one in rows(container, "env")]
    found = HEAP.search(" ".join(told))
    return float(found[1]) * HEAP_UNITS[found[2].lower()] if found else 0.0


def _scaled(cluster: Cluster) -> dict[Ref, frozenset[str]]:
    """Workloads, and the resources by whose requests an autoscaler counts their pods."""
    found: dict[Ref, frozenset[str]] = {}
    for one in cluster.all("HorizontalPodAutoscaler"):
        target = section(one.spec, "scaleTargetRef")
        names = {text(metric, "resource", "name") for metric in rows(one.spec, "metrics")}
        if "targetCPUUtilizationPercentage" in one.spec:
            names.add("cpu")
        owner = Ref(text(target, "kind"), one.namespace, text(target, "name"))
        found[owner] = frozenset(names)
    return found


def _row(one: Sized, rates: Rates, rate: Decimal, language: str) -> Saving:
    seen = one.seen
    freed = Decimal(one.cpu_freed) * rates.cpu + Decimal(one.memory_freed / GIB) * rates.memory
    return Saving(
        kind=seen.workload.kind,
        namespace=seen.workload.namespace,
        name=seen.workload.name,
        container=seen.container,
        pods=seen.pods,
        monthly=round(float(freed * HOURS_A_MONTH * rate), 4),
        cpu_request=as_cores(seen.cpu_asked) if seen.cpu_asked else "",
        cpu_recommended="" if one.cpu is None else as_cores(one.cpu),
        memory_request=as_bytes(seen.memory_asked) if seen.memory_asked else "",
        memory_recommended="" if one.memory is None else f"{one.memory / 2**20:.0f}Mi",
        confidence=one.confidence,
        history_hours=round(seen.hours, 1),
        fix=_fix(one),
        reasons=[Note.of(f"savings.{why}", language) for why in one.why],
    )


def _fix(one: Sized) -> Fix | None:
    """What was killed for memory is repaired by its finding, which knows the limit that killed it."""
    owner = one.seen.workload
    if one.confidence != "high" or owner.kind not in CHANGEABLE or "oom" in one.why:
        return None
    return Fix(kind=owner.kind, namespace=owner.namespace, name=owner.name)


def _unused_row(
    one: Unclaimed, book: PriceBook, rate: Decimal, language: str, now: datetime
) -> Saving:
    """A balancer by the hour, a volume by what it holds room for, used or not."""
    hourly = (
        book.load_balancer_hour
        if one.what == "idle_balancer"
        else book.storage_gib_hour * Decimal(one.size_gib)
    )
    is_priced = _price_of(one.what) not in book.unpriced
    hours = (now - one.since).total_seconds() / 3600 if one.since else 0.0
    return Saving(
        what=one.what,
        kind=one.ref.kind,
        namespace=one.ref.namespace,
        name=one.ref.name,
        monthly=round(float(hourly * HOURS_A_MONTH * rate), 4) if is_priced else None,
        size_gib=round(one.size_gib, 3),
        created_at=one.created,
        unused_since=one.since,
        confidence=one.confidence,
        history_hours=round(hours, 1),
        reasons=[Note.of(f"unused.{why}", language, **one.params) for why in one.why],
    )
