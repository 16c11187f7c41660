"""The audit trail."""

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.dependencies import Auditor, CallerTools, Current, Reads
from api.listing import Cursor, sort_by
from api.routes.markdown import Markdown
from core.security.audit import AuditLog, Head
from core.security.audit_report import trail_section, verdict_text
from core.storage.records import AuditRow
from core.storage.repositories.listing import Part

# More lines than any one change leaves.
MOST_LINES = 1000
BATCH = "bat-"

router = APIRouter(prefix="/api/v1", tags=["audit"])


class Line(BaseModel):
    sequence: int
    at: datetime
    subject: str
    action: str
    target: str
    outcome: str
    detail: dict[str, Any]
    hash: str


class Trail(BaseModel):
    items: list[Line]
    next_cursor: str = Field(description="Goes on after the last line; empty at the end.")


class Verdict(BaseModel):
    holds: bool
    entries: int = Field(description="How many there are.")
    head: str = Field(description="The last one as `sequence:hash`; note it somewhere else.")
    broken_at: int | None = None
    why: str = ""
    said: str = Field(description="The same in one sentence.")


@router.get("/audit", operation_id="listAudit")
async def list_audit(
    _auditor: Auditor,
    current: Current,
    subject: Annotated[str, Query(max_length=200)] = "",
    action: Annotated[str, Query(max_length=200, examples=["auth.sign_in"])] = "",
    about: Annotated[str, Query(max_length=64, description="A plan or change, by its id.")] = "",
    before: Annotated[int, Query(ge=0, description="Only lines below this one.")] = 0,
    sort: Annotated[str, sort_by("sequence at subject action target outcome")] = "",
    cursor: Cursor = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Trail:
    """Who did what to what, the newest first."""
    asked = {"subject": subject, "action": action, "about": about}
    page = current.audit.page
    return trail_of(await page(before=before, sort=sort, cursor=cursor, limit=limit, **asked))


@router.get("/audit/verification", operation_id="verifyAudit")
async def verify_audit(
    _auditor: Auditor,
    current: Current,
    reads: Reads,
    head: Annotated[
        str, Query(max_length=100, description="A head noted earlier: the chain must hold it.")
    ] = "",
) -> Verdict:
    """Whether the chain of the audit trail holds, and where it breaks."""
    return await verdict_of(current.audit, head, reads)


@router.get(
    "/audit/changes/{change_id}/report",
    operation_id="reportAuditedChange",
    response_class=Markdown,
)
async def report_audited_change(
    _auditor: Auditor, current: Current, tools: CallerTools, reads: Reads, change_id: str
) -> Markdown:
    """One change, or batch of changes, as a Markdown report with its lines of the audit trail."""
    tool, about = reported(change_id, reads)
    found = (await tools.call(tool, **about)).data
    text = await with_trail(found["markdown"], change_id, current.audit, reads)
    return Markdown(text)


def reported(name: str, language: str) -> tuple[str, dict[str, str]]:
    """The tool that writes it down, and what it is asked."""
    kind = "batch" if name.startswith(BATCH) else "change"
    return f"autofix_report_{kind}", {f"{kind}_id": name, "language": language}


def trail_of(found: Part[AuditRow]) -> Trail:
    return Trail(items=[_line(row) for row in found.rows], next_cursor=found.cursor)


async def verdict_of(audit: AuditLog, noted: str, language: str) -> Verdict:
    """Whether the chain holds, and with it the head that was noted, if one was."""
    broken = await audit.verify(Head.read(noted) if noted else None)
    last = await audit.head()
    return Verdict(
        holds=broken is None,
        entries=last.sequence,
        head=str(last),
        broken_at=broken.sequence if broken else None,
        why=broken.why.told(language) if broken else "",
        said=verdict_text(broken, last, language),
    )


async def with_trail(markdown: str, change_id: str, audit: AuditLog, language: str) -> str:
    """A report of a change, with what the trail holds of it."""
    rows = await audit.latest(about=change_id, limit=MOST_LINES)
    return f"{markdown}\n\n{trail_section(rows[::-1], language)}"


def _line(row: AuditRow) -> Line:
    return Line(
        sequence=row.sequence,
        at=row.at,
        subject=row.subject,
        action=row.action,
        target=row.target,
        outcome=row.outcome,
        detail=json.loads(row.detail),
        hash=row.hash,
    )
