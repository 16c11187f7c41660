"""What is kept of an analysis, and how it is shown to whom."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from core.principal import Principal
from core.storage.job_records import JobRow
from mcp_servers.paging import Page

Language = Literal["en", "zh"]
CAUSES_KEPT, ACTIONS_KEPT, SIMILAR_KEPT = 3, 3, 3


class FoundCause(BaseModel):
    rule: str
    resource: str = Field(description="Kind namespace/name.")
    confidence: float = Field(description="Probability, 0 to 1, computed from the evidence.")
    summary: str
    actions: list[str]


class SimilarAlert(BaseModel):
    id: str
    name: str
    starts_at: datetime
    ends_at: datetime | None
    same: str = Field(description="cause: it had the same one. alert: the same alert fired.")
    acknowledged_by: str


class AlertAnalysis(BaseModel):
    id: str
    state: str = Field(description="waiting | running | done | dead | cancelled")
    progress: str
    error: str
    attempts: int
    created_by: str
    created_at: datetime
    starts_after: datetime
    started_at: datetime | None
    finished_at: datetime | None
    verdict: str = Field(description="found | healthy | insufficient_data; empty: not done.")
    summary: str
    incident_id: str = Field(description="For rca_get_incident, which shows the evidence.")
    causes: list[FoundCause]
    aimed: bool = Field(
        description="False: nothing ties the alerts to the causes, which are what was wrong there."
    )
    similar: list[SimilarAlert]
    told: list[str] = Field(description="The channels that were told of it.")
    withheld: bool = Field(description="Its evidence is from namespaces that you may not see.")

    def as_text(self) -> str:
        return "\n".join(
            [analysis_line(self), *map(_cause, self.causes), *map(_like, self.similar)]
        )


class AnalysisPage(Page[AlertAnalysis]):
    sorts_by = (
        "state",
        "created_by",
        "created_at",
        "started_at",
        "finished_at",
        "verdict",
        "attempts",
    )

    def as_text(self) -> str:
        return self.told(f"analyses of alerts: {self.shown}", map(analysis_line, self.rows))


def analysis_line(one: AlertAnalysis) -> str:
    said = one.summary or one.error or one.progress
    withheld = " (withheld: it speaks of namespaces you may not see)" if one.withheld else ""
    verdict = f" {one.verdict}" if one.verdict else ""
    at = f"{one.created_at:%Y-%m-%d %H:%M:%S}"
    return f"analysis {one.id} {at} {one.state}{verdict}{withheld}: {said}".rstrip(": ")


def _cause(one: FoundCause) -> str:
    todo = f" Do: {'; '.join(one.actions)}" if one.actions else ""
    return f"cause ({one.confidence}) {one.rule} {one.resource}: {one.summary}{todo}"


def _like(one: SimilarAlert) -> str:
    by = f", {one.acknowledged_by} took care" if one.acknowledged_by else ""
    return f"similar ({one.same}) {one.id} {one.name} {one.starts_at:%Y-%m-%d %H:%M}{by}"


def shown_analysis(job: JobRow, language: Language, caller: Principal) -> AlertAnalysis:
    """What of it this caller may see: an incident is for those who see all that it speaks of."""
    kept = job.result
    visible = all(caller.sees(one) for one in kept.get("namespaces", ()))
    told: Mapping[str, Any] = kept if visible else {}
    summary: Mapping[str, str] = told.get("summary", {})
    return AlertAnalysis(
        id=job.id,
        state=job.state,
        progress=job.progress,
        error=job.error if visible else "",
        attempts=job.attempts,
        created_by=job.created_by,
        created_at=job.created_at,
        starts_after=job.run_after,
        started_at=job.started_at,
        finished_at=job.finished_at,
        verdict=told.get("verdict", ""),
        summary=summary.get(language, ""),
        incident_id=told.get("incident_id", ""),
        causes=[_found(one, language) for one in told.get("causes", ())],
        aimed=bool(told.get("aimed", True)),
        similar=[_similar(one) for one in told.get("similar", ()) if _seen(one, caller)],
        told=list(told.get("told", ())),
        withheld=not visible,
    )


def kept_causes(found: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of investigations by language: the same causes in each, with the words of each.

    What nothing ties to the alert is no cause of it; the summary tells of it.
    """
    words: dict[str, list[dict[str, Any]]] = {
        language: [cause for cause in one.get("root_causes", ()) if not cause.get("away")]
        for language, one in found.items()
    }
    words = {language: causes[:CAUSES_KEPT] for language, causes in words.items()}
    first: list[dict[str, Any]] = next(iter(words.values()), list[dict[str, Any]]())
    return [
        {
            "rule": one["rule"],
            "resource": _resource(one["resource"]),
            "confidence": one["confidence"],
            "summary": {name: told[n]["summary"] for name, told in words.items() if n < len(told)},
            "actions": {name: _actions(told[n]) for name, told in words.items() if n < len(told)},
        }
        for n, one in enumerate(first)
    ]


def _actions(cause: Mapping[str, Any]) -> list[str]:
    wanted: Sequence[Mapping[str, Any]] = cause["recommendations"][:ACTIONS_KEPT]
    return [str(one["description"]) for one in wanted]


def _resource(one: Mapping[str, str]) -> str:
    name = f"{one['namespace']}/{one['name']}" if one.get("namespace") else one["name"]
    return f"{one['kind']} {name}"


def _found(one: Mapping[str, Any], language: str) -> FoundCause:
    return FoundCause(
        rule=one["rule"],
        resource=one["resource"],
        confidence=one["confidence"],
        summary=one["summary"].get(language, ""),
        actions=one["actions"].get(language, []),
    )


def _similar(one: Mapping[str, Any]) -> SimilarAlert:
    return SimilarAlert(**{key: value for key, value in one.items() if key != "namespace"})


def _seen(one: Mapping[str, Any], caller: Principal) -> bool:
    return caller.namespaces is None or one.get("namespace", "") in caller.namespaces
