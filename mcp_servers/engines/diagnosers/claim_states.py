"""Claims that are bound and yet in trouble: shared too widely, not growing, not leaving."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_objects import about_object, listed
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.claims import pods_using
from mcp_servers.engines.containers import containers
from mcp_servers.engines.fields import text, words
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.quantities import quantity
from mcp_servers.engines.settling import is_finished, is_terminating, is_young
from mcp_servers.engines.stamps import deleted_at, written_at
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Fix, Severity
from mcp_servers.facts.kubernetes import Cluster, Event, Json, Ref, Resource, moment

TAKES_AT_MOST = timedelta(minutes=10)
PROTECTION = "kubernetes.io/pvc-protection"
# ExternalExpanding tells that somebody else has to do it; where nobody does, it stays the last word.
RESIZE_FAILED = (
    "VolumeResizeFailed",
    "FileSystemResizeFailed",
    "ExpandVolumeFailed",
    "ExternalExpanding",
)
WAITS_FOR_POD = "FileSystemResizePending"
SINGLE_NODE = {"ReadWriteOnce", "ReadWriteOncePod"}


def shared_claims(cluster: Cluster) -> Iterator[Finding]:
    """`pvc.access_mode`: pods on several nodes use a claim for one node, and one cannot start.

    Where all of them run the driver allows it, whatever the claim says; and while one of the nodes
    is lost, the loss is what counts.
    """
    for claim in cluster.all("PersistentVolumeClaim"):
        modes = set(words(claim.spec, "accessModes"))
        if not modes or not modes <= SINGLE_NODE:
            continue
        pods = [pod for pod in pods_using(cluster, claim) if _counts(pod)]
        nodes = sorted({text(pod.spec, "nodeName") for pod in pods} - {""})
        kept_out = [one for one in pods if not is_young(cluster, one) and _never_started(one)]
        crowded = len(nodes) > 1 or (modes == {"ReadWriteOncePod"} and len(pods) > 1)
        if crowded and kept_out and not any(_is_lost(cluster, one) for one in nodes):
            yield _shared(cluster, claim, pods, kept_out, nodes)


def _counts(pod: Resource) -> bool:
    return not is_finished(pod) and not is_terminating(pod)


def _never_started(pod: Resource) -> bool:
    """A pod that waits for its volume has no container that ever ran."""
    return not any(one.running or one.ready or one.terminations for one in containers(pod))


def _is_lost(cluster: Cluster, node: str) -> bool:
    held = cluster.get(Ref("Node", "", node))
    return held is not None and (held.condition("Ready") or {}).get("status") != "True"


def _shared(
    cluster: Cluster,
    claim: Resource,
    pods: list[Resource],
    kept_out: list[Resource],
    nodes: list[str],
) -> Finding:
    modes = ", ".join(words(claim.spec, "accessModes"))
    placed = [citing.field(pod, ".spec.nodeName", text(pod.spec, "nodeName")) for pod in pods[:3]]
    since = [at for pod in kept_out if (at := pod.created_at)]
    return about_object(
        claim,
        "pvc.access_mode",
        Severity.HIGH,
        [citing.field(claim, ".spec.accessModes", modes), *placed],
        confidence=Confidence.STRONG,
        since=min(since, default=None),
        affected=[*_owners(cluster, kept_out), *(pod.ref for pod in kept_out)],
        params={
            "modes": modes,
            "nodes": listed(nodes),
            "pods": listed([pod.name for pod in pods]),
            "message": "",
            "storage_class": "",
        },
        joins={"claim": key(claim.ref)},
    )


def _owners(cluster: Cluster, pods: Sequence[Resource]) -> list[Ref]:
    return sorted({top_owner(cluster, pod) for pod in pods})


def stuck_resizes(cluster: Cluster) -> Iterator[Finding]:
    """`pvc.resize_stuck`: asked to grow over ten minutes ago, and still as small."""
    for claim in cluster.all("PersistentVolumeClaim"):
        if text(claim.status, "phase") != "Bound" or is_terminating(claim):
            continue
        condition = _resizing(claim)
        failed = cluster.events_about(claim, *RESIZE_FAILED)
        since = _asked_at(claim, condition, failed)
        grown = _has_grown(claim) and not condition
        if not grown and (condition or failed) and since and cluster.now - since >= TAKES_AT_MOST:
            yield _stuck_resize(cluster, claim, condition, failed, since)


def _resizing(claim: Resource) -> Json:
    kinds = (WAITS_FOR_POD, "ControllerResizeError", "NodeResizeError", "Resizing")
    found = [claim.condition(kind) for kind in kinds]
    return next((one for one in found if one and one.get("status") == "True"), Json())


def _has_grown(claim: Resource) -> bool:
    asked = quantity(text(claim.spec, "resources", "requests", "storage"))
    holds = quantity(text(claim.status, "capacity", "storage"))
    return asked is None or holds is None or holds >= asked


def _asked_at(claim: Resource, condition: Json, failed: list[Event]) -> datetime | None:
    times = [moment(condition.get("lastTransitionTime")), *(one.first_at for one in failed)]
    return min((at for at in times if at is not None), default=written_at(claim, "f:resources"))


def _stuck_resize(
    cluster: Cluster, claim: Resource, condition: Json, failed: list[Event], since: datetime
) -> Finding:
    asked = text(claim.spec, "resources", "requests", "storage")
    holds = text(claim.status, "capacity", "storage")
    kind, message = text(condition, "type"), text(condition, "message")
    users = [pod for pod in pods_using(cluster, claim) if _counts(pod)]
    owners = _owners(cluster, users)
    named = text(claim.spec, "storageClassName")
    allowed = _allows_growth(cluster, named)
    evidence: list[Evidence] = [
        citing.field(claim, ".spec.resources.requests.storage", asked),
        citing.field(claim, ".status.capacity.storage", holds),
    ]
    if condition:
        path = f".status.conditions[{kind}]"
        evidence.append(citing.field(claim, path, f"True ({message})", since))
    said = failed[-1].message if failed else message
    found = about_object(
        claim,
        "pvc.resize_stuck",
        Severity.MEDIUM,
        [*evidence, *citing.events(failed, at_most=1), *_forbidden(cluster, named)],
        since=since,
        affected=owners,
        params={
            "asked": asked,
            "holds": holds,
            "condition": kind,
            "message": citing.quoted(said),
            "forbidding": named if allowed is False else "",
            "consumers": listed([f"{one.kind} {one.name}" for one in owners]),
        },
        joins={"claim": key(claim.ref)},
    )
    restarts = kind == WAITS_FOR_POD and len(owners) == 1 and owners[0].kind != "Pod"
    return replace(found, fix=Fix("fix.restart", owners[0])) if restarts else found


def _allows_growth(cluster: Cluster, name: str) -> bool | None:
    held = cluster.get(Ref("StorageClass", "", name))
    return None if held is None else held.raw.get("allowVolumeExpansion") is True


def _forbidden(cluster: Cluster, name: str) -> list[Evidence]:
    held = cluster.get(Ref("StorageClass", "", name))
    if held is None or held.raw.get("allowVolumeExpansion") is True:
        return []
    return [citing.field(held, ".allowVolumeExpansion", "false")]


def stuck_claims(cluster: Cluster) -> Iterator[Finding]:
    """`pvc.stuck_terminating`: deleted, and held by pods that stay."""
    for claim in cluster.all("PersistentVolumeClaim"):
        since = deleted_at(claim)
        if since is None or cluster.now - since < TAKES_AT_MOST:
            continue
        if PROTECTION not in words(claim.metadata, "finalizers"):
            continue
        pods = [pod for pod in pods_using(cluster, claim) if not is_finished(pod)]
        if not any(is_terminating(pod) for pod in pods):
            yield _stuck(cluster, claim, since, pods)


def _stuck(cluster: Cluster, claim: Resource, since: datetime, pods: list[Resource]) -> Finding:
    deleted = citing.field(claim, ".metadata.deletionTimestamp", citing.clock(since), since)
    users = [
        citing.field(pod, ".spec.volumes[].persistentVolumeClaim.claimName", claim.name)
        for pod in pods[:2]
    ]
    return about_object(
        claim,
        "pvc.stuck_terminating",
        Severity.MEDIUM,
        [deleted, citing.field(claim, ".metadata.finalizers", PROTECTION), *users],
        since=since,
        affected=_owners(cluster, pods),
        params={
            "deleted_at": citing.clock(since),
            "pods": listed([pod.name for pod in pods]),
            "workloads": listed([f"{one.kind} {one.name}" for one in _owners(cluster, pods)]),
        },
        joins={"claim": key(claim.ref)},
    )
