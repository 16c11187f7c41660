"""A finding about an object that is no pod: the object itself is what a person would change."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from mcp_servers.engines.about_pods import earliest
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Fix, Severity
from mcp_servers.facts.kubernetes import Ref, Resource


def about_object(
    resource: Resource,
    rule: str,
    severity: Severity,
    evidence: Sequence[Evidence],
    *,
    confidence: Confidence = Confidence.CERTAIN,
    since: datetime | None = None,
    affected: Sequence[Ref] = (),
    cause_key: str = "",
    fix: str = "",
    params: Mapping[str, str] | None = None,
    joins: Mapping[str, str] | None = None,
) -> Finding:
    """One object's finding. `since` defaults to the earliest time the evidence bears."""
    return Finding(
        rule=rule,
        severity=severity,
        confidence=confidence,
        resource=resource.ref,
        since=since or earliest(evidence),
        evidence=tuple(evidence),
        params=params or {},
        affected=tuple(affected),
        cause_key=cause_key,
        fix=Fix(fix, resource.ref) if fix else None,
        joins=joins or {},
    )


def listed(names: Sequence[str], *, at_most: int = 5) -> str:
    """The first names, and a sign that there are more."""
    shown = ", ".join(names[:at_most])
    return f"{shown} …" if len(names) > at_most else shown
