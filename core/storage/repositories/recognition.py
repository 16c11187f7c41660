"""Which kept conversation a client goes on with that sends its messages instead of an id."""

from collections.abc import Iterable, Sequence

from sqlalchemy import func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.redaction import redact_text
from core.storage.models import Conversation, Message

# Only this many of a person's latest conversations are looked through,
LATEST = 200
# and of them only this many that hold the same answer.
ALIKE = 5
# How many answers back: what a door replied without beginning a turn was not kept.
BACK = 3


class Recognition:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def recognise(
        self, owner: str, questions: Sequence[str], answers: Sequence[str]
    ) -> tuple[str, str]:
        """The thread that these messages are of, and the run of the last answer known there.

        `questions` and `answers` are in order; an answer may go on behind what was kept of it.
        Both are "" when no conversation of the owner's is recognised.
        """
        asked = [_plain(one) for one in questions]
        for answer in reversed(answers[-BACK:]):
            for found in await self._holding(owner, _plain(answer)):
                if _in_order(await self._questions(found), asked):
                    return found.conversation_id, str(found.detail.get("run_id") or "")
        return "", ""

    async def _holding(self, owner: str, answer: str) -> list[Message]:
        """The newest kept answers that this one begins with."""
        latest = (
            select(Conversation.id)
            .where(Conversation.owner == owner)
            .order_by(Conversation.updated_at.desc())
            .limit(LATEST)
        )
        kept = func.trim(Message.text)
        begins = func.substr(literal(answer), 1, func.length(kept)) == kept
        query = select(Message).where(
            Message.conversation_id.in_(latest), Message.role == "assistant", kept != "", begins
        )
        newest = query.order_by(Message.number.desc()).limit(ALIKE)
        return list(await self._session.scalars(newest))

    async def _questions(self, answer: Message) -> list[str]:
        """What was asked in the thread up to this answer."""
        query = select(Message.text).where(
            Message.conversation_id == answer.conversation_id,
            Message.role == "user",
            Message.number < answer.number,
        )
        asked = await self._session.scalars(query.order_by(Message.number))
        return [text.strip() for text in asked]


def _plain(text: str) -> str:
    return redact_text(text).strip()


def _in_order(kept: Iterable[str], given: Sequence[str]) -> bool:
    """Whether all that was kept was given, in this order; a reply to a question of ours was not kept."""
    rest = iter(given)
    return all(one in rest for one in kept)
