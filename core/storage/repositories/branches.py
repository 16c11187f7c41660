"""A conversation that branches off from another: everything before an edited question, once more."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import NotFound
from core.storage.records import MessageRow, Turn
from core.storage.repositories.conversations import THREADS, Conversations
from core.storage.sentences import SENTENCES


class Branches:
    def __init__(self, session: AsyncSession) -> None:
        self._session, self._conversations = session, Conversations(session)

    async def left_behind(self, thread_id: str, edited: str, *, owner: str) -> list[MessageRow]:
        """The messages from an edited question on. `edited` is its id, or that of the run it began.

        Raises `NotFound` when the conversation has no such question.
        """
        messages = await self._conversations.messages(thread_id, owner=owner)
        return messages[_place(messages, edited) :]

    async def after(self, thread_id: str, run_id: str, *, owner: str) -> str:
        """The question that followed a run; "" when nothing did. Raises `NotFound` for no such run."""
        messages = await self._conversations.messages(thread_id, owner=owner)
        ends = [n for n, one in enumerate(messages) if one.detail.get("run_id") == run_id]
        if not ends:
            raise SENTENCES.error(NotFound, "no_such_run", run_id=run_id)
        later = [one.id for one in messages[ends[-1] :] if one.role == "user"]
        return later[0] if later else ""

    async def begin(
        self, branch: str, *, of: str, edited: str, question: str, owner: str, at: datetime
    ) -> None:
        """Copy what was before the edited question. The old conversation stays as it is."""
        messages = await self._conversations.messages(of, owner=owner)
        place = _place(messages, edited)
        await self._conversations.begin(branch, owner, question, at)
        for question_row, answer in _turns(messages[:place]):
            await self._conversations.append_turn(Turn(branch, owner, question_row, answer))
        origin = {"branch_of": of, "branched_at": messages[place].id, "updated_at": at}
        await self._session.execute(update(THREADS).where(THREADS.c.id == branch).values(**origin))


def _place(messages: Sequence[MessageRow], edited: str) -> int:
    asked = 0
    for place, one in enumerate(messages):
        asked = place if one.role == "user" else asked
        if edited == (one.id if one.role == "user" else one.detail.get("run_id")):
            return asked
    raise SENTENCES.error(NotFound, "no_such_question", edited=edited)


def _turns(messages: Sequence[MessageRow]) -> list[tuple[MessageRow | None, MessageRow]]:
    """Copies under new ids, each answer with the question before it, if that has none yet."""
    turns: list[tuple[MessageRow | None, MessageRow]] = []
    asked: MessageRow | None = None
    for one in messages:
        # A branch has one line: what forked in the old conversation follows in this one.
        detail = {name: value for name, value in one.detail.items() if name != "after"}
        copy = replace(one, id=str(uuid4()), detail=detail)
        if one.role == "user":
            asked = copy
        else:
            turns.append((asked, copy))
            asked = None
    return turns
