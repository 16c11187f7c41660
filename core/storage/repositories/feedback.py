"""What people said of answers: one word for each answer, by whose it is."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Invalid, NotFound
from core.redaction import redact_text
from core.storage.models import Feedback
from core.storage.records import FeedbackRow, MessageRow
from core.storage.repositories.conversations import Conversations
from core.storage.repositories.listing import Key, Listing, Part, part
from core.storage.sentences import SENTENCES

SAID = cast("Table", Feedback.__table__)
FEEDBACK_LIST = Listing(
    {
        "id": SAID.c.number,
        **{
            one: SAID.c[one]
            for one in ("subject", "helpful", "reason", "door", "said_at", "resolved_at")
        },
    },
    (Key(SAID.c.number, descending=True),),
)
REASONS = ("", "wrong_cause", "incomplete", "unclear", "not_asked", "too_slow", "other")


class Feedbacks:
    """Of a database session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def say(
        self,
        thread_id: str,
        *,
        owner: str,
        helpful: bool,
        at: datetime,
        run_id: str = "",
        reason: str = "",
        comment: str = "",
        door: str = "",
    ) -> FeedbackRow:
        """Of the answer of `run_id`, or of the newest; said again, the new word counts, and is open.

        Raises `NotFound` for another's conversation, and for an answer that is not there.
        """
        if reason not in REASONS:
            raise SENTENCES.error(
                Invalid, "no_reason", reason=reason[:40], reasons=", ".join(REASONS[1:])
            )
        messages = await Conversations(self._session).messages(thread_id, owner=owner)
        question, answer = _answer(messages, run_id)
        known = await self._of_run(answer.detail["run_id"])
        if known is None:
            known = Feedback(run_id=answer.detail["run_id"], conversation_id=thread_id)
            self._session.add(known)
        known.subject, known.door, known.said_at = owner, door, at
        known.helpful, known.reason = helpful, reason
        known.comment = redact_text(comment)[:2000]
        known.question = question[:500]
        known.route = ",".join(answer.detail.get("route") or ())[:200]
        known.resolved_by, known.resolved_at = "", None
        await self._session.flush()
        return _row(known)

    async def page(
        self,
        *,
        helpful: bool | None = None,
        resolved: bool | None = None,
        sort: str = "",
        cursor: str = "",
        limit: int = 50,
    ) -> Part[FeedbackRow]:
        """The newest first."""
        query = select(Feedback)
        if helpful is not None:
            query = query.where(Feedback.helpful == helpful)
        if resolved is not None:
            is_open = Feedback.resolved_at.is_(None)
            query = query.where(~is_open if resolved else is_open)
        return await part(
            self._session, query, FEEDBACK_LIST, _row, sort=sort, cursor=cursor, limit=limit
        )

    async def resolve(self, number: int, *, by: str, at: datetime) -> FeedbackRow:
        """Somebody has seen to it. Raises `NotFound`."""
        found = await self._session.get(Feedback, number)
        if found is None:
            raise SENTENCES.error(NotFound, "no_feedback", number=number)
        found.resolved_by, found.resolved_at = by, at
        return _row(found)

    async def _of_run(self, run_id: str) -> Feedback | None:
        return await self._session.scalar(select(Feedback).where(Feedback.run_id == run_id))


def _answer(messages: Sequence[MessageRow], run_id: str) -> tuple[str, MessageRow]:
    """The question before it, and the answer."""
    question, found = "", None
    asked = ""
    for message in messages:
        if message.role == "user":
            asked = message.text
        elif message.detail.get("run_id") and run_id in ("", message.detail["run_id"]):
            question, found = asked, message
    if found is None:
        raise SENTENCES.error(NotFound, "no_answer")
    return question, found


def _row(one: Feedback) -> FeedbackRow:
    return FeedbackRow(
        number=one.number,
        run_id=one.run_id,
        thread_id=one.conversation_id,
        subject=one.subject,
        helpful=one.helpful,
        reason=one.reason,
        comment=one.comment,
        door=one.door,
        question=one.question,
        route=one.route,
        said_at=one.said_at,
        resolved_by=one.resolved_by,
        resolved_at=one.resolved_at,
    )
