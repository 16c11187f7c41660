"""Search the documents; each hit is a piece of evidence that an answer can cite."""

from typing import Annotated

from pydantic import BaseModel, Field

from core.clock import monotonic_s
from knowledge_base.ranking import Hit
from mcp_servers.knowledge.documents import Documents

Query = Annotated[
    str, Field(min_length=1, max_length=500, description="Words or a question, English or Chinese.")
]
Limit = Annotated[int, Field(ge=1, le=20, description="How many passages at most.")]

SNIPPET_CHARACTERS = 1_000


class Found(BaseModel):
    id: str = Field(description="e1, e2 … within this answer.")
    source: str = "document"
    doc: str = Field(description="Name of the document.")
    title: str
    heading: str = Field(description="Path of headings below the title.")
    ref: str = Field(description="Document and heading, to look it up again.")
    text: str = Field(description="Title and heading, as a citation shows them.")
    score: float = Field(description="Higher is better; comparable within this answer only.")
    snippet: str = Field(description="The passage, Markdown.")

    @classmethod
    def of(cls, n: int, hit: Hit) -> "Found":
        passage = hit.passage
        return cls(
            id=f"e{n}",
            doc=passage.doc,
            title=passage.title,
            heading=passage.heading,
            ref=f"{passage.doc}#{passage.heading}" if passage.heading else passage.doc,
            text=f"{passage.title} › {passage.heading}" if passage.heading else passage.title,
            score=round(hit.score, 2),
            snippet=_cut(passage.text),
        )


class FoundDocuments(BaseModel):
    query: str
    documents: int = Field(description="How many documents were searched.")
    duration_ms: int
    hits: list[Found]

    def as_text(self) -> str:
        if not self.hits:
            return f"None of {self.documents} documents speaks of {self.query!r}."
        return "\n\n".join(f"[{hit.id}] {hit.text} ({hit.doc})\n{hit.snippet}" for hit in self.hits)


async def knowledge_search(query: Query, k: Limit = 4, *, documents: Documents) -> FoundDocuments:
    """Search runbooks, how-to pages and help with Midwatch itself; English and Chinese.

    Use for how-to, what-is, procedures and policies. For the state of a cluster use kubernetes_ or rca_ tools.
    """
    started_s = monotonic_s()
    hits = await documents.search(query, k)
    return FoundDocuments(
        query=query,
        documents=await documents.count(),
        duration_ms=round((monotonic_s() - started_s) * 1000),
        hits=[Found.of(n, hit) for n, hit in enumerate(hits, 1)],
    )


def _cut(text: str) -> str:
    return text if len(text) <= SNIPPET_CHARACTERS else text[: SNIPPET_CHARACTERS - 1] + "…"
