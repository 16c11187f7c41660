"""Objects that were deleted and stay: namespaces, and whatever else waits for a finalizer."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.about_objects import about_object
from mcp_servers.engines.about_pods import key
from mcp_servers.engines.fields import text, words
from mcp_servers.engines.stamps import deleted_at
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource

GONE_WITHIN = timedelta(minutes=10)

# In the order in which they explain: what cannot be listed, what cannot be deleted, what is left.
HOLDING = (
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceFinalizersRemaining",
    "NamespaceContentRemaining",
)
# Rules of their own speak about these: pods, claims in use, and namespaces themselves.
OTHERWISE_TOLD = {"Pod", "Namespace", "Event"}
CLAIM_PROTECTION = {"kubernetes.io/pvc-protection"}
# Words that stand in anybody's finalizer and so name no controller.
SAYING_NOTHING = {"kubernetes", "finalizer", "finalizers", "cleanup", "protection", "example"}

_API = re.compile(r"([a-z0-9-]+(?:\.[a-z0-9-]+)+)/v\w+")


def stuck_namespaces(cluster: Cluster) -> Iterator[Finding]:
    """`ns.stuck_terminating`: over ten minutes, with what its conditions say is in the way."""
    for namespace in cluster.all("Namespace"):
        since = deleted_at(namespace)
        terminating = text(namespace.status, "phase") == "Terminating"
        if since is not None and terminating and cluster.now - since >= GONE_WITHIN:
            yield _stuck_namespace(namespace, since)


def _stuck_namespace(namespace: Resource, since: datetime) -> Finding:
    conditions = [(kind, held) for kind in HOLDING if (held := _true(namespace, kind))]
    cited: list[Evidence] = [
        citing.field(namespace, f".status.conditions[{kind}].message", text(held, "message"))
        for kind, held in conditions[:3]
    ]
    said = " ".join(text(held, "message") for _, held in conditions)
    apis = sorted(set(_API.findall(said)))
    deleted = citing.field(namespace, ".metadata.deletionTimestamp", citing.clock(since), since)
    finalizers = words(namespace.spec, "finalizers")
    return about_object(
        namespace,
        "ns.stuck_terminating",
        Severity.HIGH,
        [deleted, *cited],
        since=since,
        params={
            "deleted_at": citing.clock(since),
            "message": citing.quoted(text(conditions[0][1], "message")) if conditions else "",
            "remaining": citing.quoted(_message(namespace, "NamespaceContentRemaining")),
            "finalizers": citing.quoted(_message(namespace, "NamespaceFinalizersRemaining"))
            or ", ".join(one for one in finalizers if one != "kubernetes"),
        },
        joins={"namespace": namespace.name, "api": ",".join(apis)},
    )


def _true(namespace: Resource, kind: str) -> Json:
    condition = namespace.condition(kind) or Json()
    return condition if condition.get("status") == "True" else Json()


def _message(namespace: Resource, kind: str) -> str:
    return text(_true(namespace, kind), "message")


def stuck_objects(cluster: Cluster) -> Iterator[Finding]:
    """`object.finalizer_stuck`: any other object whose finalizers nobody takes off."""
    for resource in cluster.resources:
        since = deleted_at(resource)
        if since is None or cluster.now - since < GONE_WITHIN or resource.kind in OTHERWISE_TOLD:
            continue
        finalizers = [
            one for one in words(resource.metadata, "finalizers") if one not in CLAIM_PROTECTION
        ]
        if finalizers:
            yield _stuck_object(cluster, resource, finalizers, since)


def _stuck_object(
    cluster: Cluster, resource: Resource, finalizers: list[str], since: datetime
) -> Finding:
    controllers = _controllers(cluster, finalizers)
    deleted = citing.field(resource, ".metadata.deletionTimestamp", citing.clock(since), since)
    gone = [citing.field(one, ".status.readyReplicas", "0") for one in controllers]
    return about_object(
        resource,
        "object.finalizer_stuck",
        Severity.MEDIUM,
        [deleted, citing.field(resource, ".metadata.finalizers", ", ".join(finalizers)), *gone],
        confidence=Confidence.CERTAIN,
        since=since,
        affected=(Ref("Namespace", "", resource.namespace),) if resource.namespace else (),
        params={
            "deleted_at": citing.clock(since),
            "finalizers": ", ".join(finalizers),
            "controller": ", ".join(key(one.ref) for one in controllers),
        },
        joins={"namespace": resource.namespace, "finalizer": ",".join(sorted(finalizers))},
    )


def _controllers(cluster: Cluster, finalizers: list[str]) -> list[Resource]:
    """Deployments that are named like the finalizer's owner and have no ready pod."""
    owners = {part for one in finalizers for part in re.split(r"[./]", one) if len(part) > 4}
    owners -= SAYING_NOTHING
    return [
        one
        for one in cluster.all("Deployment")
        if any(part in one.name for part in owners) and not one.status.get("readyReplicas")
    ][:2]
