"""A ranking in words: summary, causes, symptoms, timeline and what was ruled out."""

from collections.abc import Sequence
from datetime import datetime

from mcp_servers.engines.faults import is_fault, is_grave_note
from mcp_servers.engines.healthy_signs import HealthySign, healthy_signs
from mcp_servers.engines.rca_ranking import (
    Ranking,
    RootCause,
    Verdict,
    changes_that_did_no_harm,
    timeline,
)
from mcp_servers.facts.findings import Evidence, Finding, Source
from mcp_servers.facts.kubernetes import Change, Ref
from mcp_servers.rca.runbooks import runbook_of
from mcp_servers.rca.shapes import (
    EvidenceItem,
    Language,
    Numbered,
    Observation,
    Recommendation,
    ResourceRef,
    RootCauseItem,
    RuledOut,
    Step,
    Symptom,
    TimelineEntry,
)
from mcp_servers.rca.study import Study, in_scope
from mcp_servers.rca.texts import Texts, unended

ROOTS_SHOWN = 5
EVIDENCE_SHOWN = 6
SYMPTOMS_SHOWN = 8
HEALTHY_SHOWN = 8
RULED_OUT_SHOWN = 6
NOTES_SHOWN = 5


class Teller:
    """Tells one ranking in one language; evidence keeps its number throughout."""

    def __init__(self, looked: Study, ranking: Ranking, language: Language) -> None:
        self._looked = looked
        self._ranking = ranking
        self._texts = Texts(language, looked.rules.by_id)
        self._numbered = Numbered()
        self._roots = ranking.roots[:ROOTS_SHOWN]

    def summary(self) -> str:
        if self._ranking.verdict is Verdict.FOUND:
            return self._found()
        phrase, scope = self._texts.phrase, self._scope()
        if self._ranking.verdict is Verdict.INSUFFICIENT_DATA:
            return phrase("insufficient", scope=scope)
        parts = [phrase("healthy", scope=scope), phrase("healthy_checked", checked=self._checked())]
        if self._ranking.elsewhere:
            titles = self._titles(self._ranking.elsewhere)
            parts.append(phrase("healthy_elsewhere", titles=titles))
        if grave := self._grave_notes():
            parts.append(phrase("healthy_notes", titles=self._titles(grave)))
        return self._joined([*parts, phrase("healthy_ask")])

    def _found(self) -> str:
        first, phrase = self._roots[0], self._texts.phrase
        title = self._texts.title(first.finding)
        name = "found_many" if len(self._roots) > 1 else "found"
        parts = [phrase("away", scope=self._scope())] if self._is_away(first) else []
        parts.append(phrase(name, title=unended(title), count=len(self._roots)))
        if change := first.change:
            what = unended(self._texts.change(change))
            parts.append(phrase("with_change", at=_stamp(change.at), change=what))
        others = [one for one in first.explains if one.resource != first.finding.resource]
        if shown := others or list(first.explains):
            titles = self._titles(shown)
            parts.append(phrase("explains", count=len(first.explains), titles=titles))
        return self._joined(parts)

    def _is_away(self, root: RootCause) -> bool:
        return bool(self._looked.focus) and not root.signals.reaches_focus

    def _scope(self) -> str:
        asked = self._looked.asked
        if asked.name:
            return self._texts.name_of(Ref(asked.kind, asked.namespace, asked.name)).strip()
        return asked.namespace or self._looked.cluster.name or "cluster"

    def _checked(self) -> str:
        kinds = ("Pod", "Deployment", "StatefulSet", "Service", "Node")
        counts = self._looked.checked
        return ", ".join(f"{counts[kind]} {kind}" for kind in kinds if counts.get(kind))

    def _titles(self, findings: Sequence[Finding], at_most: int = 3) -> str:
        titles = dict.fromkeys(unended(self._texts.title(one)) for one in findings)
        return ("；" if self._texts.language == "zh" else "; ").join(list(titles)[:at_most])

    def _joined(self, parts: Sequence[str]) -> str:
        return ("" if self._texts.language == "zh" else " ").join(parts)

    def root_causes(self) -> list[RootCauseItem]:
        return [self._root(n, root) for n, root in enumerate(self._roots, start=1)]

    def _root(self, n: int, root: RootCause) -> RootCauseItem:
        finding = root.finding
        return RootCauseItem(
            rank=n,
            rule=finding.rule,
            category=self._texts.category(finding.rule),
            severity=finding.severity,
            resource=ResourceRef.of(finding.resource),
            confidence=root.confidence,
            since=finding.since,
            away=self._is_away(root),
            summary=self._texts.title(finding),
            cause=self._texts.cause(finding),
            change=self._texts.change(root.change) if root.change else "",
            evidence=self._evidence_of(root),
            chain=[
                Step(
                    resource=ResourceRef.of(one.resource),
                    rule=one.rule,
                    title=self._texts.title(one),
                )
                for one in root.chain
            ],
            recommendations=self._recommendations(finding),
            runbook=runbook_of(finding.rule, self._texts.language),
        )

    def _evidence_of(self, root: RootCause) -> list[EvidenceItem]:
        shown = list(root.finding.evidence[:EVIDENCE_SHOWN])
        if root.change:
            shown.append(_evidence_for(root.change))
        return self._numbered.items(list(dict.fromkeys(shown)), at_most=EVIDENCE_SHOWN + 1)

    def _recommendations(self, finding: Finding) -> list[Recommendation]:
        fix, phrase = finding.fix, self._texts.phrase
        told: list[Recommendation] = []
        if fix and (summary := self._texts.fix(finding)):
            action = phrase("recommend_fix", fix=fix.id)
            told.append(
                Recommendation(action=action, description=summary, priority="high", fix=fix.id)
            )
        if advice := self._texts.advice(finding):
            action = phrase("recommend_check")
            priority = "medium" if told else "high"
            told.append(Recommendation(action=action, description=advice, priority=priority))
        return told

    def symptoms(self) -> list[Symptom]:
        return [self._symptom(one) for one in self._ranking.symptoms[:SYMPTOMS_SHOWN]]

    def healthy(self) -> list[Observation]:
        """The strongest evidence against a fault; nothing when there is one."""
        if self._ranking.verdict is not Verdict.HEALTHY:
            return []
        looked = self._looked
        signs = healthy_signs(looked.cluster, focus=looked.focus, namespace=looked.asked.namespace)
        return [self._observation(one) for one in signs[:HEALTHY_SHOWN]]

    def _observation(self, sign: HealthySign) -> Observation:
        phrase = "healthy_sign_restarted" if sign.recent_restarts else "healthy_sign"
        text = self._texts.phrase(
            phrase,
            name=self._texts.name_of(sign.resource),
            ready=sign.ready,
            desired=sign.desired,
            restarts=sign.recent_restarts,
        )
        return Observation(text=text, evidence=self._numbered.items(sign.evidence, at_most=2))

    def elsewhere(self) -> list[Symptom]:
        return [self._symptom(one) for one in self._ranking.elsewhere[:SYMPTOMS_SHOWN]]

    def notes(self) -> list[Symptom]:
        return [self._symptom(one) for one in self._grave_notes()[:NOTES_SHOWN]]

    def _grave_notes(self) -> list[Finding]:
        """Of the notes, those that weigh something and stand where was asked."""
        return [
            one for one in self._ranking.notes if is_grave_note(one) and in_scope(one, self._looked)
        ]

    def _symptom(self, finding: Finding) -> Symptom:
        return Symptom(
            rule=finding.rule,
            resource=ResourceRef.of(finding.resource),
            title=self._texts.title(finding),
            since=finding.since,
            evidence=self._numbered.items(finding.evidence, at_most=2),
        )

    def timeline(self) -> list[TimelineEntry]:
        return [self._moment(at, what) for at, what in timeline(self._roots, self._looked.cluster)]

    def _moment(self, at: datetime, what: Finding | Change) -> TimelineEntry:
        if isinstance(what, Change):
            known = self._numbered.known(_evidence_for(what))
            return TimelineEntry(at=at, text=self._texts.change(what), evidence=known)
        known = self._numbered.known(what.evidence[0]) if what.evidence else None
        return TimelineEntry(at=at, text=self._texts.title(what), evidence=known)

    def ruled_out(self) -> list[RuledOut]:
        if self._ranking.verdict is not Verdict.FOUND:
            return []
        told = [*self._explained(), *self._harmless_changes(), *self._nodes()]
        return told[:RULED_OUT_SHOWN]

    def _explained(self) -> list[RuledOut]:
        """Each neighbour that looks broken, once, with the chain that leads to it."""
        told: dict[Ref, RuledOut] = {}
        for root in self._roots:
            for one in root.explains:
                if one.resource not in (root.finding.resource, *told):
                    told[one.resource] = self._as_symptom(one, root)
        return list(told.values())[:3]

    def _as_symptom(self, one: Finding, root: RootCause) -> RuledOut:
        name, phrase = self._texts.name_of, self._texts.phrase
        hypothesis = phrase("symptom_only", name=name(one.resource), title=self._texts.title(one))
        why = phrase("symptom_only_why", root=name(root.finding.resource))
        return RuledOut(hypothesis=hypothesis, why=why)

    def _harmless_changes(self) -> list[RuledOut]:
        looked = self._looked
        changes = changes_that_did_no_harm(
            self._roots, looked.findings, looked.cluster, looked.topology
        )
        namespace = looked.asked.namespace
        near = [one for one in changes if not namespace or one.target.namespace == namespace]
        return [self._harmless(one) for one in near[:2]]

    def _harmless(self, change: Change) -> RuledOut:
        phrase, name = self._texts.phrase, self._texts.name_of(change.target)
        at, summary = _stamp(change.at), self._texts.change(change)
        return RuledOut(
            hypothesis=phrase("change_harmless", name=name, at=at, summary=summary),
            why=phrase("change_harmless_why", name=name, state=self._state(change.target)),
        )

    def _state(self, ref: Ref) -> str:
        resource = self._looked.cluster.get(ref)
        ready = resource.status.get("readyReplicas") if resource else None
        if resource is None or ready is None:
            return self._texts.phrase("state_unknown")
        desired = resource.spec.get("replicas", 1)
        return self._texts.phrase("state_ready", ready=ready, desired=desired)

    def _nodes(self) -> list[RuledOut]:
        nodes = self._looked.cluster.all("Node")
        faulty = any(one.resource.kind == "Node" and is_fault(one) for one in self._looked.findings)
        ready = sum((one.condition("Ready") or {}).get("status") == "True" for one in nodes)
        if not nodes or faulty:
            return []
        phrase = self._texts.phrase
        why = phrase("nodes_healthy_why", ready=ready, total=len(nodes))
        return [RuledOut(hypothesis=phrase("nodes_healthy"), why=why)]


def _evidence_for(change: Change) -> Evidence:
    return Evidence(Source.CHANGE, f"{change.target} {change.id}", change.summary, change.at)


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%SZ")
