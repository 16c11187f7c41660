"""Search the documents; each hit is a piece of evidence that an answer can cite."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from core.clock import monotonic_s
from core.principal import Principal
from knowledge_base.hits import Hit
from knowledge_base.relevance import answers
from knowledge_base.searching import subject_of
from mcp_servers.knowledge.documents import Documents, scope_of
from mcp_servers.knowledge.gaps import note_nothing_found

Query = Annotated[
    str, Field(min_length=1, max_length=500, description="Words or a question, English or Chinese.")
]
Limit = Annotated[int, Field(ge=1, le=20, description="How many passages at most.")]
Filter = Annotated[str, Field(max_length=200)]

SNIPPET_CHARACTERS = 1_000


class Found(BaseModel):
    id: str = Field(description="e1, e2 … within this answer.")
    source: str = "document"
    doc: str = Field(description="Name of the document.")
    title: str
    heading: str = Field(description="Path of headings below the title.")
    ref: str = Field(description="Document, lines and heading, to look it up again.")
    text: str = Field(description="Title and heading, as a citation shows them.")
    score: float = Field(description="Higher is better; comparable within this answer only.")
    snippet: str = Field(description="The passage, Markdown.")
    language: str = "en"
    lines: str = Field(default="", description="First and last line in the document.")
    owner: str = ""
    rules: list[str] = Field(default=[], description="Rules of diagnosis that the page is about.")
    also_in: list[str] = Field(default=[], description="Documents that say the same.")

    @classmethod
    def of(cls, n: int, hit: Hit) -> "Found":
        passage = hit.passage
        lines = f"{passage.first_line}-{passage.last_line}"
        return cls(
            id=f"e{n}",
            doc=passage.doc,
            title=passage.title,
            heading=passage.heading,
            ref=f"{passage.doc}:{lines}" + (f"#{passage.heading}" if passage.heading else ""),
            text=f"{passage.title} › {passage.heading}" if passage.heading else passage.title,
            score=round(hit.score, 3),
            snippet=_cut(passage.text),
            language=passage.language,
            lines=lines,
            owner=hit.about.owner,
            rules=list(hit.about.rules),
            also_in=list(hit.also_in),
        )


class FoundDocuments(BaseModel):
    query: str
    documents: int = Field(description="How many documents were searched.")
    relevant: bool = Field(description="False: the hits share words with the question, no more.")
    missing: str = Field(
        default="", description="Why words alone were searched; empty: they were not."
    )
    left_out: str = Field(
        default="", description="Why the shipped pages alone were searched; empty: all were."
    )
    missing_in: dict[str, str] = Field(default={}, description="The same by language.")
    left_out_in: dict[str, str] = Field(default={}, description="The same by language.")
    duration_ms: int
    hits: list[Found]

    def as_text(self) -> str:
        if not self.hits:
            none = f"None of {self.documents} documents speaks of {self.query!r}."
            return "\n\n".join([none, *self._missing()])
        told = [f"[{hit.id}] {hit.text} ({hit.doc})\n{hit.snippet}" for hit in self.hits]
        if not self.relevant:
            told.insert(0, "Nothing in the knowledge base is about this. The nearest passages:")
        return "\n\n".join([*told, *self._missing()])

    def _missing(self) -> list[str]:
        told = [f"Searched by words alone: {self.missing}"] if self.missing else []
        if self.left_out:
            told.append(f"Only the pages shipped with Midwatch were searched: {self.left_out}")
        return told


async def knowledge_search(
    query: Query,
    k: Limit = 4,
    service: Filter = "",
    tag: Filter = "",
    language: Literal["", "en", "zh"] = "",
    rule: Filter = "",
    *,
    documents: Documents,
    caller: Principal,
) -> FoundDocuments:
    """Search runbooks, how-to pages and help with Midwatch itself; English and Chinese.

    Use for how-to, what-is, procedures and policies. For the state of a cluster use kubernetes_ or rca_ tools.
    `rule` finds the pages about a finding, such as pod.oom_killed.
    """
    started_s = monotonic_s()
    scope = scope_of(caller, service=service, tag=tag, language=language, rule=rule)
    found = await documents.search(query, k, scope)
    relevant = answers(found.hits, found.embedder, of_a_subject=bool(subject_of(query)))
    if not (relevant or service or tag or rule or language):
        await note_nothing_found(documents, query)
    return FoundDocuments(
        query=query,
        documents=found.documents,
        relevant=relevant,
        missing=found.by_words,
        left_out=found.left_out,
        missing_in=dict(found.by_words_in),
        left_out_in=dict(found.left_out_in),
        duration_ms=round((monotonic_s() - started_s) * 1000),
        hits=[Found.of(n, hit) for n, hit in enumerate(found.hits, 1)],
    )


def _cut(text: str) -> str:
    return text if len(text) <= SNIPPET_CHARACTERS else text[: SNIPPET_CHARACTERS - 1] + "…"
