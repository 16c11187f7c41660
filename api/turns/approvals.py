"""Questions that wait for a person, found without knowing their conversation."""

from typing import Any

from agent.approvals import Decision
from api.sentences import SENTENCES
from api.turns.questions import Question
from api.turns.running import Turns
from core.errors import NotFound
from core.storage.repositories.conversations import Conversations
from core.storage.repositories.listing import Part

# How many of a person's latest conversations are looked through.
LOOKED_THROUGH = 30


async def waiting_for(
    turns: Turns, subject: str, *, cursor: str = "", through: int = LOOKED_THROUGH
) -> Part[dict[str, Any]]:
    """What waits for this person's answer in so many conversations, each with its `thread_id`.

    The cursor goes on with the conversations after those.
    """
    async with turns.database.session() as session:
        page = await Conversations(session).page(subject, cursor=cursor, limit=through)
    found: list[dict[str, Any]] = []
    for row in page.rows:
        standing = await turns.standing(row.id, subject)
        if standing and standing.waits:
            found += [{"thread_id": row.id, **one.shape()} for one in standing.approvals]
    return Part(tuple(found), page.cursor)


async def answer_to(turns: Turns, subject: str, said: Decision) -> Question:
    """A person's answer as what a turn is begun with. Raises `NotFound` when nothing waits for it."""
    waiting = await waiting_for(turns, subject)
    while True:
        threads = [one["thread_id"] for one in waiting.rows if one["id"] == said.approval_id]
        if threads:
            return Question("", thread_id=threads[0], can_ask=True, resume=True, decisions=(said,))
        if not waiting.cursor:
            raise SENTENCES.error(NotFound, "nothing_waits", approval_id=said.approval_id)
        waiting = await waiting_for(turns, subject, cursor=waiting.cursor)
