"""Deployments that lack replicas, do not get on with an update, or were left paused."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.fields import rows, section, text, whole
from mcp_servers.engines.ownership import POD_HASH, pods_under
from mcp_servers.engines.revisions import (
    can_roll_back,
    newest,
    previous,
    replica_sets,
    revision,
    template_of,
)
from mcp_servers.engines.settling import desired_replicas, is_ready, is_young, rolling
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Fix, Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Resource, moment

PAUSED_TOO_LONG = timedelta(minutes=30)
SCALING_UP = timedelta(minutes=10)
CANARY = ("flagger", "argo", "rollouts", "keptn", "canary")


def unavailable(cluster: Cluster) -> Iterator[Finding]:
    """`deploy.unavailable`: fewer replicas serve than the strategy allows. Always a symptom."""
    for deployment in cluster.all("Deployment"):
        desired = desired_replicas(deployment)
        if desired == 0 or is_young(cluster, deployment) or rolling(cluster, deployment):
            continue
        if _is_short(cluster, deployment, desired):
            yield _unavailable(cluster, deployment, desired)


def _is_short(cluster: Cluster, deployment: Resource, desired: int) -> bool:
    condition = deployment.condition("Available") or {}
    if condition.get("status") == "False":
        return True
    counted = "availableReplicas" in deployment.status or "replicas" in deployment.status
    on_their_way = sum(_is_on_its_way(cluster, pod) for pod in pods_under(cluster, deployment.ref))
    allowed = _may_miss(deployment, desired) + on_their_way
    return counted and _available(deployment) < desired - allowed


def _is_on_its_way(cluster: Cluster, pod: Resource) -> bool:
    """A pod that is being started, or for which a node is."""
    if is_ready(pod):
        return False
    ordered = cluster.events_about(pod, "TriggeredScaleUp")
    coming = any(one.last_at and cluster.now - one.last_at < SCALING_UP for one in ordered)
    return coming or is_young(cluster, pod)


def _available(deployment: Resource) -> int:
    return whole(deployment.status, "availableReplicas")


def _may_miss(deployment: Resource, desired: int) -> int:
    """How many replicas may be missing: maxUnavailable, rounded down, by default a quarter."""
    if text(deployment.spec, "strategy", "type") == "Recreate":
        return 0
    allowed = text(deployment.spec, "strategy", "rollingUpdate", "maxUnavailable") or "25%"
    if not allowed.endswith("%"):
        return whole({"n": allowed}, "n")
    return desired * whole({"n": allowed[:-1]}, "n", default=25) // 100


def _unavailable(cluster: Cluster, deployment: Resource, desired: int) -> Finding:
    available = _available(deployment)
    condition = deployment.condition("Available") or {}
    since = moment(condition.get("lastTransitionTime"))
    failed = condition.get("status") == "False"
    path = ".status.conditions[Available]"
    said = f"{condition.get('status')} ({condition.get('message', '')})"
    counts = f"{available} of {desired} wanted"
    return Finding(
        rule="deploy.unavailable",
        severity=Severity.HIGH if available else Severity.CRITICAL,
        confidence=Confidence.CERTAIN,
        resource=deployment.ref,
        since=since if failed else _unready_since(cluster, deployment),
        evidence=(
            citing.field(deployment, ".status.availableReplicas", counts),
            *([citing.field(deployment, path, said, since)] if failed else []),
        ),
        params={"available": str(available), "desired": str(desired)},
        affected=tuple(pod.ref for pod in pods_under(cluster, deployment.ref)),
        joins=_revision_joins(cluster, deployment),
    )


def _unready_since(cluster: Cluster, deployment: Resource) -> datetime | None:
    lost = [
        moment(condition.get("lastTransitionTime"))
        for pod in pods_under(cluster, deployment.ref)
        if (condition := pod.condition("Ready") or {}).get("status") == "False"
    ]
    return min((at for at in lost if at is not None), default=None)


def _revision_joins(cluster: Cluster, deployment: Resource) -> dict[str, str]:
    made = newest(cluster, deployment.ref)
    return {"replicaset": key(made.ref), "revision": str(revision(made))} if made else {}


def progress_deadline(cluster: Cluster) -> Iterator[Finding]:
    """`deploy.progress_deadline`: the newest revision did not get ready in its time."""
    for deployment in cluster.all("Deployment"):
        condition = deployment.condition("Progressing") or {}
        exceeded = condition.get("reason") == "ProgressDeadlineExceeded"
        if exceeded and condition.get("status") == "False" and not _outdated(cluster, deployment):
            yield _stuck(cluster, deployment, condition)


def _outdated(cluster: Cluster, deployment: Resource) -> bool:
    """Whether the condition speaks of a revision that a complete one has followed."""
    made = newest(cluster, deployment.ref)
    message = text(deployment.condition("Progressing"), "message")
    if made is None or not message or made.name in message:
        return False
    named = [one for one in replica_sets(cluster, deployment.ref) if one.name in message]
    return bool(named) and whole(made.status, "readyReplicas") >= desired_replicas(deployment)


def _stuck(cluster: Cluster, deployment: Resource, condition: Json) -> Finding:
    desired, available = desired_replicas(deployment), _available(deployment)
    since = moment(condition.get("lastTransitionTime"))
    made, before = newest(cluster, deployment.ref), previous(cluster, deployment.ref)
    changed = _image_change(before, made or deployment)
    said = f"False (ProgressDeadlineExceeded: {condition.get('message', '')})"
    counts = f"{whole(deployment.status, 'updatedReplicas')} updated, {available} available"
    return Finding(
        rule="deploy.progress_deadline",
        severity=Severity.HIGH,
        confidence=Confidence.CERTAIN,
        resource=deployment.ref,
        since=_began(made) or since,
        evidence=(
            citing.field(deployment, ".status.conditions[Progressing]", said, since),
            citing.field(deployment, ".status", f"{counts} of {desired} wanted"),
            *_replica_set(made, changed),
        ),
        params={
            "available": str(available),
            "desired": str(desired),
            "updated": str(whole(deployment.status, "updatedReplicas")),
            "replicaset": made.name if made else "",
            "images": changed,
            "still_serving": str(available) if _serves(deployment, available, desired) else "",
        },
        affected=tuple(pod.ref for pod in pods_under(cluster, deployment.ref)),
        fix=_rollback(cluster, deployment),
        joins=_revision_joins(cluster, deployment),
    )


def _serves(deployment: Resource, available: int, desired: int) -> bool:
    return 0 < available >= desired - _may_miss(deployment, desired)


def _began(made: Resource | None) -> datetime | None:
    return made.created_at if made else None


def _rollback(cluster: Cluster, deployment: Resource) -> Fix | None:
    possible = can_roll_back(cluster, deployment.ref)
    return Fix("fix.rollback", deployment.ref) if possible else None


def _image_change(before: Resource | None, after: Resource) -> str:
    """`old → new` for every container whose image differs."""
    old, new = _images(template_of(before)), _images(template_of(after))
    return ", ".join(
        f"{old[name]} → {image}"
        for name, image in new.items()
        if name in old and old[name] != image
    )


def _images(template: Json) -> dict[str, str]:
    return {text(one, "name"): text(one, "image") for one in rows(template, "spec", "containers")}


def _replica_set(made: Resource | None, changed: str) -> list[Evidence]:
    if made is None:
        return []
    ready = f"{whole(made.status, 'readyReplicas')} of {desired_replicas(made)}"
    images = f"; image {changed}" if changed else ""
    return [citing.field(made, ".status.readyReplicas", f"{ready}{images}", made.created_at)]


def paused(cluster: Cluster) -> Iterator[Finding]:
    """`deploy.paused`: a changed template waits because the rollout was paused and forgotten."""
    for deployment in cluster.all("Deployment"):
        if deployment.spec.get("paused") is not True or _belongs_to_a_canary(deployment):
            continue
        since = _paused_since(deployment)
        if since is not None and cluster.now - since < PAUSED_TOO_LONG:
            continue
        if difference := _pending(cluster, deployment):
            yield _paused(deployment, since, difference)


def _belongs_to_a_canary(deployment: Resource) -> bool:
    owner = deployment.controller() or {}
    marks = [*deployment.annotations, *deployment.labels.values(), str(owner.get("kind", ""))]
    return any(word in mark.lower() for mark in marks for word in CANARY)


def _paused_since(deployment: Resource) -> datetime | None:
    condition = deployment.condition("Progressing") or {}
    if condition.get("reason") != "DeploymentPaused":
        return None
    return moment(condition.get("lastUpdateTime") or condition.get("lastTransitionTime"))


def _pending(cluster: Cluster, deployment: Resource) -> str:
    """How the template differs from what runs; "" when it does not or nothing can tell."""
    made = newest(cluster, deployment.ref)
    if made is None:
        behind = whole(deployment.status, "updatedReplicas") < desired_replicas(deployment)
        return "updatedReplicas" if behind and "updatedReplicas" in deployment.status else ""
    wanted, runs = _comparable(template_of(deployment)), _comparable(template_of(made))
    if wanted == runs:
        return ""
    return _image_change(made, deployment) or ".spec.template"


def _comparable(template: Json) -> Json:
    metadata = section(template, "metadata")
    labels = {
        name: value for name, value in section(metadata, "labels").items() if name != POD_HASH
    }
    return {
        "labels": labels,
        "annotations": section(metadata, "annotations"),
        "spec": section(template, "spec"),
    }


def _paused(deployment: Resource, since: datetime | None, difference: str) -> Finding:
    return Finding(
        rule="deploy.paused",
        severity=Severity.MEDIUM,
        confidence=Confidence.CERTAIN,
        resource=deployment.ref,
        since=since,
        evidence=(
            citing.field(deployment, ".spec.paused", "true", since),
            citing.field(deployment, ".spec.template (not rolled out)", difference),
        ),
        params={"paused_since": citing.clock(since), "difference": difference},
        fix=Fix("fix.resume", deployment.ref),
    )
