"""Pure: the calls for questions to the knowledge base, with what the thread said before."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.arguments import extract
from agent.asked import Asked
from agent.following import goes_on
from agent.steps import Step
from agent.toolbox import Result

SEARCH = "knowledge_search"
DRAFT = "rca_draft_page"
FINDINGS = "rca_list_findings"
ALERT = "alerting_show"
QUERY_CHARACTERS = 400

INCIDENT = re.compile(r"\binc-[0-9a-f]{6,}\b")
ALERT_ID = re.compile(r"(?<![0-9a-f-])[0-9a-f]{32}(?![0-9a-f])")
RUNBOOK = re.compile(r"(?i)run\s?book|playbook|手册|预案|sop")
# "of the last incident" names none: the last one is meant.
LAST = re.compile(
    r"(?i)\b(?:last|latest|recent|previous|this|that|the)\s+(?:incident|outage|one)\b|(?:上|这|那|刚才|最近)[一次个的]*(?:事件|故障|事故)"
)


def knowledge(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """A draft, or a search; what is wrong now when the pages that were found are about faults."""
    if asked.intent == "draft":
        return _drafting(asked, results)
    searched = [one for one in results if one.tool == SEARCH]
    if not searched:
        return [Step(SEARCH, {"query": query_of(asked)})]
    if rules_of(searched[-1]):
        return [Step(FINDINGS, {"language": asked.language})]
    return []


def query_of(asked: Asked) -> str:
    """The question; half a one with the one before it."""
    told = [asked.earlier, asked.question] if goes_on(asked.question) else [asked.question]
    return " ".join(one for one in told if one)[-QUERY_CHARACTERS:]


def rules_of(searched: Result) -> frozenset[str]:
    """The rules of diagnosis that the best of the pages found is about."""
    hits: Sequence[Mapping[str, Any]] = searched.data.get("hits") or ()
    return (
        frozenset(hits[0].get("rules") or ()) if hits and searched.data["relevant"] else frozenset()
    )


def _drafting(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """The alert first, where one is named; then the draft, of its incident or of where it points."""
    named = ALERT_ID.search(asked.question)
    if not named:
        return [_draft(asked)]
    shown = next((one for one in results if one.tool == ALERT), None)
    if shown is None:
        return [Step(ALERT, {"alert_id": named[0]})]
    return [_draft_of(shown.data, asked)] if shown.ok else []


def _draft_of(alert: Mapping[str, Any], asked: Asked) -> Step:
    where: Mapping[str, str] = alert["investigate"]
    analysis: Mapping[str, Any] = alert.get("analysis") or {}
    incident = analysis.get("incident_id")
    pointed = {
        "namespace": where.get("namespace", ""),
        "resource_kind": where.get("kind", ""),
        "name": where.get("name", ""),
        "symptom": where.get("symptom", ""),
    }
    told = ("name", "starts_at", "ends_at", "acknowledged_by")
    return Step(
        DRAFT,
        {
            "kind": "runbook" if RUNBOOK.search(asked.question) else "postmortem",
            "language": asked.language,
            **({"incident_id": incident} if incident else pointed),
            "aftermath": {"alerts": [{key: alert[key] for key in told}]},
        },
    )


def _draft(asked: Asked) -> Step:
    incident = INCIDENT.search(asked.question)
    named = extract(asked.question, subagent="rca", intent="investigate")
    told: dict[str, Any] = {
        "kind": "runbook" if RUNBOOK.search(asked.question) else "postmortem",
        "incident_id": incident[0] if incident else "",
        "language": asked.language,
    }
    if not incident and not LAST.search(asked.question):
        told |= {
            "namespace": named.get("namespace", ""),
            "resource_kind": named.get("kind", "") if named.get("name") else "",
            "name": named.get("name", ""),
        }
    return Step(DRAFT, told)
