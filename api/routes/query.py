"""One question, one JSON answer."""

from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field

from api.dependencies import Chatter
from api.sent import Sent
from api.turns.questions import Question
from api.turns.running import MAX_QUESTION_CHARACTERS, CurrentTurns

router = APIRouter(prefix="/api/v1", tags=["ask"])


class Query(Sent):
    question: str = Field(
        min_length=1, max_length=MAX_QUESTION_CHARACTERS, examples=["Why is checkout failing?"]
    )
    thread_id: str = Field(default="", max_length=64, description="The conversation to continue.")
    run_id: str = Field(default="", max_length=64, description="Of your choice, to cancel it by.")
    language: Literal["auto", "en", "zh"] = "auto"
    namespace: str = Field(default="", max_length=63, description="Look only here.")
    edit: str = Field(
        default="",
        max_length=64,
        description="The earlier question of the conversation, by its id or its run's, that this one "
        "stands for: it is answered in a branch, whose thread_id the answer has.",
    )


class AskedRoute(Sent):
    question: str = Field(min_length=1, max_length=MAX_QUESTION_CHARACTERS)


@router.post("/query", operation_id="ask")
async def ask(body: Query, principal: Chatter, turns: CurrentTurns) -> dict[str, Any]:
    """Ask one question and wait for the whole answer with its citations and tool calls.

    409 while the same conversation is still answering, or waits for a person. With `status`
    interrupted the turn waits for `approvals`: answer them at /api/v1/threads/{id}/resume. A caller who hangs up does not end the
    turn: its answer is kept in the conversation.
    """
    question = Question(
        body.question,
        thread_id=body.thread_id,
        run_id=body.run_id,
        language=body.language,
        namespace=body.namespace,
        can_ask=True,
        edit=body.edit,
    )
    return await turns.answer(principal, question)


@router.post("/route", operation_id="route")
async def route(body: AskedRoute, principal: Chatter, turns: CurrentTurns) -> dict[str, Any]:
    """Only the supervisor's decision: which subagent would answer, with which arguments.

    Where the question asks for several things, `asks` has the decision about each, in order.
    """
    return await turns.route(principal, body.question)
