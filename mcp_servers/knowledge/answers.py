"""Answers of a model that can be given again without one, as long as the pages are the same."""

import asyncio
from typing import Annotated, Any, Literal

import orjson
from pydantic import BaseModel, Field

from core.clock import utc_now
from core.principal import Principal
from mcp_servers.knowledge.documents import Documents, scope_of
from mcp_servers.knowledge.search import Query

Told = Annotated[str, Field(min_length=1, max_length=20_000, description="The answer, Markdown.")]
ScopeName = Annotated[str, Field(max_length=200, description="As knowledge_recall_answer told it.")]


class Cited(BaseModel):
    """What one number of an answer stands for."""

    source: str = Field(max_length=100)
    ref: str = Field(max_length=1_000)
    text: str = Field(max_length=1_000)
    at: str = Field(default="", max_length=40)


class RecalledAnswer(BaseModel):
    found: bool
    scope: str = Field(
        description="Stands for the pages as they are now and what the caller may read."
    )
    question: str = Field(default="", description="What was asked when it was answered.")
    answer: str = Field(default="", description="Markdown; [n] is the n-th of `cited`.")
    cited: list[Cited] = []
    at: str = Field(default="", description="When it was answered, UTC.")
    nearness: float | None = Field(
        default=None,
        description="Cosine with the nearest question that was answered; none without vectors.",
    )
    threshold: float = Field(
        description="At least this near is a question that counts as the same."
    )

    def as_text(self) -> str:
        return self.answer or "This was not asked before, or the pages have changed since."


class KeptAnswer(BaseModel):
    kept: bool = Field(description="False: the pages have changed since the scope was told.")


class Cleared(BaseModel):
    answers: int
    vectors: int


async def knowledge_recall_answer(
    question: Query, *, documents: Documents, caller: Principal
) -> RecalledAnswer:
    """Whether the very same question was answered before from the pages as they are now.

    Use knowledge_search to look for pages. This one asks no model and finds no page.
    """
    from knowledge_base.answers import recalled, scope_of_answers
    from knowledge_base.same_question import MIN_NEARNESS

    base = await documents.opened()

    def recall() -> RecalledAnswer:
        scope = scope_of_answers(base.index, scope_of(caller))
        told = recalled(base.cache, base.asking(), question, scope)
        near = None if told.nearness is None else round(told.nearness, 3)
        about: dict[str, Any] = {"scope": scope, "nearness": near, "threshold": MIN_NEARNESS}
        if (kept := told.kept) is None:
            return RecalledAnswer(found=False, **about)
        body = orjson.loads(kept.body)
        return RecalledAnswer(found=True, question=kept.question, at=kept.at, **body, **about)

    return await asyncio.to_thread(recall)


async def knowledge_keep_answer(
    question: Query,
    answer: Told,
    cited: Annotated[list[Cited], Field(max_length=200)],
    scope: ScopeName,
    *,
    documents: Documents,
) -> KeptAnswer:
    """Keep an answer for those who ask the same of the same pages. Midwatch does it by itself."""
    from knowledge_base.answers import Kept, keep_answer

    base = await documents.opened()
    body = orjson.dumps({"answer": answer, "cited": [one.model_dump() for one in cited]}).decode()
    kept = Kept(question, body, f"{utc_now():%Y-%m-%dT%H:%MZ}")
    return KeptAnswer(
        kept=await asyncio.to_thread(
            keep_answer, base.index, base.cache, base.asking(), scope, kept
        )
    )


async def knowledge_clear_cache(
    what: Annotated[
        Literal["answers", "vectors", "all"], Field(description="Which of what is kept goes.")
    ] = "answers",
    *,
    documents: Documents,
) -> Cleared:
    """Forget answers that could be given again, or vectors that would be made again. Pages stay."""
    cache = (await documents.opened()).cache

    def clear() -> Cleared:
        before = cache.counts()
        if what != "vectors":
            cache.forget_answers()
        if what != "answers":
            cache.forget_vectors()
        after = cache.counts()
        return Cleared(
            answers=max(before.answers - after.answers, 0),
            vectors=max(before.vectors - after.vectors, 0),
        )

    return await asyncio.to_thread(clear)
