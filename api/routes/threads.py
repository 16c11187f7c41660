"""Conversations: list, search, read, export, rename, delete."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from agent.approvals import REASON_CHARACTERS, Decision
from api.dependencies import Chatter, Current, InPerson, Reads, takes
from api.listing import Cursor, Limit, sort_by
from api.sent import Sent
from api.turns.deleting import delete_conversation
from api.turns.exporting import as_document
from api.turns.questions import Question
from api.turns.running import CurrentTurns
from api.turns.standing import standing_shape
from core.clock import utc_now
from core.principal import Permission
from core.redaction import redact_fields
from core.storage.records import ConversationRow, MessageRow, ToolCallRow
from core.storage.repositories.conversations import Conversations

router = APIRouter(prefix="/api/v1/threads", tags=["threads"])


class Thread(BaseModel):
    id: str
    title: str
    created_at: datetime
    updated_at: datetime
    snippet: str = Field(default="", description="Where a search found its words.")
    branch_of: str = Field(default="", description="The conversation this one branched off from.")
    branched_at: str = Field(default="", description="The message there that was edited.")
    pinned: bool = Field(default=False, description="It stands before those that are not.")


class ThreadPage(BaseModel):
    items: list[Thread]
    next_cursor: str = Field(description="Goes on after the last item; empty at the end.")


class ThreadWithMessages(Thread):
    messages: list[dict[str, Any]] = Field(
        description="In order: id, role, content, created_at; of an answer also route, plan, lanes "
        "(the subagents, with their tool calls), citations, tool_calls, usage, ending, incomplete and error."
    )
    standing: dict[str, Any] | None = Field(
        description="A turn that has not come to its end: its state (waiting for a person, expired, "
        "or unfinished since a process ended), question and approvals."
    )


class MessagePage(BaseModel):
    items: list[dict[str, Any]]
    next_cursor: str = Field(description="Goes on after the last item; empty at the end.")


class Answer(Sent):
    approval_id: str = Field(max_length=64)
    approved: bool
    typed: str = Field(
        default="", max_length=253, description="The name that confirms a high risk."
    )
    reason: str = Field(
        default="", max_length=REASON_CHARACTERS, description="Why not; it is kept."
    )


class Resumption(Sent):
    """Empty after a crash; after an interrupt the answers of the person who sends them."""

    decisions: list[Answer] = Field(default_factory=list[Answer], max_length=50)
    run_id: str = Field(default="", max_length=64, description="Of your choice, to cancel it by.")


class ExportFormat(StrEnum):
    MARKDOWN = "markdown"
    JSON = "json"


class ThreadChange(Sent):
    """What is left out stays as it is."""

    title: str | None = Field(default=None, min_length=1, max_length=200)
    pinned: bool | None = None


@router.get("", operation_id="listThreads")
async def list_threads(
    principal: Chatter,
    current: Current,
    q: Annotated[str, Query(max_length=200, description="Words to find.")] = "",
    sort: Annotated[str, sort_by("title created_at updated_at pinned")] = "",
    cursor: Cursor = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 30,
) -> ThreadPage:
    """Your conversations: pinned ones first, then the one used last; with `q` those that contain its words,
    the best first, whatever `sort` says."""
    async with current.database.session() as session:
        conversations = Conversations(session)
        if q.strip():
            hits = await conversations.search(principal.subject, q, limit=limit)
            found = [_thread(hit.conversation, hit.snippet) for hit in hits]
            return ThreadPage(items=found, next_cursor="")
        page = await conversations.page(principal.subject, sort=sort, cursor=cursor, limit=limit)
    return ThreadPage(items=[_thread(row) for row in page.rows], next_cursor=page.cursor)


@router.get("/{thread_id}", operation_id="readThread")
async def read_thread(
    thread_id: str, principal: Chatter, current: Current, turns: CurrentTurns
) -> ThreadWithMessages:
    """One conversation with all its messages, and the turn that stands in it."""
    async with current.database.session() as session:
        conversations = Conversations(session)
        row = await conversations.get(thread_id, owner=principal.subject)
        messages = await conversations.messages(thread_id, owner=principal.subject)
    told = [message_shape(message) for message in messages]
    standing = standing_shape(await turns.standing(thread_id, principal.subject))
    return ThreadWithMessages(**_thread(row).model_dump(), messages=told, standing=standing)


@router.post(
    "/{thread_id}/resume", operation_id="resumeThread", dependencies=[takes(Permission.CHAT_USE)]
)
async def resume_thread(
    thread_id: str, body: Resumption, principal: InPerson, turns: CurrentTurns
) -> dict[str, Any]:
    """Go on with the turn that stands in a conversation, and wait for the whole answer.

    404 when none does; 409 when what you answer is not waited for any more. What you leave
    unanswered is denied.
    """
    said = tuple(
        Decision(one.approval_id, one.approved, one.typed, one.reason) for one in body.decisions
    )
    question = Question(
        "", thread_id=thread_id, run_id=body.run_id, can_ask=True, resume=True, decisions=said
    )
    return await turns.answer(principal, question)


@router.get("/{thread_id}/messages", operation_id="listMessages")
async def list_messages(
    thread_id: str,
    principal: Chatter,
    current: Current,
    sort: Annotated[str, sort_by("created_at")] = "",
    cursor: Cursor = "",
    limit: Limit = None,
) -> MessagePage:
    """The messages of a conversation, in order; with `sort=-created_at` the last one first."""
    async with current.database.session() as session:
        found = await Conversations(session).message_page(
            thread_id, owner=principal.subject, sort=sort, cursor=cursor, limit=limit
        )
    told = [message_shape(message) for message in found.rows]
    return MessagePage(items=told, next_cursor=found.cursor)


@router.get(
    "/{thread_id}/export",
    operation_id="exportThread",
    response_class=Response,
    responses={200: {"content": {"text/markdown": {}, "application/json": {}}}},
)
async def export_thread(
    thread_id: str,
    principal: Chatter,
    current: Current,
    reads: Reads,
    format: Annotated[ExportFormat, Query()] = ExportFormat.MARKDOWN,  # noqa: A002 - the query's name
) -> Response:
    """A conversation as a file: Markdown to read, or JSON with everything that is kept of it.

    It is handed on, so secrets that were typed into it are left out.
    """
    async with current.database.session() as session:
        conversations = Conversations(session)
        row = await conversations.get(thread_id, owner=principal.subject)
        messages = await conversations.messages(thread_id, owner=principal.subject)
    thread = redact_fields(_thread(row).model_dump(exclude={"snippet"}))
    told = redact_fields([message_shape(message) for message in messages])
    if format is ExportFormat.JSON:
        whole = orjson.dumps({**thread, "messages": told}, option=orjson.OPT_UTC_Z)
        return _file(whole, "application/json", row.id, "json")
    text = as_document(thread, told, utc_now(), reads)
    return _file(text.encode(), "text/markdown; charset=utf-8", row.id, "md")


@router.patch("/{thread_id}", operation_id="renameThread")
async def change_thread(
    thread_id: str, body: ThreadChange, principal: Chatter, current: Current
) -> Thread:
    """Give a conversation another title, pin it before the others, or let it go from there."""
    owner = principal.subject
    async with current.database.session() as session:
        conversations = Conversations(session)
        row = await conversations.get(thread_id, owner=owner)
        if body.title is not None:
            row = await conversations.rename(thread_id, body.title, owner=owner)
        if body.pinned is not None:
            row = await conversations.pin(thread_id, owner=owner, pinned=body.pinned)
    return _thread(row)


@router.delete("/{thread_id}", operation_id="deleteThread", status_code=204)
async def delete_thread(thread_id: str, principal: Chatter, turns: CurrentTurns) -> None:
    """Delete a conversation, its messages and its memory. What it cost stays on record."""
    await delete_conversation(turns, principal.subject, thread_id)


def _file(content: bytes, media_type: str, name: str, ending: str) -> Response:
    saved_as = f'attachment; filename="midwatch-{name}.{ending}"'
    return Response(content, media_type=media_type, headers={"content-disposition": saved_as})


def _thread(row: ConversationRow, snippet: str = "") -> Thread:
    return Thread(
        id=row.id,
        title=row.title,
        created_at=row.created_at,
        updated_at=row.updated_at,
        snippet=snippet,
        branch_of=row.branch_of,
        branched_at=row.branched_at,
        pinned=row.pinned,
    )


def message_shape(message: MessageRow) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": message.id,
        "role": message.role,
        "content": message.text,
        "language": message.language,
        "created_at": message.created_at,
    }
    if message.role == "assistant":
        told |= {**message.detail, "tool_calls": [_call(call) for call in message.tool_calls]}
    return told


def _call(call: ToolCallRow) -> dict[str, Any]:
    return {
        "id": call.id,
        "server": call.server,
        "tool": call.tool,
        "subagent": call.subagent,
        "arguments": call.arguments,
        "status": call.status,
        "duration_ms": call.duration_ms,
        "result": call.result,
        "result_tokens": call.result_tokens,
        "cached": call.cached,
    }
