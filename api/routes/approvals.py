"""What waits for your answer, and the answer."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from agent.approvals import REASON_CHARACTERS, Decision
from api.dependencies import Chatter, InPerson, takes
from api.listing import Cursor
from api.sent import Sent
from api.turns.approvals import LOOKED_THROUGH, answer_to, waiting_for
from api.turns.running import CurrentTurns
from core.principal import Permission

router = APIRouter(prefix="/api/v1/approvals", tags=["approvals"])


class ApprovalPage(BaseModel):
    """A part may be empty and yet have a `next_cursor`: nothing waited in those conversations."""

    items: list[dict[str, Any]]
    next_cursor: str = Field(description="Goes on with older conversations; empty at the end.")


class Verdict(Sent):
    approved: bool
    typed: str = Field(
        default="", max_length=253, description="The name that confirms a high risk."
    )
    reason: str = Field(
        default="", max_length=REASON_CHARACTERS, description="Why not; it is kept."
    )


@router.get("", operation_id="listApprovals")
async def list_approvals(
    principal: Chatter,
    turns: CurrentTurns,
    cursor: Cursor = "",
    limit: Annotated[
        int, Query(ge=1, le=100, description="How many conversations are looked through.")
    ] = LOOKED_THROUGH,
) -> ApprovalPage:
    """The changes in your latest conversations that wait for your yes or no."""
    found = await waiting_for(turns, principal.subject, cursor=cursor, through=limit)
    return ApprovalPage(items=list(found.rows), next_cursor=found.cursor)


@router.post(
    "/{approval_id}", operation_id="answerApproval", dependencies=[takes(Permission.CHAT_USE)]
)
async def answer_approval(
    approval_id: str, body: Verdict, principal: InPerson, turns: CurrentTurns
) -> dict[str, Any]:
    """Say yes or no; the turn goes on, and its whole answer is waited for.

    Where a turn asked several questions at once, the others are denied: answer those together at
    /api/v1/threads/{id}/resume.
    """
    said = Decision(approval_id, body.approved, body.typed, body.reason)
    question = await answer_to(turns, principal.subject, said)
    return await turns.answer(principal, question)
