"""Volumes and balancers that cost and do nothing: gathered from the cluster and from metrics."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from core.errors import OpsError
from core.principal import Principal
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.backends.prometheus import Prometheus
from mcp_servers.budgets.gathering import Purse
from mcp_servers.budgets.texts import Note
from mcp_servers.engines.fields import text
from mcp_servers.engines.unclaimed import Observed, Unclaimed, unclaimed, unjudged_balancers
from mcp_servers.facts.kubernetes import Cluster, NotChecked
from mcp_servers.facts.metrics import Series

BACK = "14d"
HOURS_A_DAY = 24
# What may mount a claim again, and what a balancer leads to.
KINDS = (
    *("PersistentVolumeClaim", "Pod", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"),
    *("CronJob", "Job", "Service", "EndpointSlice"),
)
# Without these a claim or a balancer would look unused that is not.
NEEDED = {
    "PersistentVolumeClaim": frozenset(KINDS[1:8]),
    "Service": frozenset({"Pod", "EndpointSlice"}),
}

# Either says of a mounted claim that it is: the kubelet, or kube-state-metrics.
MOUNTS = (
    "kubelet_volume_stats_capacity_bytes",
    "kube_pod_spec_volumes_persistentvolumeclaims_info",
)
SEEN = " or ".join(f"max_over_time(timestamp({one})[{BACK}:1h])" for one in MOUNTS)
LAST_MOUNTED = f"max by (namespace, persistentvolumeclaim) ({SEEN})"
MOUNTS_KNOWN = f"count_over_time((count({' or '.join(MOUNTS)}))[{BACK}:1h])"
REQUESTS = "http_requests_total{{service=~`{services}`}}"
REQUESTED = f"sum by (namespace, service) (increase({REQUESTS}[{BACK}]))"
REQUESTS_KNOWN = f"max by (namespace, service) (count_over_time({REQUESTS}[{BACK}:1h]))"


@dataclass(frozen=True)
class Unused:
    """`unjudged`: balancers of which nobody knows whether they are used. `missed`: not listed."""

    found: Sequence[Unclaimed]
    unjudged: int
    missed: Sequence[NotChecked]

    def notes(self, language: str) -> list[Note]:
        told = [
            Note.of("spend.missed", language, what=one.what, why=one.why) for one in self.missed
        ]
        if self.unjudged:
            told.append(Note.of("unused.unjudged", language, count=self.unjudged))
        return told


async def unused_in(purse: Purse, caller: Principal, namespace: str, now: datetime) -> Unused:
    """In a namespace, or in all in sight; volumes of the cluster for who sees every namespace."""
    cluster, missed = await _objects(purse.kubernetes.seen_by(caller), caller, namespace, now)
    observed = await _observed(purse.prometheus, cluster)
    return Unused(unclaimed(cluster, observed), unjudged_balancers(cluster, observed), missed)


async def _objects(
    kubernetes: Kubernetes, caller: Principal, namespace: str, now: datetime
) -> tuple[Cluster, list[NotChecked]]:
    """What cannot be judged for want of others is left out, and that is said."""
    whole = caller.namespaces is None and not namespace
    kinds = (*KINDS, "PersistentVolume") if whole else KINDS
    answers = await asyncio.gather(
        *(kubernetes.list(kind, namespace=namespace) for kind in kinds), return_exceptions=True
    )
    found = dict(zip(kinds, answers, strict=True))
    missed: list[NotChecked] = []
    for kind, answer in found.items():
        if isinstance(answer, OpsError):
            missed.append(NotChecked(kind, f"{answer.code}: {answer.message}"))
        elif isinstance(answer, BaseException):
            raise answer
    lacking = {one.what for one in missed}
    judged = {kind for kind in kinds if not NEEDED.get(kind, frozenset()) & lacking}
    listed = [
        one
        for kind, answer in found.items()
        if kind in judged and not isinstance(answer, BaseException)
        for one in answer
    ]
    return Cluster(now=now, resources=listed), missed


async def _observed(prometheus: Prometheus, cluster: Cluster) -> Observed:
    balancers = {
        one.name for one in cluster.all("Service") if text(one.spec, "type") == "LoadBalancer"
    }
    queries = [LAST_MOUNTED, MOUNTS_KNOWN]
    if balancers:  # of all other Services nobody needs to know it
        services = "|".join(sorted(balancers))
        queries += [one.format(services=services) for one in (REQUESTED, REQUESTS_KNOWN)]
    last, known, *requests = await asyncio.gather(*(prometheus.query(one) for one in queries))
    asked, days = requests or ([], [])
    return Observed(
        mounted={
            (one.label("namespace"), one.label("persistentvolumeclaim")): _moment(one)
            for one in last
        }
        if known
        else None,
        mounted_days=max((_value(one) for one in known), default=0.0) / HOURS_A_DAY,
        requests=_by_service(asked),
        request_days={key: hours / HOURS_A_DAY for key, hours in _by_service(days).items()},
    )


def _by_service(found: Iterable[Series]) -> dict[tuple[str, str], float]:
    return {(one.label("namespace"), one.label("service")): _value(one) for one in found}


def _value(one: Series) -> float:
    return one.points[-1][1]


def _moment(one: Series) -> datetime:
    return datetime.fromtimestamp(_value(one), UTC)
