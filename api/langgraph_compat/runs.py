"""Turns as runs of LangGraph's platform: begun, streamed, joined, waited for, cancelled."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse

from api.dependencies import Chatter, InPerson, takes
from api.langgraph_compat.asking import MODES, RunAsked, check_assistant
from api.langgraph_compat.door import PREFIX, Conversation, KeyRoute, read
from api.langgraph_compat.shapes import Wire, question, run
from api.langgraph_compat.streaming import error_of, frames
from api.sentences import SENTENCES
from api.turns.questions import Question
from api.turns.running import CurrentTurns, Turns
from api.turns.runs import Run
from core.errors import Invalid, NotFound
from core.principal import Permission, Principal
from core.storage.forks import ASKED
from core.storage.repositories.conversations import Conversations

router = APIRouter(prefix=PREFIX, tags=["langgraph"], route_class=KeyRoute)
HEADERS = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}
SSE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {}}, "description": "LangGraph's events."}
}
MAY = [takes(Permission.CHAT_USE)]
JOINED = ["values", "messages"]
# `useStream` joins with -1, which is before the first.
LastEventId = Annotated[int | None, Header(ge=-1)]
Mode = Annotated[list[str], Query(max_length=10)]


@router.post(
    "/threads/{thread_id}/runs/stream",
    operation_id="streamLanggraphRun",
    dependencies=MAY,
    response_class=StreamingResponse,
    responses=SSE,
)
async def stream_run(
    thread_id: str, body: RunAsked, principal: InPerson, turns: CurrentTurns
) -> StreamingResponse:
    """One turn as it goes on. What waits for a person is an interrupt of the thread's state; answer it by
    `command.resume` with a decision for each request, `approve` or `reject`."""
    return _streamed(turns, principal, await _begun(turns, principal, thread_id, body), body)


@router.post(
    "/runs/stream",
    operation_id="streamLanggraphRunAlone",
    dependencies=MAY,
    response_class=StreamingResponse,
    responses=SSE,
)
async def stream_alone(
    body: RunAsked, principal: InPerson, turns: CurrentTurns
) -> StreamingResponse:
    """One turn in a conversation of its own."""
    return _streamed(turns, principal, await _begun(turns, principal, "", body), body)


@router.post("/threads/{thread_id}/runs/wait", operation_id="waitForLanggraphRun", dependencies=MAY)
async def wait_for_run(
    thread_id: str, body: RunAsked, principal: InPerson, turns: CurrentTurns
) -> dict[str, Any]:
    """One turn to its end: the values of the thread then."""
    return await _end(turns, principal, await _begun(turns, principal, thread_id, body))


@router.post("/runs/wait", operation_id="waitForLanggraphRunAlone", dependencies=MAY)
async def wait_alone(body: RunAsked, principal: InPerson, turns: CurrentTurns) -> dict[str, Any]:
    """One turn in a conversation of its own, to its end."""
    return await _end(turns, principal, await _begun(turns, principal, "", body))


@router.post("/threads/{thread_id}/runs", operation_id="createLanggraphRun", dependencies=MAY)
async def create_run(
    thread_id: str, body: RunAsked, principal: InPerson, turns: CurrentTurns
) -> dict[str, Any]:
    """Begin a turn and do not wait for it."""
    return run(await _begun(turns, principal, thread_id, body))


@router.get("/threads/{thread_id}/runs", operation_id="listLanggraphRuns")
async def list_runs(
    thread_id: str, principal: Chatter, turns: CurrentTurns
) -> list[dict[str, Any]]:
    """The runs of a thread that go on, and those that ended lately, the latest first."""
    of = [one for one in turns.runs.by_id.values() if one.thread_id == thread_id]
    mine = [one for one in of if one.subject == principal.subject]
    return [run(one) for one in sorted(mine, key=lambda one: -one.started_ms)]


@router.get("/threads/{thread_id}/runs/{run_id}", operation_id="getLanggraphRun")
async def get_run(
    thread_id: str, run_id: str, principal: Chatter, turns: CurrentTurns
) -> dict[str, Any]:
    """One that goes on, or ended lately."""
    return run(_found(turns, principal, thread_id, run_id))


@router.get("/threads/{thread_id}/runs/{run_id}/join", operation_id="joinLanggraphRun")
async def join_run(
    thread_id: str, run_id: str, principal: Chatter, turns: CurrentTurns
) -> dict[str, Any]:
    """The values of the thread once the run has ended."""
    return await _end(turns, principal, _found(turns, principal, thread_id, run_id))


@router.get(
    "/threads/{thread_id}/runs/{run_id}/stream",
    operation_id="joinLanggraphStream",
    response_class=StreamingResponse,
    responses=SSE,
)
async def join_stream(
    thread_id: str,
    run_id: str,
    principal: Chatter,
    turns: CurrentTurns,
    stream_mode: Mode = JOINED,
    last_event_id: LastEventId = None,
) -> StreamingResponse:
    """The events of a run once more, those after `Last-Event-ID`."""
    one = _found(turns, principal, thread_id, run_id)
    named = [mode for mode in stream_mode if mode] or JOINED
    modes = frozenset(MODES.get(mode, mode) for mode in named)
    sent = frames(one, lambda: _values(turns, principal, one), modes, after=last_event_id or 0)
    return _response(one, sent)


@router.post("/threads/{thread_id}/runs/{run_id}/cancel", operation_id="cancelLanggraphRun")
async def cancel_run(
    thread_id: str, run_id: str, principal: Chatter, turns: CurrentTurns
) -> dict[str, Any]:
    """End a run early; what was finished is kept."""
    one = _found(turns, principal, thread_id, run_id)
    await turns.cancel(one)
    return run(one)


def _found(turns: Turns, principal: Principal, thread_id: str, run_id: str) -> Run:
    one = turns.find(run_id, principal.subject)
    if one.thread_id != thread_id:
        raise SENTENCES.error(NotFound, "run_gone", run_id=run_id)
    return one


async def _begun(turns: Turns, principal: Principal, thread_id: str, body: RunAsked) -> Run:
    """Raises `NotFound` for a thread that nobody made, unless the client says to make it."""
    if not thread_id:
        return await turns.start(principal, body.question("", ()))
    if body.if_not_exists == "reject" or body.resumes or body.after:
        conversation = await read(turns, principal, thread_id)
        approvals = conversation.standing.approvals if conversation.standing else ()
        if body.after in ("", conversation.checkpoint):
            asked = body.question(thread_id, approvals)
        else:
            asked = _forking(conversation, body)
        if not conversation.row.title and asked.text.strip():
            await _entitle(turns, principal, thread_id, asked.text)
    else:
        asked = body.question(thread_id, ())
    if body.multitask_strategy in ("interrupt", "rollback"):
        for one in turns.at_work(thread_id, principal.subject):
            await turns.cancel(one)
    return await turns.start(principal, asked)


def _forking(conversation: Conversation, body: RunAsked) -> Question:
    """A run from an earlier state: another question there, or the question there once more.

    Raises `NotFound` for no state of this thread, `Invalid` for another question where one stands already.
    """
    check_assistant(body.assistant_id)
    line = conversation.line(body.after)
    if body.asks_again:
        text = line[-1].rows[0].text
        return Question(text, conversation.row.id, can_ask=True, fork=body.after)
    if body.resumes or body.after.startswith(ASKED):
        raise SENTENCES.error(Invalid, "no_fork_here")
    return replace(body.question(conversation.row.id, ()), fork=body.after)


async def _entitle(turns: Turns, principal: Principal, thread_id: str, text: str) -> None:
    async with turns.database.session() as session:
        await Conversations(session).rename(thread_id, text, owner=principal.subject)


async def _values(turns: Turns, principal: Principal, one: Run) -> Wire:
    """What the thread holds; while the run goes on, its question too, which is kept at the end."""
    if one.ending is not None:
        await turns.settled(one)
    conversation = await read(turns, principal, one.thread_id)
    forks = one.ending is None and one.fork
    values: Wire = conversation.state(one.fork if forks else "")["values"]
    if one.ending is None and one.question and not one.goes_on:
        values["messages"].append(question(one.id, one.question))
    if one.ending is not None and (waiting := conversation.waiting):
        values["__interrupt__"] = waiting
    return values


async def _end(turns: Turns, principal: Principal, one: Run) -> Wire:
    while not one.ending:
        await one.more(len(one.log))
    values = await _values(turns, principal, one)
    return {**values, "__error__": error_of(one.error)} if one.error else values


def _streamed(turns: Turns, principal: Principal, one: Run, body: RunAsked) -> StreamingResponse:
    sent = frames(one, lambda: _values(turns, principal, one), body.modes)
    if body.on_disconnect == "cancel":
        sent = _watched(turns, one, sent)
    return _response(one, sent)


async def _watched(turns: Turns, one: Run, sent: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Who stops listening ends the run."""
    try:
        async for frame in sent:
            yield frame
    finally:
        turns.abandon(one)


def _response(one: Run, sent: AsyncIterator[bytes]) -> StreamingResponse:
    """Addresses are below the one that the client has, as LangGraph's are."""
    at = f"/threads/{one.thread_id}/runs/{one.id}"
    headers = {**HEADERS, "Content-Location": at, "Location": f"{at}/stream"}
    return StreamingResponse(sent, media_type="text/event-stream", headers=headers)
