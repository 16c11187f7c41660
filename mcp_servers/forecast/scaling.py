"""How many instances a foretold load takes, why, and when to begin with them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, Field

from core.errors import OpsError
from core.principal import Permission, Principal
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.backends.prometheus import Prometheus
from mcp_servers.engines.fields import rows, section, text
from mcp_servers.engines.quantities import as_bytes, as_cores, quantity
from mcp_servers.facts.kubernetes import Json, Resource, moment
from mcp_servers.forecast.history import Known, read
from mcp_servers.forecast.level_breaks import LevelBreak, highs
from mcp_servers.forecast.scaling_texts import load, reason
from mcp_servers.forecast.shapes import ForecastPoint

if TYPE_CHECKING:  # numpy is loaded by the first call, not by the server's start
    from mcp_servers.engines.scaling import Carried, Instance

KINDS = ("Deployment", "StatefulSet")
SCALED = ("qps", "cpu", "memory")


class Recommendation(BaseModel):
    """`verdict` insufficient_data: the reasons say what is missing, and no number is given."""

    verdict: Literal["ok", "insufficient_data"]
    workload: str = ""
    instances_now: int | None = None
    instances: int | None = Field(
        default=None,
        description="For the peak's upper end: the larger of the next two where a level broke.",
    )
    instances_foretold: int | None = Field(default=None, description="For the forecast as it is.")
    instances_otherwise: int | None = Field(
        default=None, description="For the forecast of `level_break`; null: there is no break."
    )
    carried: float | None = Field(default=None, description="By one instance, in the load's unit.")
    basis: Literal["", "request", "limit", "cpu_per_request", "carried"] = ""
    target_percent: float | None = Field(default=None, description="Of the basis that is used.")
    cpu_each: str = Field(default="", description="What one instance requests; empty: unset.")
    memory_each: str = ""
    cpu_total: str = Field(default="", description="What all instances would request.")
    memory_total: str = ""
    scale_up_s: float | None = Field(
        default=None, description="From a pod's making to ready, median."
    )
    scale_up_worst_s: float | None = None
    scale_by: datetime | None = Field(
        default=None,
        description="Latest moment to begin; null: no need, or how long pods start is not known.",
    )
    reasons: list[str]


@dataclass(frozen=True)
class Seen:
    """A workload with its pods and its autoscaler, if it has one."""

    workload: Resource
    pods: Sequence[Resource]
    scaler: Resource | None

    @property
    def replicas(self) -> int:
        return int(self.workload.spec.get("replicas", 1))


@dataclass(frozen=True)
class Wanted:
    """What is asked for: of which load, of whom, and what was foretold of it, with a break or none."""

    metric: str
    namespace: str
    name: str
    language: str
    points: Sequence[ForecastPoint]
    parted: LevelBreak | None = None

    @property
    def highs(self) -> Sequence[float]:
        """What is sized for: of each moment the larger of both."""
        if self.parted is None:
            return highs(self.points)
        pairs = zip(highs(self.points), highs(self.parted.forecast), strict=True)
        return [max(pair) for pair in pairs]


async def recommended(
    wanted: Wanted,
    known: Known,
    step: timedelta,
    queries: Mapping[str, str],
    *,
    kubernetes: Kubernetes,
    prometheus: Prometheus,
    caller: Principal,
    now: datetime,
) -> Recommendation:
    """`queries`: of `cores` and of `count`, the instances there were, over the same time."""
    if not caller.may(Permission.CLUSTER_READ):
        return _nothing("may_not", wanted)
    try:
        found = await _seen(kubernetes.seen_by(caller), wanted)
    except OpsError as error:
        return _nothing("unread", wanted, why=str(error))
    if isinstance(found, int):
        return _nothing("several" if found else "no_workload", wanted, count=found)
    back = step * max(round((now.timestamp() - known.times[0]) / step.total_seconds()) + 1, 1)
    cores, counts = await asyncio.gather(
        *(read(prometheus, queries[one], now, back, step) for one in ("cores", "count"))
    )
    return _told(wanted, found, known, _beside(known, cores, step), _beside(known, counts, step))


async def _seen(kubernetes: Kubernetes, wanted: Wanted) -> Seen | int:
    """The one workload of that name, or how many there are instead."""
    lists = await asyncio.gather(
        *(kubernetes.list(kind, namespace=wanted.namespace) for kind in KINDS)
    )
    found = [one for part in lists for one in part if one.name == wanted.name]
    if len(found) != 1:
        return len(found)
    [workload] = found
    labels = section(section(workload.spec, "selector"), "matchLabels")
    selector = ",".join(f"{key}={value}" for key, value in labels.items())
    pods = await kubernetes.list("Pod", namespace=workload.namespace, label_selector=selector)
    return Seen(workload, list(pods), await _scaler(kubernetes, workload))


async def _scaler(kubernetes: Kubernetes, workload: Resource) -> Resource | None:
    try:
        scalers = await kubernetes.list("HorizontalPodAutoscaler", namespace=workload.namespace)
    except OpsError:  # an autoscaler nobody may see cannot be minded
        return None
    for one in scalers:
        target = section(one.spec, "scaleTargetRef")
        if (text(target, "kind"), text(target, "name")) == (workload.kind, workload.name):
            return one
    return None


def _beside(known: Known, other: Known, step: timedelta) -> list[float]:
    """The values of another series at the nearest of the same moments; NaN where there is none."""
    width = step.total_seconds()
    values = {round(at / width): one for at, one in zip(other.times, other.values, strict=True)}
    return [values.get(round(at / width), float("nan")) for at in known.times]


def _told(
    wanted: Wanted, seen: Seen, known: Known, cores: Sequence[float], counts: Sequence[float]
) -> Recommendation:
    from mcp_servers.engines.scaling import TARGETS, carries, first_above, needed

    one = _instance(seen.workload)
    target = _own_target(seen.scaler, wanted.metric) or TARGETS[wanted.metric]
    found = carries(wanted.metric, one, target, known.values, counts, cores)
    if found is None:
        return _nothing("no_basis", wanted)
    count = needed(max(wanted.highs), found.amount)
    starts = _starts(seen.pods)
    place = first_above(wanted.highs, found.amount * seen.replicas)
    first = None if place is None else wanted.points[place].at
    # The slowest start that was seen: who is late by a minute is late at the peak.
    worst = timedelta(seconds=max(starts, default=0.0))
    told = Recommendation(
        verdict="ok",
        workload=f"{seen.workload.kind} {seen.workload.namespace}/{seen.workload.name}",
        instances_now=seen.replicas,
        instances=count,
        instances_foretold=needed(max(highs(wanted.points)), found.amount),
        instances_otherwise=None
        if wanted.parted is None
        else needed(max(highs(wanted.parted.forecast)), found.amount),
        carried=float(f"{found.amount:.6g}"),
        basis=found.basis,
        target_percent=round(100 * found.target),
        scale_up_s=median(starts) if starts else None,
        scale_up_worst_s=max(starts) if starts else None,
        scale_by=first - worst if first and starts else None,
        reasons=[],
        **_amounts(one, count),
    )
    why = _reasons(told, found, seen, wanted, first)
    return told.model_copy(update={"reasons": [reason(key, wanted, **facts) for key, facts in why]})


def _reasons(
    told: Recommendation, found: "Carried", seen: Seen, wanted: Wanted, first: datetime | None
) -> list[tuple[str, dict[str, object]]]:
    parted = wanted.parted
    facts: dict[str, object] = {
        "peak": load(max(highs(wanted.points)), wanted),
        "otherwise": load(max(highs(parted.forecast)), wanted) if parted else "",
        "count_otherwise": told.instances_otherwise,
        "each": load(found.amount, wanted),
        "target": f"{100 * found.target:.0f}",
        "cost": f"{found.cost:.4g}",
        "request": told.cpu_each,
        "now": seen.replicas,
        "count": told.instances_foretold,
        "sized": told.instances,
        "at": "" if first is None else f"{first:%Y-%m-%d %H:%M}Z",
        "start": "" if told.scale_up_s is None else f"{told.scale_up_s:.0f}",
        "worst": "" if told.scale_up_worst_s is None else f"{told.scale_up_worst_s:.0f}",
    }
    most = int(seen.scaler.spec.get("maxReplicas", 0)) if seen.scaler else 0
    due = [
        (f"basis_{found.basis}", True),
        ("division", True),
        *([(parted.otherwise, True), ("larger", True)] if parted else []),
        ("crossing", first is not None),
        ("enough", first is None),
        ("starts", told.scale_up_s is not None),
        ("no_starts", told.scale_up_s is None),
        ("scaled", seen.scaler is not None),
        ("scaler_ends", bool(most) and (told.instances or 0) > most),
    ]
    return [(key, {**facts, "most": most}) for key, is_due in due if is_due]


def _amounts(one: "Instance", count: int) -> dict[str, str]:
    cpu, memory = one.cpu_request, one.memory_request
    return {
        "cpu_each": as_cores(cpu) if cpu else "",
        "memory_each": as_bytes(memory) if memory else "",
        "cpu_total": as_cores(cpu * count) if cpu else "",
        "memory_total": as_bytes(memory * count) if memory else "",
    }


def _instance(workload: Resource) -> "Instance":
    from mcp_servers.engines.scaling import Instance

    containers = rows(workload.spec, "template", "spec", "containers")

    def total(part: str, what: str) -> float:
        # A container without the figure makes the sum less than a pod may take: then it is unset.
        told = [quantity(section(one, "resources", part).get(what)) for one in containers]
        return float(sum(one for one in told if one)) if told and all(told) else 0.0

    return Instance(
        cpu_request=total("requests", "cpu"),
        cpu_limit=total("limits", "cpu"),
        memory_request=total("requests", "memory"),
        memory_limit=total("limits", "memory"),
    )


def _own_target(scaler: Resource | None, metric: str) -> float:
    """The share of a request at which its autoscaler adds pods; 0: it has none by this."""
    if scaler is None:
        return 0.0
    what = "memory" if metric == "memory" else "cpu"
    for one in rows(scaler.spec, "metrics"):
        if text(one, "resource", "name") == what:
            share = section(one, "resource", "target").get("averageUtilization")
            return float(share) / 100 if isinstance(share, int) else 0.0
    return 0.0


def _starts(pods: Sequence[Resource]) -> list[float]:
    """Seconds from making to ready; a pod that restarted became ready anew, which is no start."""
    found = [_start(one) for one in pods if not _restarted(one)]
    return [one for one in found if one is not None]


def _start(pod: Resource) -> float | None:
    for one in rows(pod.status, "conditions"):
        if text(one, "type") == "Ready" and text(one, "status") == "True":
            ready = moment(one.get("lastTransitionTime"))
            if ready and pod.created_at and ready >= pod.created_at:
                return (ready - pod.created_at).total_seconds()
    return None


def _restarted(pod: Resource) -> bool:
    told: Sequence[Json] = rows(pod.status, "containerStatuses")
    return any(one.get("restartCount") for one in told)


def _nothing(key: str, wanted: Wanted, **facts: object) -> Recommendation:
    return Recommendation(verdict="insufficient_data", reasons=[reason(key, wanted, **facts)])
