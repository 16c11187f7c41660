"""The audit trail."""

import json
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.dependencies import Auditor, Current

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
    next_cursor: str = Field(description="Goes on below the last line; empty at the end.")


class Verdict(BaseModel):
    holds: bool
    broken_at: int | None = None
    why: str = ""


@router.get("/audit", operation_id="listAudit")
async def list_audit(
    _auditor: Auditor,
    current: Current,
    subject: Annotated[str, Query(max_length=200)] = "",
    cursor: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Trail:
    """Who did what to what, the newest first."""
    rows = await current.audit.latest(before=cursor, subject=subject, limit=limit)
    items = [
        Line(
            sequence=row.sequence,
            at=row.at,
            subject=row.subject,
            action=row.action,
            target=row.target,
            outcome=row.outcome,
            detail=json.loads(row.detail),
            hash=row.hash,
        )
        for row in rows
    ]
    more = len(rows) == limit and rows[-1].sequence > 1
    return Trail(items=items, next_cursor=str(rows[-1].sequence) if more else "")


@router.get("/audit/verification", operation_id="verifyAudit")
async def verify_audit(_auditor: Auditor, current: Current) -> Verdict:
    """Whether the chain of the audit trail holds, and where it breaks."""
    broken = await current.audit.verify()
    if broken is None:
        return Verdict(holds=True)
    return Verdict(holds=False, broken_at=broken.sequence, why=broken.why)
