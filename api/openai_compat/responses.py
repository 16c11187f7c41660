"""`/v1/responses`: the part that carries a question, its work and its answer."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any
from uuid import uuid4

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import Field

from api.dependencies import InPerson, takes
from api.openai_compat.asking import MODEL, Asked, Message, question_of, token_counts
from api.openai_compat.events import Narration
from api.openai_compat.failures import OpenAIRoute, failure, spoken
from api.openai_compat.telling import KEEPALIVE, beside, data, listened, streamed, whole
from api.sentences import SENTENCES
from api.turns.running import CurrentTurns, Turns
from api.turns.runs import Run
from api.turns.watching import Piece, Silence, Step, Told, begun
from core.clock import utc_now
from core.errors import NotFound, OpsError
from core.principal import Permission

router = APIRouter(prefix="/v1", tags=["openai"], route_class=OpenAIRoute)

Wire = dict[str, Any]
# A response's id tells its thread and run, so that the next one can say what it follows.
PREFIX, BETWEEN = "resp_", "~"


class ResponseAsked(Asked):
    input: str | list[Message] = Field(description="The question, or the messages so far.")
    previous_response_id: str | None = Field(default=None, max_length=200)

    @property
    def messages(self) -> list[Message]:
        if isinstance(self.input, str):
            return [Message(role="user", content=self.input)]
        return self.input

    @property
    def known(self) -> tuple[str, str]:
        """The thread and the run of the response that this one follows."""
        if self.previous_response_id is None:
            return "", ""
        thread, between, run = self.previous_response_id.removeprefix(PREFIX).partition(BETWEEN)
        if not between:
            raise SENTENCES.error(
                NotFound, "no_response", previous_response_id=self.previous_response_id
            )
        return thread, run


@router.post(
    "/responses",
    operation_id="createResponse",
    dependencies=[takes(Permission.CHAT_USE)],
    responses={200: {"content": {"text/event-stream": {}}, "description": "A response."}},
)
async def respond(
    body: ResponseAsked, request: Request, principal: InPerson, turns: CurrentTurns
) -> Response:
    """Ask as a response; what is being done is the summary of its reasoning.

    `previous_response_id` goes on with a conversation, from an earlier response as a branch of it;
    without one the messages of `input` are recognised. A change that needs a person's yes is
    answered by the message `approve ID` or `deny ID`. Who hangs up ends the turn.
    """
    body.check()
    question = await question_of(body.messages, principal, turns, known=body.known)
    started = await begun(turns, principal, question)
    answer = Answer(started, follows=body.previous_response_id)
    if body.stream:
        return streamed(answer.frames(turns, started, spoken(request, question.text)))
    told = await whole(turns, started, request)
    return Response(orjson.dumps(answer.whole(told)), media_type="application/json")


class Answer:
    """One response under its own id."""

    def __init__(self, started: Run | Told, *, follows: str | None) -> None:
        self._id = _id_of(started)
        self._follows = follows
        self._created = int(utc_now().timestamp())

    def whole(self, told: Told) -> Wire:
        narration = Narration()
        narration.answer(told.text)
        return self._ended(told, narration)

    async def frames(
        self, turns: Turns, started: Run | Told, language: str
    ) -> AsyncIterator[bytes]:
        """Server-sent events as OpenAI's API names and numbers them."""
        narration = Narration()
        begun_as = self._shape("in_progress", [])
        yield _frame(narration.event("response.created", response=begun_as))
        yield _frame(narration.event("response.in_progress", response=begun_as))
        try:
            async with aclosing(listened(turns, started)) as said:
                async for piece in said:
                    for frame in self._frames_of(piece, narration):
                        yield frame
        except OpsError as error:
            why = failure(error, error.told(language))["error"]
            failed = self._shape("failed", narration.items)
            failed["error"] = {"code": why["code"], "message": why["message"]}
            yield _frame(narration.event("response.failed", response=failed))

    def _frames_of(self, piece: Piece, narration: Narration) -> list[bytes]:
        match piece:
            case Silence():
                return [KEEPALIVE]
            case Step(text=text, status="started"):
                return [_frame(event) for event in narration.step(text)]
            case Step():
                return []
            case Told():
                said = narration.answer(piece.text)
                ended = self._ended(piece, narration)
                said.append(narration.event(f"response.{ended['status']}", response=ended))
                return [_frame(event) for event in said]

    def _ended(self, told: Told, narration: Narration) -> Wire:
        cut = told.shape["incomplete_code"] == "token_limit"
        shape = self._shape("incomplete" if cut else "completed", narration.items)
        shape["incomplete_details"] = {"reason": "max_output_tokens"} if cut else None
        return {**shape, "usage": _usage(told), "midwatch": beside(told)}

    def _shape(self, status: str, output: list[Wire]) -> Wire:
        return {
            "id": self._id,
            "object": "response",
            "created_at": self._created,
            "status": status,
            "model": MODEL,
            "output": list(output),
            "previous_response_id": self._follows,
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "metadata": {},
            "parallel_tool_calls": False,
            "temperature": None,
            "top_p": None,
            "tool_choice": "none",
            "tools": [],
            "usage": None,
        }


def _id_of(started: Run | Told) -> str:
    if isinstance(started, Told):
        return f"{PREFIX}{started.shape['thread_id']}{BETWEEN}{uuid4().hex}"
    return f"{PREFIX}{started.thread_id}{BETWEEN}{started.id}"


def _usage(told: Told) -> Wire:
    """What models took; nothing where rules answered alone."""
    given, made, cached, reasoning = token_counts(told.shape["usage"])
    return {
        "input_tokens": given,
        "input_tokens_details": {"cached_tokens": cached},
        "output_tokens": made,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": given + made,
    }


def _frame(event: Wire) -> bytes:
    return b"event: %b\n%b" % (event["type"].encode(), data(event))
