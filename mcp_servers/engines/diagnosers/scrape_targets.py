"""Places that Prometheus cannot scrape, told about the workload that should answer there."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import about_pod
from mcp_servers.engines.fields import strings
from mcp_servers.engines.intervals import step_of, stretches
from mcp_servers.engines.settling import desired_replicas, is_finished, is_terminating
from mcp_servers.facts.alerts import Target
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity, Source
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource
from mcp_servers.facts.metrics import Series

# The series say that a target was down for so long already.
DOWN_FOR = timedelta(minutes=5)
_SCALED = ("Deployment", "StatefulSet", "ReplicaSet")


def target_down(cluster: Cluster) -> Iterator[Finding]:
    """`alert.target_down`: unanswered for five minutes and still. Silent about a pod that is gone
    or leaving, and about a Service whose workloads are scaled to zero."""
    series = {
        (one.label("job"), one.label("instance")): one for one in cluster.series_for("scrape_down")
    }
    step = step_of(list(series.values()), DOWN_FOR)
    for target in cluster.monitoring.targets:
        told = series.get((target.job, target.instance))
        since = _down_since(cluster, told, step) if told and target.health == "down" else None
        if told and since:
            yield from _finding(cluster, target, told, since)


def _down_since(cluster: Cluster, told: Series, step: timedelta) -> datetime | None:
    held = stretches(told, step)
    if not held or cluster.now - held[-1][1] > step * 2:
        return None
    return held[-1][0] - DOWN_FOR


def _finding(cluster: Cluster, target: Target, told: Series, since: datetime) -> Iterator[Finding]:
    namespace, pod_name = target.label("namespace"), target.label("pod")
    error = citing.quoted(target.last_error)
    where = f"target {target.job} {target.instance}"
    evidence = [
        citing.series(told, f"up = 0 since {citing.clock(since)}", since),
        Evidence(Source.ALERT, where, f"health = down {error}".strip()),
    ]
    params = {"job": target.job, "instance": target.instance, "error": error}
    joins = {"scrape_job": target.job}
    if pod_name and namespace and cluster.all("Pod"):
        pod = cluster.get(Ref("Pod", namespace, pod_name))
        if pod is not None and not is_terminating(pod) and not is_finished(pod):
            yield about_pod(
                cluster,
                pod,
                "alert.target_down",
                Severity.HIGH,
                evidence,
                since=since,
                cause_key=target.job,
                params=params,
                joins=joins,
            )
        return
    resource = _stands_for(cluster, target)
    if resource is not None:
        yield Finding(
            rule="alert.target_down",
            severity=Severity.HIGH,
            confidence=Confidence.CERTAIN,
            resource=resource,
            since=since,
            evidence=tuple(evidence),
            params={"pod": "", "node": "", **params},
            cause_key=target.job,
            joins=joins,
        )


def _stands_for(cluster: Cluster, target: Target) -> Ref | None:
    """The Service that is scraped, else the target itself; None when nothing is meant to answer."""
    namespace = target.label("namespace")
    named = target.label("service") or target.label("kubernetes_name")
    service = cluster.get(Ref("Service", namespace, named)) if named else None
    if service is None:
        return Ref("ScrapeTarget", namespace, f"{target.job}/{target.instance}")
    return None if _is_asleep(cluster, service) else service.ref


def _is_asleep(cluster: Cluster, service: Resource) -> bool:
    selector = strings(service.spec, "selector")
    behind = [
        one
        for kind in _SCALED
        for one in cluster.all(kind, service.namespace)
        if selector
        and selector.items() <= strings(one.spec, "template", "metadata", "labels").items()
    ]
    return bool(behind) and all(desired_replicas(one) == 0 for one in behind)
