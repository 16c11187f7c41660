"""What a bill is made of: nodes and pods from the cluster, usage hour by hour from Prometheus."""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from core.errors import Invalid, OpsError
from mcp_servers.backends.billing import Billing
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.backends.opencost import OpenCost
from mcp_servers.backends.prometheus import Prometheus
from mcp_servers.backends.sentences import SENTENCES
from mcp_servers.engines.allocation import node_rates
from mcp_servers.engines.fields import rows, section, text
from mcp_servers.engines.hours import GIB, Container, ManyHours, Taken, hours_since
from mcp_servers.engines.ownership import owner_by_name, top_owner
from mcp_servers.engines.quantities import quantity
from mcp_servers.facts.kubernetes import Cluster, NotChecked, Ref, Resource, moment
from mcp_servers.facts.metrics import Series
from mcp_servers.facts.money import Amounts, Charge, NodeHours, PriceBook, Use

HOUR = timedelta(hours=1)
# So many hours are asked for at once: a day of a large cluster is what a server still answers.
HOURS_AT_ONCE = 24
GPUS = ("nvidia.com/gpu", "amd.com/gpu")
INSTANCE_TYPE = "node.kubernetes.io/instance-type"
OWNERS = ("ReplicaSet", "Job", "Deployment", "StatefulSet", "DaemonSet", "CronJob")

BY = "max by (namespace, pod, container)"
RUNNING = 'container!="",container!="POD"'
MEMORY = f"container_memory_working_set_bytes{{{RUNNING}}}"
# The same series from two exporters is one series: the larger of both, never their sum.
QUERIES: Mapping[str, str] = {
    "present": f"count_over_time(({BY} ({MEMORY}))[1h:5m]) / 12",
    "memory_used": f"{BY} (avg_over_time({MEMORY}[1h]))",
    "cpu_used": f"{BY} (increase(container_cpu_usage_seconds_total{{{RUNNING}}}[1h])) / 3600",
    "cpu_asked": (
        f"{BY} (avg_over_time(kube_pod_container_resource_requests"
        f'{{resource="cpu",{RUNNING}}}[1h]))'
    ),
    "memory_asked": (
        f"{BY} (avg_over_time(kube_pod_container_resource_requests"
        f'{{resource="memory",{RUNNING}}}[1h]))'
    ),
}


@dataclass(frozen=True)
class Purse:
    """The hands of the cost tools. With `opencost` spend is what OpenCost says, and nothing else."""

    kubernetes: Kubernetes
    prometheus: Prometheus
    billing: Billing
    opencost: OpenCost | None = None


@dataclass(frozen=True)
class Gathered:
    """`seen` are the ends of the hours in which something was measured, of `hours` in the window."""

    nodes: tuple[NodeHours, ...]
    uses: tuple[Use, ...]
    charges: tuple[Charge, ...]
    overhead: Decimal
    hours: int
    seen: tuple[datetime, ...]
    prices: PriceBook
    missed: tuple[NotChecked, ...] = ()
    unasked: int = 0  # containers without any request, whose share is what they used
    unmeasured: int = 0  # containers whose use nobody measured, whose share is what they ask for
    # How many things cost what the price book does not give, by the price that is lacking.
    unpriced: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass
class _Takings:
    """What containers took, day after day: of a day's hours only the sums are kept."""

    pods: Mapping[tuple[str, str], Resource]
    by_container: dict[Container, Taken] = field(default_factory=dict[Container, Taken])
    seen: set[datetime] = field(default_factory=set[datetime])

    asked: dict[Container, Amounts] = field(default_factory=dict[Container, Amounts])

    def add(self, day: ManyHours) -> None:
        for one in day.taken(self.asked_of):
            self.by_container.setdefault(one.container, Taken()).add(one)
        self.seen.update(day.seen())

    def asked_of(self, container: Container) -> Amounts:
        """What the pod's specification says; nothing for a pod that is gone."""
        found = self.asked.get(container)
        if found is None:
            pod = self.pods.get(container[:2])
            found = self.asked[container] = _asked(pod, container[2]) if pod else Amounts()
        return found


async def gather(purse: Purse, start: datetime, end: datetime) -> Gathered:
    """Everything between two moments. Raises `Invalid` without Prometheus or prices."""
    if not purse.prometheus.configured:
        raise SENTENCES.error(Invalid, "spend_needs_prometheus")
    prices = purse.billing.prices((end - HOUR).date())
    missed: list[NotChecked] = []
    objects, takings = await _taken(purse, start, end, missed)
    seen = sorted(takings.seen)
    uses, unasked = _uses(objects, takings)
    silent = list(_unmeasured(objects, takings.by_container, seen))
    return Gathered(
        nodes=tuple(node_of(one, prices, seen) for one in objects.all("Node")),
        uses=(*uses, *silent),
        charges=tuple(_charges(objects, prices, seen)),
        overhead=prices.cluster_hour * len(seen),
        hours=round((end - start) / HOUR),
        seen=tuple(seen),
        prices=prices,
        missed=tuple(missed),
        unasked=unasked,
        unmeasured=len(silent),
        unpriced=_unpriced(objects, prices),
    )


async def objects_of(kubernetes: Kubernetes, now: datetime, missed: list[NotChecked]) -> Cluster:
    kinds = (
        *("Node", "Pod", "Namespace", "Service", "PersistentVolume", "PersistentVolumeClaim"),
        *OWNERS,
    )
    found = await asyncio.gather(*(_listed(kubernetes, kind, missed) for kind in kinds))
    return Cluster(now=now, resources=[one for part in found for one in part])


async def _listed(kubernetes: Kubernetes, kind: str, missed: list[NotChecked]) -> list[Resource]:
    try:
        return await kubernetes.list(kind)
    except OpsError as error:
        if kind in ("Node", "Pod"):
            raise
        missed.append(NotChecked(kind, f"{error.code}: {error.message}"))
        return []


async def _taken(
    purse: Purse, start: datetime, end: datetime, missed: list[NotChecked]
) -> tuple[Cluster, _Takings]:
    """A day after the other, so that no more than a day is in memory as it was sent."""
    ends = [end - HOUR * i for i in range(round((end - start) / HOUR))][::-1]
    days = [ends[i : i + HOURS_AT_ONCE] for i in range(0, len(ends), HOURS_AT_ONCE)]
    objects, first = await asyncio.gather(
        objects_of(purse.kubernetes, end, missed), _measured(purse.prometheus, days[0])
    )
    takings = _Takings({(one.namespace, one.name): one for one in objects.all("Pod")})
    takings.add(first)
    for day in days[1:]:
        takings.add(await _measured(purse.prometheus, day))
    return objects, takings


async def _measured(prometheus: Prometheus, hours: Sequence[datetime]) -> ManyHours:
    found = ManyHours(hours)
    answers = await asyncio.gather(
        *(_range(prometheus, query, hours) for query in QUERIES.values())
    )
    for kind, series in zip(QUERIES, answers, strict=True):
        for one in series:
            labels = dict(one.labels)
            key = (labels.get("namespace", ""), labels.get("pod", ""), labels.get("container", ""))
            found.keep(kind, key, one.points)
    return found


async def _range(prometheus: Prometheus, query: str, hours: Sequence[datetime]) -> list[Series]:
    return await prometheus.query_range(query, start=hours[0], end=hours[-1], points=len(hours))


def _uses(objects: Cluster, takings: _Takings) -> tuple[list[Use], int]:
    homes = {one.name: one.labels for one in objects.all("Namespace")}
    uses: list[Use] = []
    unasked = 0
    for (namespace, name, container), one in takings.by_container.items():
        pod = takings.pods.get((namespace, name))
        asked = takings.asked_of((namespace, name, container))
        unasked += not (asked.cpu or asked.memory or one.was_asked)
        ref = Ref("Pod", namespace, name)
        uses.append(
            Use(
                workload=_payer(objects, pod) if pod else owner_by_name(objects, ref),
                node=text(pod.spec, "nodeName") if pod else "",
                taken=one.took,
                used=one.used,
                labels=labels_of(homes.get(namespace, {}), pod.labels if pod else {}),
            )
        )
    return uses, unasked


def _unmeasured(
    objects: Cluster, measured: Collection[Container], seen: Sequence[datetime]
) -> Iterator[Use]:
    """Containers that run and are in no metric: they take what they ask for, used or not."""
    homes = {one.name: one.labels for one in objects.all("Namespace")}
    for pod in objects.all("Pod"):
        if text(pod.status, "phase") != "Running":
            continue
        since = moment(pod.status.get("startTime")) or pod.created_at
        for container in rows(pod.spec, "containers"):
            name = text(container, "name")
            if (pod.namespace, pod.name, name) in measured:
                continue
            taken = _asked(pod, name).times(hours_since(since, seen))
            labels = labels_of(homes.get(pod.namespace, {}), pod.labels)
            yield Use(_payer(objects, pod), text(pod.spec, "nodeName"), taken, taken, labels)


def _payer(objects: Cluster, pod: Resource) -> Ref:
    """The workload; a pod that a node runs by itself belongs to its namespace, not to the node."""
    owner = top_owner(objects, pod)
    return pod.ref if owner.kind == "Node" else owner


def labels_of(home: Mapping[str, str], own: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """What a pod says of itself goes before what its namespace says of all."""
    return tuple(sorted({**home, **own}.items()))


def _asked(pod: Resource, container: str) -> Amounts:
    for one in (*rows(pod.spec, "containers"), *rows(pod.spec, "initContainers")):
        if text(one, "name") == container:
            return amounts_of(section(section(one, "resources"), "requests"))
    return Amounts()


def amounts_of(told: Mapping[str, object]) -> Amounts:
    gpus = sum(float(quantity(told.get(one)) or 0) for one in GPUS)
    memory = float(quantity(told.get("memory")) or 0) / GIB
    return Amounts(float(quantity(told.get("cpu")) or 0), memory, gpus)


def node_of(node: Resource, prices: PriceBook, seen: Sequence[datetime]) -> NodeHours:
    has = amounts_of(section(node.status, "capacity"))
    price = prices.nodes.get(node.labels.get(INSTANCE_TYPE, ""))
    rates = prices.rates if price is None else node_rates(price, has, prices.rates)
    return NodeHours(node.name, has, hours_since(node.created_at, seen), rates)


def _charges(objects: Cluster, prices: PriceBook, seen: Sequence[datetime]) -> Iterator[Charge]:
    homes = {one.name: one.labels for one in objects.all("Namespace")}
    users = _mounting(objects)
    for claim in objects.all("PersistentVolumeClaim"):
        size = section(claim.status, "capacity") or section(
            section(claim.spec, "resources"), "requests"
        )
        cost = _storage(size, claim, prices, seen)
        owners = users.get((claim.namespace, claim.name)) or [claim.ref]
        for owner in owners:
            labels = labels_of(homes.get(claim.namespace, {}), claim.labels)
            yield Charge("storage", owner, cost / len(owners), labels)
    for volume in objects.all("PersistentVolume"):
        if not _bound(volume):
            cost = _storage(section(volume.spec, "capacity"), volume, prices, seen)
            yield Charge("storage", volume.ref, cost)
    # One without a price is no row of nothing: it is counted as unpriced.
    for service in _balancers(objects) if prices.load_balancer_hour else ():
        hours = Decimal(hours_since(service.created_at, seen))
        labels = labels_of(homes.get(service.namespace, {}), service.labels)
        yield Charge("load_balancer", service.ref, prices.load_balancer_hour * hours, labels)


def _balancers(objects: Cluster) -> Iterator[Resource]:
    for one in objects.all("Service"):
        if text(one.spec, "type") == "LoadBalancer":
            yield one


def _unpriced(objects: Cluster, prices: PriceBook) -> dict[str, int]:
    """How many things cost something that the book has no price of."""
    unclaimed = [one for one in objects.all("PersistentVolume") if not _bound(one)]
    gpus = (
        amounts_of(section(one.status, "capacity")).gpu
        for one in objects.all("Node")
        if one.labels.get(INSTANCE_TYPE, "") not in prices.nodes
    )
    found = {
        "gpu_hour": round(sum(gpus)),
        "storage_gib_hour": len([*objects.all("PersistentVolumeClaim"), *unclaimed]),
        "load_balancer_hour": len([*_balancers(objects)]),
    }
    return {name: count for name, count in found.items() if count and name in prices.unpriced}


def _bound(volume: Resource) -> bool:
    return text(volume.status, "phase") == "Bound"


def _storage(
    size: Mapping[str, object], of: Resource, prices: PriceBook, seen: Sequence[datetime]
) -> Decimal:
    gib = Decimal(float(quantity(size.get("storage")) or 0) / GIB)
    return gib * Decimal(hours_since(of.created_at, seen)) * prices.storage_gib_hour


def _mounting(objects: Cluster) -> dict[tuple[str, str], list[Ref]]:
    """Claims, and the workloads whose pods mount them."""
    found: dict[tuple[str, str], list[Ref]] = {}
    for pod in objects.all("Pod"):
        for volume in rows(pod.spec, "volumes"):
            name = text(section(volume, "persistentVolumeClaim"), "claimName")
            owners = found.setdefault((pod.namespace, name), [])
            if name and _payer(objects, pod) not in owners:
                owners.append(_payer(objects, pod))
    return found
