"""Updates that the API server refused because what they change cannot be changed."""

import re
from collections.abc import Iterator
from datetime import datetime

from mcp_servers.engines import citing
from mcp_servers.engines.fields import rows, section, text
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource, moment

# Who applies manifests for people, and where each keeps what the API server answered.
APPLIERS = ("Application", "Kustomization", "HelmRelease")

_REFUSED = re.compile(
    r"field is immutable|updates to statefulset spec for fields other than|cannot change roleRef"
    r"|spec\.selector: Invalid value|spec is immutable after creation",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"(?P<kind>[A-Z]\w+)(?:\.[\w.]+)?[ /]\\?\"?(?P<name>[a-z0-9][a-z0-9.-]*)\\?\"? is invalid:"
    r"(?: (?P<field>[\w.\[\]]+):)?"
)


def immutable_fields(cluster: Cluster) -> Iterator[Finding]:
    """`config.immutable`: told by the events and conditions of whoever tried."""
    for event in cluster.ordered_events:
        if cluster.recent(event.last_at) and _REFUSED.search(event.message):
            yield _finding(cluster, event.about, event.message, citing.event(event), event.first_at)
    for kind in APPLIERS:
        for one in cluster.all(kind):
            yield from _in_status(cluster, one)


def _in_status(cluster: Cluster, one: Resource) -> Iterator[Finding]:
    said = [
        (row, f".status.conditions[{text(row, 'type')}]") for row in rows(one.status, "conditions")
    ]
    said.append((section(one.status, "operationState"), ".status.operationState"))
    for row, path in said:
        message = text(row, "message")
        if _REFUSED.search(message):
            at = moment(row.get("lastTransitionTime") or row.get("finishedAt"))
            cited = citing.field(one, f"{path}.message", citing.quoted(message), at)
            yield _finding(cluster, one.ref, message, cited, at)


def _finding(
    cluster: Cluster, teller: Ref, message: str, cited: Evidence, at: datetime | None
) -> Finding:
    """About the object that was to be changed, when the sentence names one."""
    named = _ABOUT.search(message)
    target = Ref(named["kind"], teller.namespace, named["name"]) if named else teller
    known = target if cluster.get(target) else _anywhere(cluster, target) or teller
    field = named["field"] if named and named["field"] else ""
    return Finding(
        rule="config.immutable",
        severity=Severity.MEDIUM,
        confidence=Confidence.CERTAIN,
        resource=known,
        since=at,
        evidence=(cited,),
        params={"field": field, "by": str(teller), "message": citing.quoted(message)},
        affected=(teller,),
        cause_key=field,
    )


def _anywhere(cluster: Cluster, target: Ref) -> Ref | None:
    """The only object of this kind and name, for a teller that stands in another namespace."""
    found = [one.ref for one in cluster.all(target.kind) if one.name == target.name]
    return found[0] if len(found) == 1 else None
