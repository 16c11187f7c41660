"""`/v1/models` and `/v1/chat/completions`."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any
from uuid import uuid4

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from api.dependencies import Chatter, InPerson, takes
from api.openai_compat.asking import MODEL, Asked, Message, question_of, token_counts
from api.openai_compat.failures import OpenAIRoute, failure, no_such_model, spoken
from api.openai_compat.telling import KEEPALIVE, beside, data, listened, streamed, whole
from api.turns.running import CurrentTurns, Turns
from api.turns.runs import Run
from api.turns.watching import Piece, Silence, Step, Told, begun
from core.clock import utc_now
from core.errors import OpsError
from core.principal import Permission

router = APIRouter(prefix="/v1", tags=["openai"], route_class=OpenAIRoute)

DONE = b"data: [DONE]\n\n"
Wire = dict[str, Any]


class StreamOptions(BaseModel):
    include_usage: bool = False


class ChatAsked(Asked):
    messages: list[Message] = Field(min_length=1, max_length=2_000)
    n: int = Field(default=1, ge=1, le=1)
    stream_options: StreamOptions | None = None


@router.get("/models", operation_id="listModels")
async def list_models(_principal: Chatter) -> Wire:
    """The one model there is: Midwatch itself."""
    return {"object": "list", "data": [_model()]}


@router.get("/models/{model}", operation_id="getModel")
async def get_model(model: str, _principal: Chatter) -> Wire:
    """404 for every name but `midwatch`."""
    if model != MODEL:
        raise no_such_model(model, MODEL)
    return _model()


@router.post(
    "/chat/completions",
    operation_id="createChatCompletion",
    dependencies=[takes(Permission.CHAT_USE)],
    responses={200: {"content": {"text/event-stream": {}}, "description": "A completion."}},
)
async def complete(
    body: ChatAsked, request: Request, principal: InPerson, turns: CurrentTurns
) -> Response:
    """Ask as a chat completion; with `stream`, what is being done comes as `reasoning_content`.

    The conversation is recognised by its messages and goes on as on every other door; an earlier
    message that was edited begins a branch. A change that needs a person's yes is answered by the
    message `approve ID` or `deny ID`. Who hangs up ends the turn.
    """
    body.check()
    question = await question_of(body.messages, principal, turns, known=("", ""))
    started = await begun(turns, principal, question)
    completion = Completion(spoken(request, question.text))
    if body.stream:
        usage = bool(body.stream_options and body.stream_options.include_usage)
        sent = completion.frames(turns, started, usage=usage)
        return streamed(sent)
    told = await whole(turns, started, request)
    return Response(orjson.dumps(completion.whole(told)), media_type="application/json")


class Completion:
    """One completion under its own id."""

    def __init__(self, language: str) -> None:
        self._language = language
        created = int(utc_now().timestamp())
        self._shared = {"id": f"chatcmpl-{uuid4().hex}", "created": created, "model": MODEL}

    def whole(self, told: Told) -> Wire:
        message = {"role": "assistant", "content": told.text, "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": _reason(told), "logprobs": None}
        answer = {"object": "chat.completion", "choices": [choice], "usage": _usage(told)}
        return {**self._shared, **answer, "midwatch": beside(told)}

    async def frames(
        self, turns: Turns, started: Run | Told, *, usage: bool
    ) -> AsyncIterator[bytes]:
        """Server-sent events as OpenAI's API sends them."""
        yield self._frame({"role": "assistant", "content": ""})
        try:
            async with aclosing(listened(turns, started)) as said:
                async for piece in said:
                    for frame in self._frames_of(piece, usage=usage):
                        yield frame
        except OpsError as error:
            yield data(failure(error, error.told(self._language)))
        yield DONE

    def _frames_of(self, piece: Piece, *, usage: bool) -> list[bytes]:
        match piece:
            case Silence():
                return [KEEPALIVE]
            case Step(text=text, status="started"):
                return [self._frame({"reasoning_content": f"{text}\n"})]
            case Step():
                return []
            case Told():
                lines = [self._frame({"content": line}) for line in piece.text.splitlines(True)]
                end = self._frame({}, reason=_reason(piece), midwatch=beside(piece))
                return [*lines, end, *([self._usage_frame(piece)] if usage else [])]

    def _frame(self, delta: Wire, *, reason: str | None = None, **beside: Any) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        chunk = {**self._shared, "object": "chat.completion.chunk", "choices": [choice]}
        return data({**chunk, **beside})

    def _usage_frame(self, told: Told) -> bytes:
        chunk: Wire = {**self._shared, "object": "chat.completion.chunk", "choices": []}
        return data({**chunk, "usage": _usage(told)})


def _reason(told: Told) -> str:
    return "length" if told.shape["incomplete_code"] == "token_limit" else "stop"


def _usage(told: Told) -> Wire:
    """What models took; nothing where rules answered alone."""
    given, made, cached, reasoning = token_counts(told.shape["usage"])
    return {
        "prompt_tokens": given,
        "completion_tokens": made,
        "total_tokens": given + made,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }


def _model() -> Wire:
    return {"id": MODEL, "object": "model", "created": 0, "owned_by": MODEL}
