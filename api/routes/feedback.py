"""What people say of answers, and seeing to it."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from api.dependencies import Chatter, Current, Needs, noted, takes
from api.sent import Sent
from core.clock import utc_now
from core.principal import Permission, Principal
from core.storage.records import FeedbackRow
from core.storage.repositories.feedback import Feedbacks

router = APIRouter(prefix="/api/v1", tags=["feedback"])
Keeper = Annotated[Principal, Depends(Needs(Permission.KNOWLEDGE_MANAGE))]
Reason = Literal["", "wrong_cause", "incomplete", "unclear", "not_asked", "too_slow", "other"]


class Word(Sent):
    """Of one answer; the newest of the conversation where `run_id` is left out."""

    helpful: bool
    reason: Reason = ""
    comment: str = Field(default="", max_length=2000)
    run_id: str = Field(default="", max_length=64)


class Feedback(BaseModel):
    id: int
    run_id: str
    thread_id: str
    subject: str
    helpful: bool
    reason: str
    comment: str
    door: str = Field(description="Where it was said: api, slack, dingtalk, feishu.")
    question: str = Field(description="Its first 500 characters.")
    route: list[str] = Field(description="The subagents that answered.")
    said_at: datetime
    resolved_by: str = Field(description='"" as long as it is open.')
    resolved_at: datetime | None


class FeedbackPage(BaseModel):
    items: list[Feedback]
    next_cursor: str = Field(description="Goes on below the last one; empty at the end.")


@router.put("/threads/{thread_id}/feedback", operation_id="sayFeedback")
async def say_feedback(
    thread_id: str, body: Word, principal: Chatter, current: Current
) -> Feedback:
    """Whether an answer of your own conversation helped. Said again, the new word counts."""
    async with current.database.session() as session:
        row = await Feedbacks(session).say(
            thread_id, owner=principal.subject, at=utc_now(), door="api", **body.model_dump()
        )
    return _feedback(row)


@router.get("/feedback", operation_id="listFeedback", dependencies=[takes(Permission.USAGE_READ)])
async def list_feedback(
    current: Current,
    helpful: bool | None = None,
    resolved: bool | None = None,
    cursor: Annotated[int, Query(ge=0, lt=2**31)] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> FeedbackPage:
    """What was said of answers, the newest first."""
    async with current.database.session() as session:
        rows = await Feedbacks(session).page(
            before=cursor, limit=limit, helpful=helpful, resolved=resolved
        )
    more = str(rows[-1].number) if len(rows) == limit else ""
    return FeedbackPage(items=[_feedback(row) for row in rows], next_cursor=more)


@router.post("/feedback/{number}/resolve", operation_id="resolveFeedback")
async def resolve_feedback(
    number: Annotated[int, Path(ge=1, lt=2**31)], keeper: Keeper, current: Current
) -> Feedback:
    """Somebody has seen to it."""
    async with current.database.session() as session:
        row = await Feedbacks(session).resolve(number, by=keeper.subject, at=utc_now())
    await noted(current, keeper, "feedback.resolve", str(number))
    return _feedback(row)


def _feedback(row: FeedbackRow) -> Feedback:
    route = [one for one in row.route.split(",") if one]
    return Feedback(
        id=row.number,
        run_id=row.run_id,
        thread_id=row.thread_id,
        subject=row.subject,
        helpful=row.helpful,
        reason=row.reason,
        comment=row.comment,
        door=row.door,
        question=row.question,
        route=route,
        said_at=row.said_at,
        resolved_by=row.resolved_by,
        resolved_at=row.resolved_at,
    )
