"""budgets_hourly_anomalies: hours whose spend the weeks before do not explain, and the workloads behind."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Literal

import anyio.to_thread
from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Invalid
from core.principal import Principal
from mcp_servers.backends.prometheus import Prometheus
from mcp_servers.backends.sentences import SENTENCES
from mcp_servers.budgets.gathering import GIB, HOUR, QUERIES, Purse, node_of, objects_of
from mcp_servers.budgets.spend import Currency, Cursor, Namespace, exchanged, money
from mcp_servers.budgets.texts import Language, Note
from mcp_servers.engines.ownership import owner_by_name, top_owner
from mcp_servers.facts.kubernetes import Cluster, NotChecked, Ref
from mcp_servers.facts.metrics import Series
from mcp_servers.facts.money import PriceBook
from mcp_servers.paging import Page

# What hours of four weeks show; one request for points holds 300.
BACK, AT_ONCE = timedelta(days=28), 280
WEEK, DAY = timedelta(days=7), timedelta(days=1)
# Fewer hours show no week, and every weekend would be news (`cost_anomalies`).
FEWEST_HOURS = 14 * 24
# Of so many changes, the latest, it is asked which workloads are behind.
EXPLAINED, CAUSES = 5, 3
ROWS = 25


class HourCause(BaseModel):
    workload: str
    kind: Literal["new", "gone", "more", "less"]
    cost: float = Field(description="In these hours.")
    cost_before: float = Field(description="In the same hours a week before, or a day.")


class HourlyChange(BaseModel):
    namespace: str
    start: datetime = Field(description="Where its first hour begins.")
    end: datetime = Field(description="Where its last hour ends.")
    hours: int
    direction: Literal["up", "down"]
    impact: float = Field(description="More or less than expected, over all its hours.")
    severity: str
    causes: list[HourCause]

    def as_line(self, currency: str) -> str:
        why = "; ".join(
            f"{one.workload} {one.kind} {money(one.cost_before)} -> {money(one.cost)}"
            for one in self.causes
        )
        return (
            f"{self.namespace} {self.start:%m-%d %H:%M}Z to {self.end:%m-%d %H:%M}Z "
            f"{self.direction} {self.impact:+.4f} {currency} {self.severity}: {why or 'not asked'}"
        )


class HourlyChanges(Page[HourlyChange]):
    verdict: Literal["ok", "insufficient_data"]
    currency: str
    hours_known: int = Field(description="Of the namespace that is known longest.")
    examined: int = Field(description="Namespaces whose hours were judged.")
    notes: list[Note]

    def as_text(self) -> str:
        heading = f"{self.verdict}: {self.hours_known} hours known, {self.shown}"
        notes = [f"note: {one.text}" for one in self.notes]
        return self.told(heading, [*(one.as_line(self.currency) for one in self.rows), *notes])


@dataclass(frozen=True)
class _Prices:
    """What a core and a GiB cost an hour, on average over the nodes there are."""

    cpu: float
    memory: float


async def budgets_hourly_anomalies(
    namespace: Namespace = "",
    currency: Currency = "",
    language: Language = "en",
    cursor: Cursor = "",
    *,
    purse: Purse,
    caller: Principal,
) -> HourlyChanges:
    """Hours in which a namespace cost far more or less than the weeks before explain, with causes.

    For days use budgets_anomalies.
    """
    if not purse.prometheus.configured:
        raise SENTENCES.error(Invalid, "spend_needs_prometheus")
    now = utc_now()
    end = now.replace(minute=0, second=0, microsecond=0)
    code, rate = exchanged(purse.billing, currency, on=now)
    missed: list[NotChecked] = []
    objects, found = await asyncio.gather(
        objects_of(purse.kubernetes, end, missed), _hours(purse.prometheus, "namespace", end, BACK)
    )
    prices = _prices(objects, purse.billing.prices(now.date()), float(rate))
    costs = {
        name: _costs(one, prices)
        for (name,), one in found.items()
        if caller.sees(name) and (not namespace or name == namespace)
    }
    rows = await anyio.to_thread.run_sync(_changes, costs, end)
    explained = [await _explained(one, purse, objects, prices) for one in rows[:EXPLAINED]]
    known = max((len(one) for one in costs.values()), default=0)
    enough = known > FEWEST_HOURS
    return HourlyChanges.of(
        [*explained, *rows[EXPLAINED:]],
        cursor=cursor,
        size=ROWS,
        verdict="ok" if enough else "insufficient_data",
        currency=code,
        hours_known=known,
        examined=sum(len(one) > FEWEST_HOURS for one in costs.values()),
        notes=[
            Note.of("hourly.prices", language)
            if enough
            else Note.of("hourly.few", language, known=known, fewest=FEWEST_HOURS + 1)
        ],
    )


def _taken(what: str, by: str, scope: str = "") -> str:
    """The larger of what was asked for and used, summed: a side that has no series gives way."""
    used, asked = QUERIES[f"{what}_used"], QUERIES[f"{what}_asked"]
    whole = f"sum by ({by}) (({used} >= {asked}) or {asked} or {used})"
    return whole.replace('container!=""', f'namespace="{scope}",container!=""') if scope else whole


Hours = dict[str, dict[datetime, float]]


async def _hours(
    prometheus: Prometheus, by: str, end: datetime, back: timedelta, scope: str = ""
) -> dict[tuple[str, ...], Hours]:
    """By the values of the labels: cores and bytes of each hour, by its end."""
    count = round(back / HOUR)
    marks = [*range(0, count, AT_ONCE), count]
    asked = [
        (
            what,
            _taken(what, by, scope),
            end - HOUR * (count - first - 1),
            end - HOUR * (count - last),
        )
        for what in ("cpu", "memory")
        for first, last in pairwise(marks)
    ]
    answers = await asyncio.gather(
        *(
            prometheus.query_range(
                query, start=start, end=until, points=round((until - start) / HOUR) + 1
            )
            for _, query, start, until in asked
        )
    )
    found: dict[tuple[str, ...], Hours] = {}
    for (what, *_), series in zip(asked, answers, strict=True):
        _keep(found, what, by.split(", "), series)
    return found


def _keep(
    found: dict[tuple[str, ...], Hours], what: str, labels: Sequence[str], series: Iterable[Series]
) -> None:
    for one in series:
        key = tuple(one.label(label) for label in labels)
        hours = found.setdefault(key, {"cpu": {}, "memory": {}})
        hours[what].update(one.points)


def _prices(objects: Cluster, book: PriceBook, rate: float) -> _Prices:
    nodes = [node_of(one, book, ()) for one in objects.all("Node")]
    cores, room = sum(one.has.cpu for one in nodes), sum(one.has.memory for one in nodes)
    cpu, memory = float(book.rates.cpu), float(book.rates.memory)
    if cores and room:
        cpu = sum(one.has.cpu * float(one.rates.cpu) for one in nodes) / cores
        memory = sum(one.has.memory * float(one.rates.memory) for one in nodes) / room
    return _Prices(cpu * rate, memory * rate)


def _costs(hours: Hours, prices: _Prices) -> dict[datetime, float]:
    every = {*hours["cpu"], *hours["memory"]}
    return {
        at: hours["cpu"].get(at, 0.0) * prices.cpu
        + hours["memory"].get(at, 0.0) / GIB * prices.memory
        for at in sorted(every)
    }


def _changes(costs: Mapping[str, Mapping[datetime, float]], end: datetime) -> list[HourlyChange]:
    """The latest first. An hour that nobody measured is unknown, and not free."""
    from mcp_servers.engines.cost_anomalies import cost_anomalies  # numpy waits for the first call

    found: list[HourlyChange] = []
    for name, hours in costs.items():
        judged = cost_anomalies([at.timestamp() for at in hours], list(hours.values()))
        found += [
            HourlyChange(
                namespace=name,
                start=datetime.fromtimestamp(one.start, UTC) - HOUR,
                end=datetime.fromtimestamp(one.end, UTC),
                hours=one.values,
                direction="up" if one.impact > 0 else "down",
                impact=round(one.impact, 6),
                severity=one.severity,
                causes=[],
            )
            for one in judged.episodes
        ]
    return sorted(found, key=lambda one: (one.end, abs(one.impact)), reverse=True)


async def _explained(
    change: HourlyChange, purse: Purse, objects: Cluster, prices: _Prices
) -> HourlyChange:
    """Against the same hours a week before; where nothing is known of them, of the day before."""
    now = await _by_workload(change, timedelta(), purse, objects, prices)
    before = await _by_workload(change, WEEK, purse, objects, prices)
    before = before or await _by_workload(change, DAY, purse, objects, prices)
    sign = 1 if change.direction == "up" else -1
    differences = {
        name: sign * (now.get(name, 0.0) - before.get(name, 0.0)) for name in {*now, *before}
    }
    ranked = sorted(
        (one for one in differences if differences[one] > 0), key=lambda one: -differences[one]
    )
    causes = [_cause(name, now.get(name, 0.0), before.get(name, 0.0)) for name in ranked[:CAUSES]]
    return change.model_copy(update={"causes": causes})


def _cause(workload: str, now: float, before: float) -> HourCause:
    kind: Literal["new", "gone", "more", "less"] = "more" if now > before else "less"
    if not before or not now:
        kind = "new" if now else "gone"
    return HourCause(workload=workload, kind=kind, cost=round(now, 6), cost_before=round(before, 6))


async def _by_workload(
    change: HourlyChange, earlier: timedelta, purse: Purse, objects: Cluster, prices: _Prices
) -> dict[str, float]:
    back = change.end - change.start
    found = await _hours(
        purse.prometheus, "namespace, pod", change.end - earlier, back, change.namespace
    )
    costs: dict[str, float] = {}
    for (namespace, name), hours in found.items():
        owner = str(_owner(objects, namespace, name))
        costs[owner] = costs.get(owner, 0.0) + sum(_costs(hours, prices).values())
    return costs


def _owner(objects: Cluster, namespace: str, name: str) -> Ref:
    pod = objects.get(Ref("Pod", namespace, name))
    if pod is None:
        return owner_by_name(objects, Ref("Pod", namespace, name))
    owner = top_owner(objects, pod)
    return pod.ref if owner.kind == "Node" else owner
