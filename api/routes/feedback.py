"""What people say of answers, and seeing to it."""

import re
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, Field

from api.dependencies import Chatter, Current, Needs, noted, takes
from api.listing import Cursor, sort_by
from api.sent import Sent
from core.clock import utc_now
from core.principal import Permission, Principal
from core.storage.records import FeedbackRow
from core.storage.repositories.feedback import Feedbacks

# Where the text of a question ends that is kept with a word on its answer.
MAX_QUESTION_CHARACTERS = 500
CJK = re.compile(r"[\u3400-\u9fff]")
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
    sort: Annotated[str, sort_by("id subject helpful reason door said_at resolved_at")] = "",
    cursor: Cursor = "",
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> FeedbackPage:
    """What was said of answers, the newest first."""
    async with current.database.session() as session:
        found = await Feedbacks(session).page(
            helpful=helpful, resolved=resolved, sort=sort, cursor=cursor, limit=limit
        )
    return FeedbackPage(items=[_feedback(row) for row in found.rows], next_cursor=found.cursor)


@router.get(
    "/feedback/cases",
    operation_id="exportFeedback",
    dependencies=[takes(Permission.USAGE_READ)],
    response_class=PlainTextResponse,
)
async def export_feedback(
    current: Current, limit: Annotated[int, Query(ge=1, le=5000)] = 1000
) -> str:
    """Questions as cases for `midwatch eval run routing --cases DIR`, the newest `limit` of them.

    Those whose answer helped are cases; the others stand as remarks, for somebody to say what was right.
    """
    async with current.database.session() as session:
        rows = (await Feedbacks(session).page(limit=limit)).rows
    lines = [_case(row) for row in reversed(rows) if row.route and _is_one_line(row.question)]
    return "\n".join(dict.fromkeys(lines)) + "\n"


@router.post("/feedback/{number}/resolve", operation_id="resolveFeedback")
async def resolve_feedback(
    number: Annotated[int, Path(ge=1, lt=2**31)], keeper: Keeper, current: Current
) -> Feedback:
    """Somebody has seen to it."""
    async with current.database.session() as session:
        row = await Feedbacks(session).resolve(number, by=keeper.subject, at=utc_now())
    await noted(current, keeper, "feedback.resolve", str(number))
    return _feedback(row)


def _is_one_line(question: str) -> bool:
    """Whether it is there as a whole, and has none of what the format of cases is made of."""
    whole = 0 < len(question) < MAX_QUESTION_CHARACTERS
    return whole and question.isprintable() and " | " not in question and " >> " not in question


def _case(row: FeedbackRow) -> str:
    language = "zh" if CJK.search(row.question) else "en"
    case = f"{language} plain | {row.question.strip()} | {' ; '.join(row.route.split(','))}"
    if row.helpful:
        return case
    why = " ".join(f"{row.reason} {row.comment}".split())
    return f"# {why}\n# {case}"


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
