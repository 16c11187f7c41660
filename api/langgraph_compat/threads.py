"""Conversations as threads of LangGraph's platform: made, found, read with their states, deleted."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Literal
from uuid import uuid4

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import Chatter, Current
from api.langgraph_compat.door import PREFIX, KeyRoute, read
from api.langgraph_compat.shapes import GRAPH, Wire, thread
from api.sentences import SENTENCES
from api.turns.deleting import delete_conversation
from api.turns.running import ID, CurrentTurns, Turns
from core.clock import utc_now
from core.errors import Conflict, Invalid
from core.principal import Principal
from core.storage.records import ConversationRow
from core.storage.repositories.conversations import Conversations

router = APIRouter(prefix=f"{PREFIX}/threads", tags=["langgraph"], route_class=KeyRoute)
MOST_FOUND = 100
# How far in a search may begin: what stands before it is walked through each time.
FARTHEST = 10_000


class _Asked(BaseModel):
    model_config = ConfigDict(extra="allow")


class NewThread(_Asked):
    thread_id: str = Field(default="", max_length=64)
    if_exists: str = "raise"
    metadata: dict[str, Any] = {}


class ThreadsAsked(_Asked):
    metadata: dict[str, Any] = {}
    status: str = ""
    limit: int = Field(default=10, ge=1, le=MOST_FOUND)
    offset: int = Field(default=0, ge=0, le=FARTHEST)
    sort_by: Literal["", "created_at", "updated_at"] = ""
    sort_order: Literal["", "asc", "desc"] = ""

    @property
    def sort(self) -> str:
        """As our own lists take it; without one pinned conversations come first."""
        field = self.sort_by or ("updated_at" if self.sort_order else "")
        return f"-{field}" if field and self.sort_order != "asc" else field


class ThreadChange(_Asked):
    metadata: dict[str, Any] = {}


class HistoryAsked(_Asked):
    limit: int = Field(default=10, ge=1, le=1000)


@router.post("", operation_id="createLanggraphThread")
async def create_thread(
    body: NewThread, principal: Chatter, current: Current, turns: CurrentTurns
) -> dict[str, Any]:
    """A conversation without a question yet; its first one becomes its title."""
    thread_id = body.thread_id or str(uuid4())
    if not ID.fullmatch(thread_id):
        raise SENTENCES.error(Invalid, "no_id", given=thread_id[:80])
    async with current.database.session() as session:
        conversations = Conversations(session)
        owner = await conversations.owner_of(thread_id)
        if owner is None:
            title = str(body.metadata.get("title") or "")
            await conversations.begin(thread_id, principal.subject, title, utc_now())
    if owner is not None and body.if_exists != "do_nothing":
        raise SENTENCES.error(Conflict, "thread_exists", thread_id=thread_id)
    return (await read(turns, principal, thread_id)).thread()


@router.post("/search", operation_id="searchLanggraphThreads")
async def search_threads(
    body: ThreadsAsked, principal: Chatter, turns: CurrentTurns
) -> list[dict[str, Any]]:
    """Your conversations, the one used last first, with what was said in them."""
    if body.metadata.get("graph_id", GRAPH) not in (GRAPH, "agent"):
        return []
    found, passed = list[Wire](), 0
    async with aclosing(_matching(turns, principal, body)) as matching:
        async for row in matching:
            passed += 1
            if passed > body.offset:
                found.append((await read(turns, principal, row.id)).thread())
            if len(found) == body.limit:
                break
    return found


async def _matching(
    turns: Turns, principal: Principal, asked: ThreadsAsked
) -> AsyncGenerator[ConversationRow]:
    """All that are in that state, in order; only a state takes reading each."""
    cursor = ""
    while True:
        about = {"sort": asked.sort, "cursor": cursor}
        async with turns.database.session() as session:
            page = await Conversations(session).page(principal.subject, limit=MOST_FOUND, **about)
        for row in page.rows:
            if not asked.status or (await read(turns, principal, row.id)).status == asked.status:
                yield row
        if not (cursor := page.cursor):
            return


@router.get("/{thread_id}", operation_id="getLanggraphThread")
async def get_thread(thread_id: str, principal: Chatter, turns: CurrentTurns) -> dict[str, Any]:
    """One conversation, with what was said in it and whether it is busy or waits."""
    return (await read(turns, principal, thread_id)).thread()


@router.patch("/{thread_id}", operation_id="patchLanggraphThread")
async def patch_thread(
    thread_id: str, body: ThreadChange, principal: Chatter, turns: CurrentTurns
) -> dict[str, Any]:
    """Of its metadata the `title` is kept."""
    async with turns.database.session() as session:
        conversations = Conversations(session)
        row = await conversations.get(thread_id, owner=principal.subject)
        if title := str(body.metadata.get("title") or ""):
            row = await conversations.rename(thread_id, title, owner=principal.subject)
    return thread(row, status=(await read(turns, principal, thread_id)).status)


@router.delete("/{thread_id}", operation_id="deleteLanggraphThread", status_code=204)
async def remove_thread(thread_id: str, principal: Chatter, turns: CurrentTurns) -> None:
    """With its messages and memory."""
    await delete_conversation(turns, principal.subject, thread_id)


@router.get("/{thread_id}/state", operation_id="getLanggraphState")
async def get_state(thread_id: str, principal: Chatter, turns: CurrentTurns) -> dict[str, Any]:
    """What was said, and what waits for a person."""
    return (await read(turns, principal, thread_id)).state()


@router.get("/{thread_id}/state/{checkpoint_id}", operation_id="getLanggraphStateAt")
async def get_state_at(
    thread_id: str, checkpoint_id: str, principal: Chatter, turns: CurrentTurns
) -> dict[str, Any]:
    """What was said until the run that the checkpoint is called by had ended, or had been asked."""
    return (await read(turns, principal, thread_id)).state(checkpoint_id)


@router.post("/{thread_id}/history", operation_id="getLanggraphHistory")
async def get_history(
    thread_id: str, body: HistoryAsked, principal: Chatter, turns: CurrentTurns
) -> list[dict[str, Any]]:
    """The states after each question and each answer, of all forks, the latest first."""
    return (await read(turns, principal, thread_id)).history(body.limit)
