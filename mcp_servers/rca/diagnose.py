"""rca_list_findings: every finding in scope, each with its evidence."""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field

from core.clock import monotonic_s
from core.principal import Principal
from mcp_servers.engines.faults import is_fault
from mcp_servers.engines.fingerprints import fingerprint
from mcp_servers.engines.rca_ranking import Verdict
from mcp_servers.facts.findings import Finding, Severity
from mcp_servers.facts.kubernetes import Ref
from mcp_servers.rca.refusals import rules_to_add
from mcp_servers.rca.runbooks import runbook_of
from mcp_servers.rca.shapes import (
    FindingItem,
    FixHint,
    Language,
    Numbered,
    ResourceRef,
    Scope,
    Skipped,
)
from mcp_servers.rca.study import Asked, Hands, Study, in_scope, study
from mcp_servers.rca.texts import Texts

Namespace = Annotated[str, Field(max_length=63, description="Empty: all.")]
Kind = Annotated[str, Field(max_length=63, description="e.g. Deployment, Service.")]
Name = Annotated[str, Field(max_length=253, description="Object or service.")]

EVIDENCE_SHOWN = 6
FAULTS_SHOWN = 50
NOTES_SHOWN = 100
EVIDENCE_OF_A_NOTE = 2

FOLDED = (Severity.LOW, Severity.INFO)


class Diagnosis(BaseModel):
    cluster: str
    verdict: str = Field(description="found | healthy | insufficient_data")
    scope: Scope
    findings: list[FindingItem] = Field(description="Faults first, then notes.")
    more: int = Field(description="Findings beyond those listed.")
    folded: dict[str, int] = Field(description="Notes of low severity by rule, listed or not.")
    checked: dict[str, int]
    skipped: list[Skipped]
    rbac: str = Field(description="The RBAC rules that would allow what was refused.")
    duration_ms: int

    def as_text(self) -> str:
        """What a model reads: one line a finding, then its evidence; hygiene only counted."""
        told = [one for one in self.findings if one.severity not in FOLDED]
        heading = f"{len(self.findings) + self.more} findings, verdict {self.verdict}"
        lines = [f"{heading}; checked {_counts(self.checked)}"]
        for one in told[:15]:
            since = f" since {one.since:%Y-%m-%dT%H:%M:%SZ}" if one.since else ""
            note = "" if one.fault else " (a note, not a fault)"
            lines.append(f"- {one.severity} {one.rule}{note}{since}: {one.title}")
            lines += [
                f"  [{item.id}] {item.source}: {item.text[:160]}" for item in one.evidence[:2]
            ]
        if self.folded:
            lines.append(f"notes of low severity: {_by_rule(self.folded)}")
        lines += [f"not checked: {one.what}: {one.why}" for one in self.skipped]
        return "\n".join(lines)


def _by_rule(folded: dict[str, int]) -> str:
    return ", ".join(f"{rule} ({count})" for rule, count in folded.items())


def _counts(checked: dict[str, int]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in checked.items()) or "nothing"


async def rca_list_findings(
    namespace: Namespace = "",
    kind: Kind = "",
    name: Name = "",
    language: Language = "en",
    *,
    hands: Hands,
    caller: Principal,
) -> Diagnosis:
    """List everything wrong with a cluster, namespace or object, with evidence.

    For causes and "why" use rca_investigate.
    """
    began = monotonic_s()
    looked = await study(hands, caller, Asked(namespace, kind, name))
    found = [one for one in looked.findings if in_scope(one, looked)]
    faults = [one for one in found if is_fault(one)]
    notes = [one for one in found if not is_fault(one)]
    shown = [*faults[:FAULTS_SHOWN], *notes[:NOTES_SHOWN]]
    numbered, texts = Numbered(), Texts(language, looked.rules.by_id)
    return Diagnosis(
        cluster=looked.cluster.name,
        verdict=_verdict(faults, looked),
        scope=scope_of(looked),
        findings=[_item(one, numbered, texts) for one in shown],
        more=len(found) - len(shown),
        folded=dict(Counter(one.rule for one in notes if one.severity in FOLDED).most_common()),
        checked=looked.checked,
        skipped=[
            Skipped(what=one.what, why=texts.reason(one)) for one in looked.cluster.not_checked
        ],
        rbac=rules_to_add(looked.cluster.not_checked),
        duration_ms=round((monotonic_s() - began) * 1000),
    )


def _verdict(faults: Sequence[Finding], looked: Study) -> Verdict:
    """Whoever may not see a single pod cannot say that all is well; notes do not change it."""
    if faults:
        return Verdict.FOUND
    blind = any(one.what == "Pod" for one in looked.cluster.not_checked)
    return Verdict.INSUFFICIENT_DATA if blind else Verdict.HEALTHY


def scope_of(looked: Study) -> Scope:
    asked = looked.asked
    everywhere = sorted({one.name for one in looked.cluster.all("Namespace")})
    ref = Ref(asked.kind, asked.namespace, asked.name)
    return Scope(
        namespaces=[asked.namespace] if asked.namespace else everywhere,
        resource=ResourceRef.of(ref) if asked.name else None,
    )


def _item(finding: Finding, numbered: Numbered, texts: Texts) -> FindingItem:
    mark = fingerprint(finding)
    fix, fault = finding.fix, is_fault(finding)
    at_most = EVIDENCE_SHOWN if fault else EVIDENCE_OF_A_NOTE
    return FindingItem(
        id=f"f-{mark[:10]}",
        rule=finding.rule,
        category=texts.category(finding.rule),
        fault=fault,
        severity=finding.severity,
        confidence=finding.confidence,
        since=finding.since,
        fingerprint=mark,
        container=finding.container or None,
        resource=ResourceRef.of(finding.resource),
        affected=[ResourceRef.of(ref) for ref in finding.affected],
        title=texts.title(finding),
        cause=texts.cause(finding),
        evidence=numbered.items(finding.evidence, at_most=at_most),
        fix=FixHint(id=fix.id, summary=texts.fix(finding)) if fix else None,
        runbook=runbook_of(finding.rule, texts.language),
    )
