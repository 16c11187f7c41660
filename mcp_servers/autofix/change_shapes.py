"""The JSON of a change that is carried out, and its report in Markdown."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, Field

from core.sentences import LANGUAGES
from core.storage.fix_records import ChangeRow, StepRow
from mcp_servers.autofix.lines import line_told
from mcp_servers.autofix.refusing import SENTENCES
from mcp_servers.autofix.shapes import Target
from mcp_servers.paging import Page


class ChangeStep(BaseModel):
    n: int
    direction: str = Field(description="forward or back")
    state: str = Field(description="intended | written | refused | unknown")
    target: str
    at: datetime


class Verification(BaseModel):
    finding_cleared: bool
    new_findings: list[str]


class ChangeView(BaseModel):
    change_id: str
    plan_id: str
    status: str = Field(
        description="running | undoing | verified | rolled_back | failed | refused | unknown"
    )
    detail: str = Field(description="Why it ended so, and what to look at.")
    detail_in: dict[str, str] = Field(default={}, description="The same by language.")
    fix: str
    target: Target
    requester: str
    approvers: list[str]
    applier: str
    started_at: datetime
    finished_at: datetime | None
    steps: list[ChangeStep]
    verification: Verification
    progress_in: dict[str, str] = Field(
        default={}, description="How far it is, by language; empty once it has ended."
    )
    audit: list[str] = Field(description="What was done when, by its codes.")
    audit_in: dict[str, list[str]] = Field(default={}, description="The same in words.")

    def as_text(self) -> str:
        where = f"{self.target.kind} {self.target.namespace}/{self.target.name}"
        lines = [f"change {self.change_id} of {where}: {self.status}. {self.detail}".strip()]
        lines += [f"{one.direction} {one.n}: {one.state} {one.target}" for one in self.steps]
        if self.progress_in:
            lines.append(f"{self.progress_in['en']} Ask for the change again.")
        if self.verification.new_findings:
            lines.append(f"new: {', '.join(self.verification.new_findings)}")
        return "\n".join(lines)


def _progress(row: ChangeRow, steps: Sequence[StepRow]) -> dict[str, str]:
    if row.status not in ("running", "undoing"):
        return {}
    written = any(one.state == "written" for one in steps)
    how = "undoing" if row.status == "undoing" else "applied" if written else "not_applied"
    said = SENTENCES.said(f"progress_{how}")
    if how == "applied" and (latest := row.body.get("latest")):
        said += SENTENCES.said("progress_latest", at=latest)
    return dict(said.texts)


class ChangeLine(BaseModel):
    change_id: str
    plan_id: str
    status: str
    fix: str
    target: Target
    requester: str
    approvers: str
    started_at: datetime
    finished_at: datetime | None


class ChangePage(Page[ChangeLine]):
    sorts_by = ("status", "fix", "requester", "approvers", "started_at", "finished_at")

    def as_text(self) -> str:
        lines = (
            f"{one.change_id} {one.started_at:%Y-%m-%d %H:%M} {one.status} {one.fix} "
            f"{one.target.kind} {one.target.namespace}/{one.target.name}"
            for one in self.rows
        )
        return self.told(f"changes: {self.shown}", lines)


class Report(BaseModel):
    change_id: str
    markdown: str

    def as_text(self) -> str:
        return self.markdown


def change_view(row: ChangeRow, steps: Sequence[StepRow]) -> ChangeView:
    lines: list[str] = list(row.body.get("audit") or [])
    return ChangeView(
        change_id=row.id,
        plan_id=row.plan_id,
        status=row.status,
        detail=str(row.body.get("why") or ""),
        detail_in=dict(row.body.get("why_in") or {}),
        fix=row.fix,
        target=Target(kind=row.kind, namespace=row.namespace, name=row.name),
        requester=row.requester,
        approvers=[one for one in row.approvers.split(", ") if one],
        applier=row.applier,
        started_at=row.started_at,
        finished_at=row.finished_at,
        steps=[
            ChangeStep(
                n=one.n,
                direction=one.direction,
                state=one.state,
                target=str(one.body.get("target") or ""),
                at=one.at,
            )
            for one in steps
        ],
        verification=Verification(
            finding_cleared=bool(row.body.get("finding_cleared")),
            new_findings=list(row.body.get("new_findings") or []),
        ),
        progress_in=_progress(row, steps),
        audit=lines,
        audit_in={one: [line_told(line, one) for line in lines] for one in LANGUAGES},
    )


def change_line(row: ChangeRow) -> ChangeLine:
    return ChangeLine(
        change_id=row.id,
        plan_id=row.plan_id,
        status=row.status,
        fix=row.fix,
        target=Target(kind=row.kind, namespace=row.namespace, name=row.name),
        requester=row.requester,
        approvers=row.approvers,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
