"""Ask the hands for all that the diagnosers read; what cannot be had is listed, never guessed."""

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from core.clock import utc_now
from core.errors import NotFound, OpsError
from mcp_servers.backends.alertmanager import Alertmanager
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.backends.prometheus import Prometheus
from mcp_servers.engines.certificates import as_facts, read_certificate
from mcp_servers.engines.changes import changes_in
from mcp_servers.engines.fields import strings
from mcp_servers.engines.request_metrics import Question
from mcp_servers.engines.secret_shapes import without_values
from mcp_servers.facts.alerts import Monitoring
from mcp_servers.facts.kubernetes import Cluster, Event, NotChecked, Resource
from mcp_servers.facts.metrics import Series
from mcp_servers.rca.gather_extended import beyond
from mcp_servers.rca.gather_logs import gather_logs
from mcp_servers.rca.metric_questions import of_objects, of_programs
from mcp_servers.rca.monitoring import gather_monitoring

Found = TypeVar("Found")

NAMESPACED = (
    "Pod",
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "CronJob",
    "Service",
    "EndpointSlice",
    "ConfigMap",
    "Secret",
    "ServiceAccount",
    "PersistentVolumeClaim",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "Ingress",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
)
CLUSTER_SCOPED = (
    "Namespace",
    "Node",
    "PersistentVolume",
    "StorageClass",
    "IngressClass",
    "PriorityClass",
    "APIService",
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
)
# Kinds that tell of security and hygiene only: refused, they hide no cause of an outage.
FOR_NOTES = ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
# These say how a fault is mended, and are not what causes one.
FOR_REPAIRS = ("PriorityClass", "ControllerRevision")

# A leak counts after six hours; a point every five minutes is enough for a slope and a quarter hour.
METRICS_REACH_BACK = timedelta(hours=8)
# One more than there are steps, so that the last is of now: a repair is judged by it.
POINTS = 97
# Between clocks that are kept, and while a question is under way.
CLOCKS_AGREE = timedelta(seconds=45)


async def gather(
    kubernetes: Kubernetes,
    prometheus: Prometheus | None,
    alertmanager: Alertmanager | None = None,
    *,
    window: timedelta,
    only: str = "",
    near: str = "",
    pipeline: bool = False,
) -> Cluster:
    """Everything in sight at this moment, or in the one namespace `only`; logs of `near` first.

    With `pipeline`, also how monitoring itself fares, which is not for those who see only part.

    Raises `UpstreamUnavailable` when the Kubernetes API itself does not answer: without it there
    is nothing to say. Whatever else fails ends up in `not_checked`.
    """
    now = utc_now()
    missed: list[NotChecked] = []
    resources, extended, events = await asyncio.gather(
        _resources(kubernetes, only, missed),
        beyond(kubernetes, only, missed),
        _events(kubernetes, only, missed),
    )
    seen = Cluster(
        now=now,
        resources=[*resources, *extended],
        events=events,
        name=kubernetes.cluster_name,
        window=window,
    )
    logs, series, monitored = await asyncio.gather(
        gather_logs(kubernetes, seen, near, missed),
        _series(prometheus, only, now, missed),
        _monitored(prometheus if pipeline else None, alertmanager, now, window),
    )
    monitoring, of_monitoring, missed_there = monitored
    return replace(
        seen,
        logs=logs,
        series=[*series, *of_monitoring],
        changes=changes_in(seen),
        monitoring=monitoring,
        not_checked=tuple(dict.fromkeys([*missed, *missed_there])),
    )


async def _monitored(
    prometheus: Prometheus | None,
    alertmanager: Alertmanager | None,
    now: datetime,
    window: timedelta,
) -> tuple[Monitoring, list[Series], list[NotChecked]]:
    if prometheus is None or not prometheus.configured:
        return Monitoring(), [], []
    return await gather_monitoring(prometheus, alertmanager, now=now, window=window)


async def _resources(kubernetes: Kubernetes, only: str, missed: list[NotChecked]) -> list[Resource]:
    asked = [(kind, kubernetes.list(kind)) for kind in CLUSTER_SCOPED]
    asked += [(kind, kubernetes.list(kind, namespace=only)) for kind in NAMESPACED]
    asked += [(kind, kubernetes.list(kind, namespace=only)) for kind in FOR_NOTES]
    listed = await asyncio.gather(*(or_missed(what, call, missed) for what, call in asked))
    return [_without_values(resource) for found in listed for resource in found]


async def or_missed(
    what: str, call: Awaitable[Sequence[Found]], missed: list[NotChecked]
) -> Sequence[Found]:
    """What the call found; when it was refused, nothing, and a line in `missed`."""
    try:
        return await call
    except NotFound:
        return ()  # the cluster does not serve this kind: there is nothing of it to check
    except OpsError as error:
        if error.code == "upstream_unavailable" and what in ("Pod", "Node"):
            raise
        missed.append(_not_checked(what, error))
        return ()


def _not_checked(what: str, error: OpsError) -> NotChecked:
    allow = error.hint if error.code == "forbidden" else ""
    return NotChecked(
        what, f"{error.code}: {error.message}", allow, what in (*FOR_NOTES, *FOR_REPAIRS)
    )


def _without_values(resource: Resource) -> Resource:
    """A Secret loses what its keys hold before anything reads it; of a certificate stays what it
    says to everybody who connects."""
    if resource.kind != "Secret":
        return resource
    kept = without_values(resource.raw)
    certificate = read_certificate(strings(resource.raw, "data").get("tls.crt"))
    return Resource({**kept.raw, "certificate": as_facts(certificate)}) if certificate else kept


async def _events(kubernetes: Kubernetes, only: str, missed: list[NotChecked]) -> list[Event]:
    return list(await or_missed("events", kubernetes.events(namespace=only), missed))


async def _series(
    prometheus: Prometheus | None, only: str, now: datetime, missed: list[NotChecked]
) -> list[Series]:
    if prometheus is None:
        missed.append(NotChecked("metrics", "not_configured: No Prometheus is configured."))
        return []
    ahead = await _clock_ahead(prometheus, missed)
    start, end = now - METRICS_REACH_BACK + ahead, now + ahead
    of_requests = await or_missed(
        "metrics", of_programs(prometheus, only, start=start, end=end), missed
    )
    read = await asyncio.gather(
        *(
            or_missed("metrics", _asked(prometheus, one, now, ahead), missed)
            for one in (*of_objects(only), *of_requests)
        )
    )
    missed[:] = dict.fromkeys(missed)  # one Prometheus that is away is one thing not checked
    return [one for found in read for one in found]


async def _clock_ahead(prometheus: Prometheus, missed: list[NotChecked]) -> timedelta:
    """How far the clock of Prometheus is ahead of this one; nothing where they agree well enough."""
    before = utc_now()
    told = await or_missed("metrics", prometheus.query("time()"), missed)
    if not told or not told[0].points:
        return timedelta(0)
    ahead = datetime.fromtimestamp(told[0].points[0][1], UTC) - before
    if abs(ahead) < CLOCKS_AGREE:
        return timedelta(0)
    facts = (("seconds", f"{ahead.total_seconds():+.0f}"),)
    why = f"Its clock is off by {ahead.total_seconds():+.0f} seconds; its times were put right."
    missed.append(NotChecked("clock of Prometheus", why, "", True, "clock_off", facts))
    return ahead


async def _asked(
    prometheus: Prometheus, question: Question, now: datetime, ahead: timedelta
) -> Sequence[Series]:
    """The answer by this clock, from one whose clock is so far ahead."""
    start, end = now - METRICS_REACH_BACK + ahead, now + ahead
    found = await prometheus.query_range(question.promql, start=start, end=end, points=POINTS)
    return [
        replace(
            one,
            role=question.role,
            metric=question.metric,
            points=tuple((at - ahead, value) for at, value in one.points),
        )
        for one in found
    ]
