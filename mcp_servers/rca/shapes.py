"""The JSON of `diagnose` and `investigate`, as docs/contracts fix it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from mcp_servers.facts.findings import Evidence
from mcp_servers.facts.kubernetes import Ref

Language = Literal["en", "zh"]
BOTH: tuple[Language, Language] = ("en", "zh")
# What reads a thing that is kept: "" for the language it was found in.
Reader = Literal["", "en", "zh"]


class ResourceRef(BaseModel):
    kind: str
    namespace: str
    name: str

    @classmethod
    def of(cls, ref: Ref) -> "ResourceRef":
        return cls(kind=ref.kind, namespace=ref.namespace, name=ref.name)


class EvidenceItem(BaseModel):
    id: str = Field(description="e1, e2 … within this answer.")
    source: str
    ref: str = Field(description="Where to look it up again.")
    text: str
    at: datetime | None = None


class FixHint(BaseModel):
    id: str
    summary: str


class Skipped(BaseModel):
    what: str
    why: str


class FindingItem(BaseModel):
    id: str
    rule: str
    category: str
    fault: bool = Field(description="False: a note (hygiene, security), no reason for an outage.")
    severity: str
    confidence: str
    since: datetime | None
    fingerprint: str
    container: str | None
    resource: ResourceRef
    affected: list[ResourceRef]
    title: str
    cause: str
    evidence: list[EvidenceItem]
    fix: FixHint | None
    runbook: str = Field(default="", description="The page of the knowledge base about it.")


class Scope(BaseModel):
    namespaces: list[str]
    resource: ResourceRef | None = None


class Step(BaseModel):
    resource: ResourceRef
    rule: str
    title: str


class Recommendation(BaseModel):
    action: str
    description: str
    priority: Literal["high", "medium", "low"]
    fix: str | None = None


class RootCauseItem(BaseModel):
    rank: int
    rule: str
    category: str
    severity: str
    resource: ResourceRef
    confidence: float = Field(description="Probability, 0 to 1, computed from the evidence.")
    since: datetime | None
    away: bool = Field(
        default=False, description="Whether nothing seen ties it to the object asked about."
    )
    summary: str
    cause: str
    change: str = Field(default="", description="The change that came just before, if any.")
    evidence: list[EvidenceItem]
    chain: list[Step]
    recommendations: list[Recommendation]
    runbook: str = Field(default="", description="The page of the knowledge base about it.")


class Symptom(BaseModel):
    rule: str
    resource: ResourceRef
    title: str
    since: datetime | None
    evidence: list[EvidenceItem]


class TimelineEntry(BaseModel):
    at: datetime
    text: str
    evidence: str | None = None


class RuledOut(BaseModel):
    hypothesis: str
    why: str


class Observation(BaseModel):
    """Something checked and found in order."""

    text: str
    evidence: list[EvidenceItem]


class Numbered:
    """Gives evidence its ids, the same item the same id."""

    def __init__(self) -> None:
        self._ids: dict[Evidence, str] = {}

    def items(self, evidence: Iterable[Evidence], *, at_most: int) -> list[EvidenceItem]:
        return [self.item(one) for one in list(evidence)[:at_most]]

    def item(self, one: Evidence) -> EvidenceItem:
        name = self._ids.setdefault(one, f"e{len(self._ids) + 1}")
        return EvidenceItem(id=name, source=one.source, ref=one.ref, text=one.text, at=one.at)

    def known(self, one: Evidence) -> str | None:
        return self._ids.get(one)
