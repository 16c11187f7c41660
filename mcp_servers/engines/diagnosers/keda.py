"""KEDA's ScaledObjects that do not work, or were left paused."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.fields import rows, text
from mcp_servers.engines.scalers import KEDA, target_of
from mcp_servers.engines.settling import is_terminating, is_young
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource, moment
from mcp_servers.facts.nearest import nearest_names

PAUSED = ("autoscaling.keda.sh/paused", "autoscaling.keda.sh/paused-replicas")
PAUSED_TOO_LONG = timedelta(hours=24)
FAILED = ("KEDAScalerFailed", "ScaledObjectCheckFailed", "KEDAMetricSourceFailed")


def keda(cluster: Cluster) -> Iterator[Finding]:
    """`keda.not_ready`; a ScaledObject that is merely idle (Active=False) works as it should."""
    for scaled in cluster.all(KEDA):
        if is_young(cluster, scaled) or is_terminating(scaled):
            continue
        ready = scaled.condition("Ready") or Json()
        since = moment(ready.get("lastTransitionTime"))
        if _target_is_absent(cluster, scaled):
            yield _finding(cluster, scaled, "target", ready, since or scaled.created_at)
        elif ready.get("status") == "False":
            yield _finding(cluster, scaled, "not ready", ready, since)
        elif _is_paused(scaled):
            yield from _paused(cluster, scaled)


def _target_is_absent(cluster: Cluster, scaled: Resource) -> bool:
    target = target_of(scaled)
    known = target.kind in ("Deployment", "StatefulSet") and bool(cluster.all(target.kind))
    return known and cluster.get(target) is None


def _is_paused(scaled: Resource) -> bool:
    annotated = any(text(scaled.annotations, name) not in ("", "false") for name in PAUSED)
    return annotated or (scaled.condition("Paused") or {}).get("status") == "True"


def _paused(cluster: Cluster, scaled: Resource) -> Iterator[Finding]:
    condition = scaled.condition("Paused") or Json()
    since = moment(condition.get("lastTransitionTime")) or _annotated_at(scaled)
    if since is not None and cluster.now - since > PAUSED_TOO_LONG:
        yield _finding(cluster, scaled, "paused", condition, since)


def _annotated_at(scaled: Resource) -> datetime | None:
    """When an annotation was last written, as managedFields remember it."""
    times = [
        moment(one.get("time"))
        for one in rows(scaled.metadata, "managedFields")
        if any(f"f:{name}" in str(one.get("fieldsV1")) for name in PAUSED)
    ]
    return max((at for at in times if at is not None), default=None)


def _finding(
    cluster: Cluster, scaled: Resource, why: str, condition: Json, since: datetime | None
) -> Finding:
    target = target_of(scaled)
    triggers = [text(one, "type") for one in rows(scaled.spec, "triggers")]
    events = cluster.events_about(scaled, *FAILED)
    said = text(condition, "message") or (events[-1].message if events else "")
    return Finding(
        rule="keda.not_ready",
        severity=Severity.LOW if why == "paused" else Severity.HIGH,
        confidence=Confidence.CERTAIN,
        resource=scaled.ref,
        since=since,
        evidence=(
            *_cited(cluster, scaled, why, condition, since, target),
            *citing.events(events, at_most=1),
        ),
        params={
            "target": f"{target.kind} {target.name}",
            "triggers": ", ".join(dict.fromkeys(triggers)),
            "message": citing.quoted(said) if why != "paused" else "",
            "absent": target.name if why == "target" else "",
            "near": ", ".join(_near(cluster, target)) if why == "target" else "",
            "paused_at": citing.clock(since) if why == "paused" else "",
        },
        affected=(target,) if why != "target" else (),
        cause_key=why,
        joins={"target": str(target), "hpa": key(scaled.ref)},
    )


def _cited(
    cluster: Cluster,
    scaled: Resource,
    why: str,
    condition: Json,
    since: datetime | None,
    target: Ref,
) -> list[Evidence]:
    said = f"{condition.get('status')} ({condition.get('reason')}: {condition.get('message')})"
    kind = "Paused" if why == "paused" else "Ready"
    stated = [citing.field(scaled, f".status.conditions[{kind}]", said, since)] if condition else []
    named = citing.field(scaled, ".spec.scaleTargetRef", f"{target.kind} {target.name}")
    marks = [
        citing.field(scaled, f".metadata.annotations[{name}]", scaled.annotations[name])
        for name in PAUSED
        if why == "paused" and name in scaled.annotations
    ]
    return [*stated, *marks, named]


def _near(cluster: Cluster, target: Ref) -> list[str]:
    return nearest_names(
        target.name, [one.name for one in cluster.all(target.kind, target.namespace)]
    )
