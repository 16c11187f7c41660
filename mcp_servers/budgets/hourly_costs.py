"""What hours cost: CPU and memory, the larger of asked for and used, and the room that claims ask for.

At the average prices of the nodes there are. An hour is named by its end, and one that nobody
measured is unknown.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from mcp_servers.backends.prometheus import Prometheus
from mcp_servers.budgets.gathering import GIB, HOUR, QUERIES, Purse, labels_of, node_of, objects_of
from mcp_servers.budgets.spend import UNLABELLED
from mcp_servers.engines.fields import strings
from mcp_servers.engines.ownership import owner_by_name, top_owner
from mcp_servers.engines.revisions import template_of
from mcp_servers.facts.kubernetes import Cluster, NotChecked, Ref
from mcp_servers.facts.metrics import Series
from mcp_servers.facts.money import PriceBook

# What hours of four weeks show; one request for points holds 300.
BACK, AT_ONCE = timedelta(days=28), 280
# By the pod a day at a time: a large cluster has thousands of them.
PODS_AT_ONCE = 24
# Fewer hours show no week, and every weekend would be news (`cost_anomalies`).
FEWEST_HOURS = 14 * 24
CLAIM = "persistentvolumeclaim"
CLAIMED = "kube_persistentvolumeclaim_resource_requests_storage_bytes"

Costs = dict[datetime, float]
Hours = dict[str, dict[datetime, float]]
Key = tuple[str, ...]


@dataclass(frozen=True)
class Prices:
    """What a core, a GiB of memory and a GiB of a volume cost an hour."""

    cpu: float
    memory: float
    storage: float

    def costs(self, hours: Hours) -> Costs:
        """An hour of which only the volumes are known is not known, where more runs otherwise."""
        every = {*hours.get("cpu", {}), *hours.get("memory", {})} or {*hours.get("storage", {})}
        rates = {"cpu": self.cpu, "memory": self.memory / GIB, "storage": self.storage / GIB}
        return {
            at: sum(rates[what] * one.get(at, 0.0) for what, one in hours.items())
            for at in sorted(every)
        }


@dataclass(frozen=True)
class Clockwork:
    """The cluster, the prices and the metrics that hours are worked out from, up to `end`."""

    prometheus: Prometheus
    objects: Cluster
    prices: Prices
    end: datetime

    @classmethod
    async def of(cls, purse: Purse, now: datetime, rate: float) -> "Clockwork":
        """`rate` is from the price book's currency to the one that costs are told in."""
        end = now.replace(minute=0, second=0, microsecond=0)
        missed: list[NotChecked] = []
        objects = await objects_of(purse.kubernetes, end, missed)
        prices = _prices(objects, purse.billing.prices(now.date()), rate)
        return cls(purse.prometheus, objects, prices, end)

    async def by_namespace(self, namespace: str = "", back: timedelta = BACK) -> dict[str, Costs]:
        """Of one namespace, or of all that were measured."""
        found = await self._hours(("namespace",), self.end, back, namespace, AT_ONCE)
        return {name: self.prices.costs(hours) for (name,), hours in found.items() if name}

    async def by_label(
        self, key: str, namespace: str = "", sees: Callable[[str], bool] = lambda _: True
    ) -> dict[str, Costs]:
        """By the values of a label of pods and claims, or of their namespaces, as KEY=VALUE."""
        into = self._labelled(key, sees)
        pods = ("namespace", "pod")
        found = await self._hours(pods, self.end, BACK, namespace, PODS_AT_ONCE, into)
        return {f"{key}={one[0]}": self.prices.costs(hours) for one, hours in found.items() if one}

    async def by_workload(
        self,
        start: datetime,
        end: datetime,
        namespace: str = "",
        among: Callable[[Key], bool] = lambda _: True,
    ) -> dict[str, float]:
        """What workloads cost from one moment to the other; `among` takes namespace and pod or claim."""
        found = await self._hours(("namespace", "pod"), end, end - start, namespace, PODS_AT_ONCE)
        costs: dict[str, float] = {}
        for key, hours in found.items():
            if among(key):
                name = str(self.owner(*key))
                costs[name] = costs.get(name, 0.0) + sum(self.prices.costs(hours).values())
        return costs

    def owner(self, namespace: str, name: str) -> Ref:
        """Who pays for a pod, as it is now or as its name tells; a claim pays for itself."""
        claim = Ref("PersistentVolumeClaim", namespace, name)
        pod = self.objects.get(Ref("Pod", namespace, name))
        if pod is None:
            known = self.objects.get(claim) is not None
            return claim if known else owner_by_name(self.objects, Ref("Pod", namespace, name))
        owner = top_owner(self.objects, pod)
        return pod.ref if owner.kind == "Node" else owner

    def labels(self, namespace: str, name: str) -> Mapping[str, str]:
        """Of a pod that is gone, those that its workload gives to pods now."""
        homes = self.objects.get(Ref("Namespace", "", namespace))
        for kind in ("Pod", "PersistentVolumeClaim"):
            if one := self.objects.get(Ref(kind, namespace, name)):
                return dict(labels_of(homes.labels if homes else {}, one.labels))
        owner = self.objects.get(self.owner(namespace, name))
        own = strings(template_of(owner), "metadata", "labels") if owner else {}
        return dict(labels_of(homes.labels if homes else {}, own))

    def _labelled(self, key: str, sees: Callable[[str], bool]) -> Callable[[Key], Key]:
        """The label's value; nothing for what is not in sight."""
        known: dict[Key, Key] = {}

        def of(pod: Key) -> Key:
            if pod not in known:
                value = self.labels(*pod).get(key, UNLABELLED)
                known[pod] = (value,) if sees(pod[0]) else ()
            return known[pod]

        return of

    async def _hours(
        self,
        by: Sequence[str],
        end: datetime,
        back: timedelta,
        namespace: str,
        at_once: int,
        into: Callable[[Key], Key] = lambda key: key,
    ) -> dict[Key, Hours]:
        """Cores and bytes of each hour by the labels' values, added up where `into` makes them one."""
        count = round(back / HOUR)
        found: dict[Key, Hours] = {}
        for first, last in pairwise([*range(0, count, at_once), count]):
            start, until = end - HOUR * (count - first - 1), end - HOUR * (count - last)
            points = round((until - start) / HOUR) + 1
            queries = {what: _taken(what, by, namespace) for what in ("cpu", "memory", "storage")}
            answers = await asyncio.gather(
                *(
                    self.prometheus.query_range(one, start=start, end=until, points=points)
                    for one in queries.values()
                )
            )
            for what, series in zip(queries, answers, strict=True):
                for one in series:
                    key = into(tuple(one.label(name) for name in _named(by, what)))
                    _add(found.setdefault(key, {}).setdefault(what, {}), one)
        return found


def _named(by: Sequence[str], what: str) -> list[str]:
    """A claim stands where a pod would."""
    return [CLAIM if (name, what) == ("pod", "storage") else name for name in by]


def _add(hours: dict[datetime, float], series: Series) -> None:
    for at, value in series.points:
        hours[at] = hours.get(at, 0.0) + value


def _taken(what: str, by: Sequence[str], namespace: str) -> str:
    """The larger of what was asked for and used, summed: a side that has no series gives way."""
    scope = f'namespace="{namespace}"' if namespace else ""
    if what == "storage":
        each = f"max by (namespace, {CLAIM}) ({CLAIMED}{{{scope}}})"
        return f"sum by ({', '.join(_named(by, what))}) ({each})"
    used, asked = QUERIES[f"{what}_used"], QUERIES[f"{what}_asked"]
    whole = f"sum by ({', '.join(by)}) (({used} >= {asked}) or {asked} or {used})"
    return whole.replace('container!=""', f'{scope},container!=""') if scope else whole


def _prices(objects: Cluster, book: PriceBook, rate: float) -> Prices:
    nodes = [node_of(one, book, ()) for one in objects.all("Node")]
    cores, room = sum(one.has.cpu for one in nodes), sum(one.has.memory for one in nodes)
    cpu, memory = float(book.rates.cpu), float(book.rates.memory)
    if cores and room:
        cpu = sum(one.has.cpu * float(one.rates.cpu) for one in nodes) / cores
        memory = sum(one.has.memory * float(one.rates.memory) for one in nodes) / room
    return Prices(cpu * rate, memory * rate, float(book.storage_gib_hour) * rate)
