"""Questions to the knowledge base over a database, one short session a call."""

from collections.abc import Sequence

from core.clock import utc_now
from core.storage.database import Database
from core.storage.records import QuestionRow
from core.storage.repositories.questions import Questions


class KeptQuestions:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def found_nothing(self, question: str) -> None:
        async with self._database.session() as session:
            await Questions(session).found_nothing(question, utc_now())

    async def rate(self, question: str, *, helpful: bool, docs: Sequence[str], comment: str) -> str:
        async with self._database.session() as session:
            return await Questions(session).rate(
                question, utc_now(), helpful=helpful, docs=docs, comment=comment
            )

    async def gaps(self, *, limit: int) -> list[QuestionRow]:
        async with self._database.session() as session:
            return await Questions(session).gaps(limit=limit)

    async def forget(self, question_id: str) -> bool:
        async with self._database.session() as session:
            return await Questions(session).forget(question_id)
