"""A conversation that goes, with what is remembered of it."""

from api.turns.running import Turns
from core.storage.repositories.conversations import Conversations


async def delete_conversation(turns: Turns, subject: str, thread_id: str) -> None:
    """With its messages and memory; what it cost stays on record. Raises `NotFound` for another's, and
    `Conflict` while it is being answered."""
    async with turns.database.session() as session:
        await Conversations(session).get(thread_id, owner=subject)
    await turns.forget(thread_id, subject)
    async with turns.database.session() as session:
        await Conversations(session).delete(thread_id, owner=subject)
    await turns.audit.record(
        subject=subject, action="thread.delete", target=thread_id, outcome="ok", detail={}
    )
