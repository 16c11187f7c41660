"""The answer of rca_investigate: its JSON, and the compact text that a model reads."""

from collections.abc import Iterator

from pydantic import BaseModel, Field

from mcp_servers.engines.citing import clock, shortened
from mcp_servers.rca.shapes import (
    Observation,
    RootCauseItem,
    RuledOut,
    Scope,
    Skipped,
    Symptom,
    TimelineEntry,
)


class Investigation(BaseModel):
    incident_id: str
    verdict: str = Field(description="found | healthy | insufficient_data")
    summary: str
    scope: Scope
    root_causes: list[RootCauseItem]
    symptoms: list[Symptom]
    timeline: list[TimelineEntry]
    ruled_out: list[RuledOut]
    healthy: list[Observation] = Field(
        description="What speaks for health, when no fault was found."
    )
    elsewhere: list[Symptom] = Field(description="Faults that do not touch what was asked about.")
    notes: list[Symptom] = Field(description="Security and policy: no reason for an outage.")
    checked: dict[str, int]
    not_checked: list[Skipped]
    rbac: str = Field(description="The RBAC rules that would allow what was refused.")
    duration_ms: int

    def as_text(self) -> str:
        """The answer, its evidence as [e1] …, and what was not looked at."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        yield f"verdict: {self.verdict}"
        yield f"summary: {self.summary}"
        for root in self.root_causes[:3]:
            yield from _told(root)
        for one in self.symptoms[:4]:
            marks = " ".join(f"[{item.id}]" for item in one.evidence[:1])
            yield f"symptom: {one.title} {marks}".rstrip()
        yield from (f"healthy: {one.text} [{one.evidence[0].id}]" for one in self.healthy[:6])
        yield from (f"ruled out: {one.hypothesis} - {one.why}" for one in self.ruled_out[:4])
        yield from (f"elsewhere: {one.title}" for one in self.elsewhere[:3])
        yield from (f"note, not a cause: {one.title}" for one in self.notes[:2])
        yield from (f"not checked: {one.what}: {one.why}" for one in self.not_checked[:6])


def _told(root: RootCauseItem) -> Iterator[str]:
    since = f" since {clock(root.since)}" if root.since else ""
    yield f"cause {root.rank} (confidence {root.confidence}){since} {root.rule}: {root.summary}"
    if root.away:
        yield "  away: nothing seen ties it to the object asked about"
    yield f"  why: {root.cause}"
    for one in root.evidence[:5]:
        yield f"  [{one.id}] {one.source} {shortened(one.text, at_most=200)}"
    if len(root.chain) > 1:
        steps = (f"{one.rule} {one.resource.name}" for one in root.chain)
        yield f"  chain: {' -> '.join(steps)}"
    yield from (f"  do: {one.description[:240]}" for one in root.recommendations[:2])
