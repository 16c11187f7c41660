"""What policy engines report: Kyverno and others in PolicyReports, Gatekeeper in its constraints."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from mcp_servers.engines import citing
from mcp_servers.engines.fields import rows, section, text, whole
from mcp_servers.engines.ownership import top_owner
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Json, Ref, Resource

BROKEN = ("fail", "error")
GATEKEEPER = "constraints.gatekeeper.sh/"
# With these nothing is refused, and the policy's author wanted only to know.
ONLY_WATCHED = ("warn", "dryrun")
NAMED_AT_MOST = 3
EVIDENCE_AT_MOST = 5

_SEVERITIES: Mapping[str, Severity] = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "medium": Severity.MEDIUM,
    "low": Severity.LOW,
    "info": Severity.INFO,
}


@dataclass
class _Broken:
    """One rule of a policy and everything that breaks it."""

    severity: Severity
    message: str = ""
    by: dict[Ref, None] = field(default_factory=dict[Ref, None])
    evidence: list[Evidence] = field(default_factory=list[Evidence])
    total: int = 0


def policy_violations(cluster: Cluster) -> Iterator[Finding]:
    """`policy.violation`: one finding for each rule of a policy, with all that break it."""
    broken: dict[tuple[str, str], _Broken] = {}
    for kind in ("PolicyReport", "ClusterPolicyReport"):
        for report in cluster.all(kind):
            for result in rows(report.raw, "results"):
                if text(result, "result") in BROKEN:
                    _counted(cluster, report, result, broken)
    for (policy, rule), found in sorted(broken.items()):
        yield _finding(Ref("Policy", "", policy), rule, found)
    for constraint in cluster.resources:
        if text(constraint.raw, "apiVersion").startswith(GATEKEEPER):
            yield from _of_constraint(cluster, constraint)


def _counted(
    cluster: Cluster, report: Resource, result: Json, broken: dict[tuple[str, str], _Broken]
) -> None:
    policy, rule = text(result, "policy"), text(result, "rule")
    severity = _SEVERITIES.get(text(result, "severity"), Severity.MEDIUM)
    found = broken.setdefault((policy, rule), _Broken(severity))
    named = rows(result, "resources") or [section(report.raw, "scope")]
    found.by |= dict.fromkeys(_meant(cluster, one, report.namespace) for one in named)
    found.total += len(named)
    found.message = found.message or text(result, "message")
    if len(found.evidence) < EVIDENCE_AT_MOST:
        said = f"{text(result, 'result')}: {citing.quoted(text(result, 'message'))}"
        found.evidence.append(citing.field(report, f".results[{policy}/{rule}]", said))


def _meant(cluster: Cluster, named: Json, namespace: str) -> Ref:
    """The object a person would change for the one that was judged."""
    ref = Ref(text(named, "kind"), text(named, "namespace") or namespace, text(named, "name"))
    known = cluster.get(ref)
    return top_owner(cluster, known) if known else ref


def _of_constraint(cluster: Cluster, constraint: Resource) -> Iterator[Finding]:
    action = text(constraint.spec, "enforcementAction") or "deny"
    violations = rows(constraint.status, "violations")
    total = whole(constraint.status, "totalViolations", default=len(violations))
    if action in ONLY_WATCHED or not total:
        return
    found = _Broken(Severity.MEDIUM, total=total)
    for one in violations:
        found.by[_meant(cluster, one, "")] = None
        found.message = found.message or text(one, "message")
    said = f"{total} ({citing.quoted(found.message)})" if found.message else str(total)
    found.evidence.append(citing.field(constraint, ".status.totalViolations", said))
    yield _finding(constraint.ref, constraint.kind, found)


def _finding(policy: Ref, rule: str, found: _Broken) -> Finding:
    """About the object when it is the only one, else about the policy that they break."""
    affected = tuple(sorted(found.by))
    alone = affected[0] if len(affected) == 1 else None
    names = [str(one) for one in affected[:NAMED_AT_MOST]]
    return Finding(
        rule="policy.violation",
        severity=found.severity,
        confidence=Confidence.CERTAIN,
        resource=alone or policy,
        since=None,
        evidence=tuple(found.evidence),
        params={
            "policy": policy.name,
            "policy_rule": rule,
            "count": str(found.total),
            "by": ", ".join(names),
            "message": citing.quoted(found.message),
        },
        affected=affected,
        cause_key=f"{policy.name}/{rule}",
    )
