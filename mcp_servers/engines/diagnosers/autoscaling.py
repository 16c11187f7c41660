"""Autoscalers that cannot compute: no request to measure against, no metrics, no target."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from mcp_servers.engines import citing
from mcp_servers.engines.containers import Container, Role, containers
from mcp_servers.engines.fields import rows, text
from mcp_servers.engines.ownership import pods_by_owner
from mcp_servers.engines.revisions import template_of
from mcp_servers.engines.settling import is_finished, is_terminating, is_young
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Fix, Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource, moment
from mcp_servers.facts.nearest import nearest_names

METRICS_API = ("metrics.k8s.io", "custom.metrics.k8s.io", "external.metrics.k8s.io")


def autoscaling(cluster: Cluster) -> Iterator[Finding]:
    """`hpa.target_invalid`, `hpa.requests_missing` and `hpa.metrics_unavailable`."""
    for scaler in cluster.all("HorizontalPodAutoscaler"):
        if is_young(cluster, scaler):
            continue
        if _target_is_invalid(cluster, scaler):
            yield _invalid(cluster, scaler)
        elif missing := _missing_requests(cluster, scaler):
            yield _requests(cluster, scaler, missing)
        elif _has_no_metrics(cluster, scaler):
            yield _no_metrics(cluster, scaler)


def _target(scaler: Resource) -> Ref:
    kind = text(scaler.spec, "scaleTargetRef", "kind")
    return Ref(kind, scaler.namespace, text(scaler.spec, "scaleTargetRef", "name"))


def _condition(scaler: Resource, kind: str) -> tuple[Json, Evidence | None, datetime | None]:
    condition = scaler.condition(kind) or Json()
    if not condition:
        return condition, None, None
    since = moment(condition.get("lastTransitionTime"))
    said = f"{condition.get('status')} ({condition.get('reason')}: {condition.get('message')})"
    return condition, citing.field(scaler, f".status.conditions[{kind}]", said, since), since


def _target_is_invalid(cluster: Cluster, scaler: Resource) -> bool:
    condition, _, _ = _condition(scaler, "AbleToScale")
    if condition.get("status") == "False" and condition.get("reason") == "FailedGetScale":
        return True
    target = _target(scaler)
    known = target.kind in ("Deployment", "StatefulSet") and bool(cluster.all(target.kind))
    return known and cluster.get(target) is None


def _invalid(cluster: Cluster, scaler: Resource) -> Finding:
    target = _target(scaler)
    known = [one.name for one in cluster.all(target.kind, scaler.namespace)]
    near = nearest_names(target.name, known)
    _, cited, since = _condition(scaler, "AbleToScale")
    return _finding(
        scaler,
        scaler.ref,
        "hpa.target_invalid",
        [
            citing.field(scaler, ".spec.scaleTargetRef", f"{target.kind} {target.name}"),
            *([cited] if cited else []),
        ],
        since=since,
        fix=Fix("fix.hpa", scaler.ref) if len(near) == 1 else None,
        params={"near": ", ".join(near)},
    )


def _missing_requests(cluster: Cluster, scaler: Resource) -> list[tuple[str, str]]:
    """(resource, container) pairs that a utilisation is asked of and no request is set for."""
    counted = _containers(cluster, _target(scaler))
    missing: list[tuple[str, str]] = []
    for metric in rows(scaler.spec, "metrics"):
        asked = metric.get("resource") or metric.get("containerResource") or Json()
        if text(asked, "target", "type") != "Utilization":
            continue
        name, only = text(asked, "name"), text(asked, "container")
        missing += [
            (name, one.name)
            for one in counted
            if (not only or one.name == only) and not _request(one, name)
        ]
    return list(dict.fromkeys(missing))


def _request(container: Container, name: str) -> str:
    """A limit stands for the request where none is written: the API server fills it in."""
    return container.asks("requests", name) or container.asks("limits", name)


def _containers(cluster: Cluster, target: Ref) -> list[Container]:
    """The containers that count: of the pods, where a LimitRange may have filled in, else planned."""
    pods = [
        pod
        for pod in pods_by_owner(cluster).get(target, [])
        if not is_terminating(pod) and not is_finished(pod)
    ]
    workload = cluster.get(target)
    planned = Resource({"kind": "Pod", **template_of(workload)}) if workload else None
    counted = pods[:1] or ([planned] if planned else [])
    return [
        one for pod in counted for one in containers(pod) if one.role in (Role.APP, Role.SIDECAR)
    ]


def _requests(cluster: Cluster, scaler: Resource, missing: list[tuple[str, str]]) -> Finding:
    target = _target(scaler)
    _, cited, since = _condition(scaler, "ScalingActive")
    workload = cluster.get(target)
    resource, container = missing[0]
    path = f".spec.template.spec.containers[{container}].resources.requests.{resource}"
    absent = [citing.field(workload, path, "absent")] if workload else []
    named = ", ".join(sorted({name for _, name in missing}))
    return _finding(
        scaler,
        target,
        "hpa.requests_missing",
        [*([cited] if cited else []), *absent],
        since=since,
        fix=Fix("fix.resources", target),
        params={"resource_name": resource, "containers": named},
    )


def _has_no_metrics(cluster: Cluster, scaler: Resource) -> bool:
    condition, _, _ = _condition(scaler, "ScalingActive")
    reason = text(condition, "reason")
    failed = condition.get("status") == "False" and reason.startswith("FailedGet")
    return failed and "missing request" not in text(condition, "message")


def _no_metrics(cluster: Cluster, scaler: Resource) -> Finding:
    condition, cited, since = _condition(scaler, "ScalingActive")
    away = _unavailable_apis(cluster)
    seen = [citing.field(one, ".status.conditions[Available].status", "False") for one in away]
    return _finding(
        scaler,
        scaler.ref,
        "hpa.metrics_unavailable",
        [*([cited] if cited else []), *seen[:1]],
        since=since,
        params={
            "reason": text(condition, "reason"),
            "message": citing.quoted(text(condition, "message")),
            "api": ", ".join(one.name for one in away),
        },
        joins={"api": ",".join(sorted({text(one.spec, "group") for one in away}))},
    )


def _unavailable_apis(cluster: Cluster) -> list[Resource]:
    return [
        one
        for one in cluster.all("APIService")
        if text(one.spec, "group") in METRICS_API
        and (one.condition("Available") or {}).get("status") == "False"
    ]


def _finding(
    scaler: Resource,
    resource: Ref,
    rule: str,
    evidence: list[Evidence],
    *,
    since: datetime | None,
    params: dict[str, str],
    fix: Fix | None = None,
    joins: Mapping[str, str] | None = None,
) -> Finding:
    target = _target(scaler)
    return Finding(
        rule=rule,
        severity=Severity.HIGH,
        confidence=Confidence.CERTAIN,
        resource=resource,
        since=since,
        evidence=tuple(evidence),
        params={"scaler": scaler.name, "target": f"{target.kind} {target.name}", **params},
        affected=(scaler.ref,),
        cause_key=scaler.name,
        fix=fix,
        joins={
            "target": str(target),
            "hpa": f"{scaler.namespace}/{scaler.name}",
            **(joins or {}),
        },
    )
