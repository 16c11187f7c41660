"""Autoscalers that can go no further, or that cannot scale at all."""

from collections.abc import Iterator
from datetime import timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.fields import text, whole
from mcp_servers.engines.scalers import HPA, Reading, readings, target_of
from mcp_servers.engines.settling import is_terminating, is_young
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Fix, Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Resource, moment

AT_MAX_FOR = timedelta(minutes=15)


def autoscaler_limits(cluster: Cluster) -> Iterator[Finding]:
    """`hpa.at_max`, and `hpa.inert` as hygiene."""
    for scaler in cluster.all(HPA):
        if is_young(cluster, scaler) or is_terminating(scaler):
            continue
        least, most = _bounds(scaler)
        if least == most:
            bounds = f"minReplicas {least}, maxReplicas {most}"
            yield _inert(scaler, "bounds", citing.field(scaler, ".spec", bounds), most)
        elif _condition(scaler, "ScalingActive").get("reason") == "ScalingDisabled":
            cited = _cited(scaler, "ScalingActive", _condition(scaler, "ScalingActive"))
            yield _inert(scaler, "disabled", cited, most)
        elif _wants_more(cluster, scaler):
            yield from _at_max(scaler, most)


def _bounds(scaler: Resource) -> tuple[int, int]:
    return whole(scaler.spec, "minReplicas", default=1), whole(scaler.spec, "maxReplicas")


def _condition(scaler: Resource, kind: str) -> Json:
    return scaler.condition(kind) or Json()


def _cited(scaler: Resource, kind: str, condition: Json) -> Evidence:
    since = moment(condition.get("lastTransitionTime"))
    said = f"{condition.get('status')} ({condition.get('reason')}: {condition.get('message')})"
    return citing.field(scaler, f".status.conditions[{kind}]", said, since)


def _wants_more(cluster: Cluster, scaler: Resource) -> bool:
    """Whether it has wanted more replicas than it may have for a quarter of an hour."""
    limited = _condition(scaler, "ScalingLimited")
    since = moment(limited.get("lastTransitionTime"))
    held = limited.get("status") == "True" and limited.get("reason") == "TooManyReplicas"
    return held and since is not None and cluster.now - since >= AT_MAX_FOR


def _at_max(scaler: Resource, most: int) -> Iterator[Finding]:
    """A limit that a metric at its target no longer presses against is no fault."""
    read = list(readings(scaler))
    above = [one for one in read if one.is_above]
    if read and not above:
        return
    target, limited = target_of(scaler), _condition(scaler, "ScalingLimited")
    yield Finding(
        rule="hpa.at_max",
        severity=Severity.MEDIUM,
        confidence=Confidence.CERTAIN if above else Confidence.STRONG,
        resource=scaler.ref,
        since=moment(limited.get("lastTransitionTime")),
        evidence=(
            _cited(scaler, "ScalingLimited", limited),
            citing.field(scaler, ".spec.maxReplicas", most),
            *(_reading(scaler, one) for one in above[:2]),
        ),
        params={
            "target": f"{target.kind} {target.name}",
            "most": str(most),
            "current": text(scaler.status, "currentReplicas"),
            "metrics": ", ".join(f"{one.name} {one.current}/{one.target}" for one in above),
        },
        affected=(target,),
        cause_key="at max",
        fix=Fix("fix.hpa", scaler.ref),
        joins={"target": str(target), "hpa": key(scaler.ref)},
    )


def _reading(scaler: Resource, one: Reading) -> Evidence:
    said = f"{one.current} (target {one.target})"
    return citing.field(scaler, f".status.currentMetrics[{one.name}]", said)


def _inert(scaler: Resource, why: str, cited: Evidence, most: int) -> Finding:
    target = target_of(scaler)
    return Finding(
        rule="hpa.inert",
        severity=Severity.LOW,
        confidence=Confidence.CERTAIN,
        resource=scaler.ref,
        since=cited.at,
        evidence=(cited,),
        params={
            "target": f"{target.kind} {target.name}",
            "count": str(most) if why == "bounds" else "",
            "disabled": "0" if why == "disabled" else "",
        },
        cause_key=why,
        joins={"target": str(target), "hpa": key(scaler.ref)},
    )
