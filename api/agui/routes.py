"""`POST /agui` and what belongs to it: resuming, replaying, cancelling, capabilities."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, cast

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from agent.subagents.alert_admin import ALERT_ADMIN
from agent.subagents.autofix import AUTOFIX
from agent.subagents.cost import COST
from agent.subagents.rag import RAG
from agent.subagents.rca import RCA
from api.agui.interrupts import decisions_of
from api.agui.pending import refused_frames
from api.agui.translation import frames
from api.dependencies import Caller, InPerson, Reads, takes
from api.sentences import SENTENCES
from api.turns.questions import Question
from api.turns.running import CurrentTurns, Turns
from api.turns.runs import Run
from api.turns.standing import AwaitsPerson, NothingStands, TooLate
from core.errors import Conflict, Invalid
from core.principal import Permission, Principal

router = APIRouter(tags=["stream"])

SUBAGENTS = (RCA, AUTOFIX, COST, ALERT_ADMIN, RAG)
HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
LastEventId = Annotated[
    int | None, Header(ge=0, description="The last event received; the stream goes on after it.")
]


class RunInput(BaseModel):
    """AG-UI's RunAgentInput. Our own memory of the thread counts: only the newest message is read."""

    model_config = ConfigDict(extra="allow")

    thread_id: str = Field(default="", alias="threadId", max_length=64)
    run_id: str = Field(default="", alias="runId", max_length=64)
    parent_run_id: str | None = Field(default=None, alias="parentRunId", max_length=64)
    messages: list[dict[str, Any]] = Field(default_factory=list[dict[str, Any]])
    resume: list[dict[str, Any]] | None = None
    forwarded_props: Any = Field(default=None, alias="forwardedProps")

    def question(self) -> Question:
        given = _fields(self.forwarded_props)
        language = str(given.get("language") or "auto")
        decisions = decisions_of(self.resume or ())
        resume = bool(decisions) or given.get("resume") is True
        return Question(
            "" if resume else _text(self.messages),
            thread_id=self.thread_id,
            run_id=self.run_id,
            language=language if language in {"en", "zh"} else "auto",
            namespace=str(given.get("namespace") or "")[:63],
            can_ask=True,
            resume=resume,
            decisions=decisions,
            edit=str(given.get("edit") or "")[:64],
            after_run="" if resume else self.parent_run_id or "",
            branch=str(given.get("branch") or ""),
        )


@router.post(
    "/agui",
    operation_id="runAgent",
    dependencies=[takes(Permission.CHAT_USE)],
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "AG-UI 1.0 events."}},
)
async def run_agent(
    body: RunInput,
    principal: InPerson,
    turns: CurrentTurns,
    reads: Reads,
    last_event_id: LastEventId = None,
) -> StreamingResponse:
    """Run one turn as an AG-UI 1.0 stream.

    The run goes on when the connection breaks: post the same input again with `Last-Event-ID` to
    go on after that event. Cancel it by POST /api/v1/runs/{id}/cancel. A run that ends with the
    outcome `interrupt` waits for a person: answer its interrupts by `resume`; until then another
    message in its thread is answered by what waits, and RUN_ERROR `interrupt_pending`. A turn that a killed
    process left behind goes on with `forwardedProps: {"resume": true}`. With a `parentRunId` that
    is not the last run, or `forwardedProps: {"edit": ID}` of an earlier question or its run, the
    message begins a branch; RUN_STARTED tells its thread, which `forwardedProps.branch` may name.
    """
    question = body.question()
    try:
        run = await begun(turns, principal, question, last_event_id)
    except (AwaitsPerson, NothingStands, TooLate) as refused:
        return _streamed(refused_frames(question, refused, reads))
    return _streamed(frames(run, after=last_event_id or 0))


@router.get(
    "/api/v1/runs/{run_id}/events",
    operation_id="replayRun",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {}}, "description": "AG-UI 1.0 events."}},
)
async def replay_run(
    run_id: str,
    principal: Caller,
    turns: CurrentTurns,
    after: Annotated[int, Query(ge=0, description="Begin behind this event.")] = 0,
    last_event_id: LastEventId = None,
) -> StreamingResponse:
    """The events of a run in progress or lately finished, once more."""
    run = turns.find(run_id, principal.subject)
    return _streamed(frames(run, after=last_event_id or after))


@router.post("/api/v1/runs/{run_id}/cancel", operation_id="cancelRun")
async def cancel_run(run_id: str, principal: Caller, turns: CurrentTurns) -> dict[str, str]:
    """End a run early. What was finished is kept, and its stream ends with `cancelled`."""
    run = turns.find(run_id, principal.subject)
    await turns.cancel(run)
    return {"run_id": run.id, "thread_id": run.thread_id, "ending": str(run.ending or "")}


@router.get("/agui/capabilities", operation_id="agentCapabilities")
async def agent_capabilities(_principal: Caller) -> dict[str, Any]:
    """What this agent can do, in AG-UI's words."""
    subagents = [{"name": one.name, "description": one.purpose} for one in SUBAGENTS]
    return {
        "identity": {"name": "Midwatch", "type": "langgraph"},
        "transport": {"streaming": True, "resumable": True},
        "tools": {"supported": True, "clientProvided": False},
        "output": {"supportedMimeTypes": ["text/markdown"]},
        "state": {"snapshots": True, "deltas": True, "persistentState": True},
        "multiAgent": {"supported": True, "delegation": True, "subagents": subagents},
        "humanInTheLoop": {"supported": True, "approvals": True, "interrupts": True},
    }


async def begun(
    turns: Turns, principal: Principal, question: Question, last_event_id: int | None
) -> Run:
    """The run that this input began before, or a new one."""
    known = turns.runs.get(question.run_id, principal.subject) if question.run_id else None
    if known is None and last_event_id is None:
        return await turns.start(principal, question)
    run = known or turns.find(question.run_id, principal.subject)
    same = question.resume or run.question == question.text.strip()
    threads = {question.thread_id, question.branch}
    if run.thread_id not in threads or not same:
        raise SENTENCES.error(Conflict, "run_of_another", id=run.id)
    return run


def _streamed(sent: AsyncIterator[bytes]) -> StreamingResponse:
    return StreamingResponse(sent, media_type="text/event-stream", headers=HEADERS)


def _text(messages: list[dict[str, Any]]) -> str:
    """The newest message of the user; parts that are not text cannot be read yet."""
    asked = [message for message in messages if message.get("role") == "user"]
    if not asked:
        raise SENTENCES.error(Invalid, "no_user_message")
    content = asked[-1].get("content")
    if isinstance(content, list):
        parts = [_fields(part) for part in cast("list[Any]", content)]
        content = "\n".join(str(part["text"]) for part in parts if part.get("type") == "text")
    return content if isinstance(content, str) else ""


def _fields(value: Any) -> dict[str, Any]:
    """A JSON object; whatever else a client put there says nothing to us."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
