"""Every diagnoser over one cluster: what they say, each fault once."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from mcp_servers.engines.diagnosers import ALL
from mcp_servers.engines.fields import text
from mcp_servers.engines.fingerprints import fingerprint
from mcp_servers.facts.findings import Confidence, Evidence, Finding
from mcp_servers.facts.kubernetes import Cluster

Diagnoser = Callable[[Cluster], Iterable[Finding]]

IGNORE = "midwatch/ignore"

# A fault of two hundred pods is told by a few of them.
EVIDENCE_AT_MOST = 10
_LATE = datetime.max.replace(tzinfo=UTC)
_CONFIDENCES = list(Confidence)


def diagnose(cluster: Cluster, diagnosers: Iterable[Diagnoser] = ALL) -> list[Finding]:
    """All findings, the gravest first, then the oldest.

    Findings with one fingerprint become one that names everything affected. A rule named in
    the resource's `midwatch/ignore` annotation is silent about it.
    """
    by_mark: dict[str, list[Finding]] = {}
    for diagnoser in diagnosers:
        for finding in diagnoser(cluster):
            if not _ignored(finding, cluster):
                by_mark.setdefault(fingerprint(finding), []).append(finding)
    return sorted((_merged(same) for same in by_mark.values()), key=_order)


def _order(finding: Finding) -> tuple[object, ...]:
    return (
        -finding.severity.weight,
        finding.since or _LATE,
        finding.rule,
        finding.resource,
        finding.container,
        finding.cause_key,
    )


def _ignored(finding: Finding, cluster: Cluster) -> bool:
    resource = cluster.get(finding.resource)
    listed = text(resource.annotations, IGNORE) if resource else ""
    return finding.rule in {rule.strip() for rule in listed.split(",")}


def _merged(same: list[Finding]) -> Finding:
    """One finding from several of one fingerprint, whatever order they came in."""
    ordered = sorted(same, key=lambda one: (one.since or _LATE, one.affected, str(one.evidence)))
    first = ordered[0]
    if len(ordered) == 1:
        return replace(first, affected=tuple(sorted(set(first.affected))))
    return replace(
        first,
        severity=max((one.severity for one in same), key=lambda one: one.weight),
        confidence=min((one.confidence for one in same), key=_CONFIDENCES.index),
        affected=tuple(sorted({ref for one in same for ref in one.affected})),
        evidence=_evidence(ordered),
        fix=next((one.fix for one in ordered if one.fix), None),
        joins=_joins(ordered),
    )


def _evidence(ordered: list[Finding]) -> tuple[Evidence, ...]:
    """Everything the first says, then the leading item of each other, then what is left."""
    first, *others = ordered
    leading = [one.evidence[0] for one in others if one.evidence]
    rest = [item for one in others for item in one.evidence[1:]]
    return tuple(dict.fromkeys([*first.evidence, *leading, *rest]))[:EVIDENCE_AT_MOST]


def _joins(ordered: list[Finding]) -> Mapping[str, str]:
    keys = dict.fromkeys(name for one in ordered for name in one.joins)
    return {
        name: ",".join(sorted({value for one in ordered for value in one.joined(name)}))
        for name in keys
    }
