"""Questions to the knowledge base: each once, counted, the oldest forgotten."""

import hashlib
import re
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.redaction import redact_text
from core.storage.models import KnowledgeQuestion
from core.storage.records import QuestionRow

# More nobody reads, and a base that is asked so often has been added to since.
MOST = 2_000


class Questions:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def found_nothing(self, question: str, at: datetime) -> None:
        known = await self._noted(question, at)
        known.found_nothing += 1

    async def rate(
        self, question: str, at: datetime, *, helpful: bool, docs: Sequence[str], comment: str
    ) -> str:
        """Count a yes or a no to an answer that cited these documents; returns the question's id."""
        known = await self._noted(question, at)
        known.helpful += helpful
        known.unhelpful += not helpful
        known.docs = "\n".join(docs)[:2000]
        known.comment = redact_text(comment)[:500] or known.comment
        return known.id

    async def gaps(self, *, limit: int) -> list[QuestionRow]:
        """What found nothing, or was called unhelpful more often than helpful; the most asked first."""
        query = (
            select(KnowledgeQuestion)
            .where(
                (KnowledgeQuestion.found_nothing > 0)
                | (KnowledgeQuestion.unhelpful > KnowledgeQuestion.helpful)
            )
            .order_by(
                (KnowledgeQuestion.found_nothing + KnowledgeQuestion.unhelpful).desc(),
                KnowledgeQuestion.last_at.desc(),
                KnowledgeQuestion.id,
            )
            .limit(limit)
        )
        return [_row(one) for one in await self._session.scalars(query)]

    async def forget(self, question_id: str) -> bool:
        found = await self._session.get(KnowledgeQuestion, question_id)
        if found is None:
            return False
        await self._session.delete(found)
        return True

    async def _noted(self, question: str, at: datetime) -> KnowledgeQuestion:
        told = redact_text(" ".join(question.split()))[:500]
        key = _key(told)
        known = await self._session.get(KnowledgeQuestion, key)
        if known is None:
            await self._make_room()
            known = KnowledgeQuestion(
                id=key, question=told, found_nothing=0, helpful=0, unhelpful=0, docs="", comment=""
            )
            self._session.add(known)
        known.last_at = at
        return known

    async def _make_room(self) -> None:
        count = await self._session.scalar(select(func.count()).select_from(KnowledgeQuestion))
        if (count or 0) < MOST:
            return
        oldest = select(KnowledgeQuestion.id).order_by(KnowledgeQuestion.last_at).limit(MOST // 10)
        ids = list(await self._session.scalars(oldest))
        await self._session.execute(delete(KnowledgeQuestion).where(KnowledgeQuestion.id.in_(ids)))


def _key(question: str) -> str:
    """The same for the same words, however they are spaced and ended."""
    words = " ".join(re.findall(r"\w+", question.casefold()))
    return f"q-{hashlib.sha256(words.encode()).hexdigest()[:16]}"


def _row(one: KnowledgeQuestion) -> QuestionRow:
    return QuestionRow(
        id=one.id,
        question=one.question,
        found_nothing=one.found_nothing,
        helpful=one.helpful,
        unhelpful=one.unhelpful,
        docs=tuple(one.docs.split("\n")) if one.docs else (),
        comment=one.comment,
        last_at=one.last_at,
    )
