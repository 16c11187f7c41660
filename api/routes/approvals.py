"""What waits for your answer, and the answer."""

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from agent.approvals import Decision
from api.dependencies import Chatter, InPerson, takes
from api.sent import Sent
from api.turns.approvals import answer_to, waiting_for
from api.turns.running import CurrentTurns
from core.principal import Permission

router = APIRouter(prefix="/api/v1/approvals", tags=["approvals"])


class Verdict(Sent):
    approved: bool
    typed: str = Field(
        default="", max_length=253, description="The name that confirms a high risk."
    )


@router.get("", operation_id="listApprovals")
async def list_approvals(
    principal: Chatter, turns: CurrentTurns
) -> dict[str, list[dict[str, Any]]]:
    """The changes in your latest conversations that wait for your yes or no."""
    return {"items": await waiting_for(turns, principal.subject)}


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
    said = Decision(approval_id, body.approved, body.typed)
    question = await answer_to(turns, principal.subject, said)
    return await turns.answer(principal, question)
