"""What people asked and no page answers, and how they rated what they were told."""

from typing import Annotated

import structlog
from pydantic import BaseModel, Field

from core.errors import NotFound, OpsError, UpstreamUnavailable
from core.principal import Principal
from core.storage.records import QuestionRow
from knowledge_base.relevance import answers
from mcp_servers.backends import QuestionStore
from mcp_servers.knowledge.documents import Documents, scope_of
from mcp_servers.knowledge.sentences import SENTENCES

Question = Annotated[str, Field(min_length=1, max_length=500, description="As it was asked.")]
Docs = Annotated[list[str], Field(max_length=20, description="Documents that the answer cited.")]
Comment = Annotated[str, Field(max_length=500, description="What was missing or wrong.")]
Limit = Annotated[int, Field(ge=1, le=200)]

log = structlog.get_logger()


class Rated(BaseModel):
    id: str
    helpful: bool


class Gap(BaseModel):
    id: str = Field(description="q-…, for knowledge_close_gap.")
    question: str
    found_nothing: int = Field(description="How often nothing was found.")
    helpful: int
    unhelpful: int
    docs: list[str] = Field(description="What the last rated answer cited.")
    comment: str
    last_at: str
    nearest: list[str] = Field(description="Documents that come nearest now.")

    @classmethod
    def of(cls, row: QuestionRow, nearest: list[str]) -> "Gap":
        return cls(
            id=row.id, question=row.question, found_nothing=row.found_nothing, helpful=row.helpful,
            unhelpful=row.unhelpful, docs=list(row.docs), comment=row.comment,
            last_at=row.last_at.isoformat(timespec="seconds"), nearest=nearest,
        )  # fmt: skip


class Gaps(BaseModel):
    gaps: list[Gap]
    filled: int = Field(description="How many found nothing once and find a page now; left out.")

    def as_text(self) -> str:
        lines = [
            f"{one.id} nothing found {one.found_nothing}×, unhelpful {one.unhelpful}×: {one.question}"
            + (f" ({one.comment})" if one.comment else "")
            for one in self.gaps
        ]
        return "\n".join([f"gaps: {len(self.gaps)}, filled since: {self.filled}", *lines])


async def knowledge_rate_answer(
    question: Question,
    helpful: bool,
    docs: Docs = [],  # noqa: B006 - it is never changed
    comment: Comment = "",
    *,
    documents: Documents,
) -> Rated:
    """Say whether an answer from the knowledge base helped. Who said so is not kept."""
    store = _store(documents)
    key = await store.rate(question, helpful=helpful, docs=docs, comment=comment)
    return Rated(id=key, helpful=helpful)


async def knowledge_gaps(limit: Limit = 50, *, documents: Documents, caller: Principal) -> Gaps:
    """List what people asked that no page answers, or whose answers did not help; most asked first."""
    told: list[Gap] = []
    filled = 0
    for row in await _store(documents).gaps(limit=limit):
        found = await documents.search(row.question, 3, scope_of(caller))
        if row.unhelpful <= row.helpful and answers(found.hits, found.embedder):
            filled += 1
            continue
        nearest = list(dict.fromkeys(hit.passage.doc for hit in found.hits))
        told.append(Gap.of(row, nearest))
    return Gaps(gaps=told, filled=filled)


async def knowledge_close_gap(gap_id: str, *, documents: Documents) -> Rated:
    """Take a question off the list of gaps: it is answered now, or nothing for this base."""
    if not await _store(documents).forget(gap_id):
        raise SENTENCES.error(NotFound, "no_gap", gap_id=gap_id)
    return Rated(id=gap_id, helpful=True)


async def note_nothing_found(documents: Documents, question: str) -> None:
    """Remember a question that no page answers. The answer is worth its while even if that fails."""
    store = documents.place.questions
    if store is None:
        return
    try:
        await store.found_nothing(question)
    except OpsError as error:
        log.warning("question_not_kept", error=str(error))


def _store(documents: Documents) -> QuestionStore:
    if documents.place.questions is None:
        raise SENTENCES.error(UpstreamUnavailable, "questions_not_kept")
    return documents.place.questions
