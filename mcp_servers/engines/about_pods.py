"""A finding about a pod, told about the workload that a person would change."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from mcp_servers.engines.fields import text
from mcp_servers.engines.ownership import owner_chain, top_owner
from mcp_servers.engines.revisions import revision
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Fix, Severity
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource


def about_pod(
    cluster: Cluster,
    pod: Resource,
    rule: str,
    severity: Severity,
    evidence: Sequence[Evidence],
    *,
    confidence: Confidence = Confidence.CERTAIN,
    since: datetime | None = None,
    container: str = "",
    cause_key: str = "",
    fix: str = "",
    params: Mapping[str, str] | None = None,
    joins: Mapping[str, str] | None = None,
) -> Finding:
    """One pod's finding. `since` defaults to the earliest time the evidence bears.

    A pod that nothing controls is its own resource and gets no fix: there is no template
    that a repair could change.
    """
    owner = top_owner(cluster, pod)
    return Finding(
        rule=rule,
        severity=severity,
        confidence=confidence,
        resource=owner,
        since=since or earliest(evidence),
        evidence=tuple(evidence),
        params={"pod": pod.name, "node": text(pod.spec, "nodeName"), **(params or {})},
        affected=(pod.ref,),
        container=container,
        cause_key=cause_key,
        fix=Fix(fix, owner) if fix and owner != pod.ref else None,
        joins={**_place(cluster, pod), **(joins or {})},
    )


def earliest(evidence: Sequence[Evidence]) -> datetime | None:
    return min((one.at for one in evidence if one.at is not None), default=None)


def _place(cluster: Cluster, pod: Resource) -> dict[str, str]:
    """Where the pod stands: its node, and the ReplicaSet and revision it was made by."""
    joins = {"pod": key(pod.ref)}
    if node := text(pod.spec, "nodeName"):
        joins["node"] = node
    above = owner_chain(cluster, pod)
    if above and above[0].kind == "ReplicaSet":
        joins["replicaset"] = key(above[0])
        replica_set = cluster.get(above[0])
        if replica_set is not None and revision(replica_set):
            joins["revision"] = str(revision(replica_set))
    return joins


def key(ref: Ref) -> str:
    """How joins name an object: namespace/name, or the name alone when cluster-scoped."""
    return f"{ref.namespace}/{ref.name}" if ref.namespace else ref.name
