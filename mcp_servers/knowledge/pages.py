"""List, read, add and delete documents, and look through their sources again."""

import asyncio
import base64
import binascii
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import BaseModel, Field

from core.errors import Forbidden, Invalid
from core.principal import Principal
from knowledge_base.index import Listed
from knowledge_base.reading import markdown_of
from knowledge_base.reading.folders import Source, in_archive, refuse_escapes
from knowledge_base.reports import Report
from mcp_servers.knowledge.documents import Documents, scope_of
from mcp_servers.knowledge.sentences import SENTENCES
from mcp_servers.paging import Page, Sort

Doc = Annotated[str, Field(min_length=1, max_length=300, description="Name of a document.")]
Content = Annotated[str, Field(max_length=30_000_000, description="The file, in base64.")]
Filter = Annotated[str, Field(max_length=200)]
# What one call shows of a long page.
PAGE_CHARACTERS = 16_000
SHIPPED = "runbooks/"
SKIPPED_SHOWN = 50


class DocumentLine(BaseModel):
    doc: str
    title: str
    language: str
    passages: int
    owner: str
    service: str
    tags: list[str]
    groups: list[str] = Field(description="Who may read it; empty: everybody.")
    rules: list[str] = Field(description="Rules of diagnosis that it is about.")

    @classmethod
    def of(cls, one: Listed) -> "DocumentLine":
        about = one.about
        return cls(
            doc=one.doc, title=one.title, language=one.language, passages=one.passages,
            owner=about.owner, service=about.service, tags=list(about.tags),
            groups=list(about.groups), rules=list(about.rules),
        )  # fmt: skip


class DocumentPage(Page[DocumentLine]):
    sorts_by = ("doc", "title", "language", "passages", "owner", "service")

    def as_text(self) -> str:
        return self.told(
            f"documents: {self.shown}", (f"{one.doc}: {one.title}" for one in self.rows)
        )


class WholeDocument(BaseModel):
    doc: str
    title: str
    text: str = Field(description="Markdown, from `offset` on.")
    characters: int = Field(description="Length of the whole document.")
    next_offset: int = Field(description="Where to read on; 0 at the end.")


class SkippedPage(BaseModel):
    doc: str
    reason: str
    reason_in: dict[str, str] = Field(description="The same by language.")


class Taken(BaseModel):
    """What an ingest did."""

    source: str = ""
    added: int
    changed: int
    removed: int
    unchanged: int
    passages: int
    skipped: list[SkippedPage] = Field(description="Pages that could not be taken in.")
    skipped_total: int
    without_vectors: str = Field(
        description="Why words alone find the new pages; empty: they have vectors."
    )
    without_vectors_in: dict[str, str] = Field(description="The same by language.")

    @classmethod
    def of(cls, report: Report, source: str = "") -> "Taken":
        return cls(
            source=source, added=report.added, changed=report.changed, removed=report.removed,
            unchanged=report.unchanged, passages=report.passages,
            skipped=[
                SkippedPage(doc=one.doc, reason=str(one.reason), reason_in=dict(one.reason.texts))
                for one in report.skipped[:SKIPPED_SHOWN]
            ],
            skipped_total=len(report.skipped), without_vectors=str(report.vectors),
            without_vectors_in=dict(report.vectors.texts),
        )  # fmt: skip


class Refreshed(BaseModel):
    sources: list[Taken]
    without_vectors: str = Field(
        default="", description="Why vectors could not be made; empty: all pages have them."
    )
    without_vectors_in: dict[str, str] = Field(default={}, description="The same by language.")


class KnowledgeStats(BaseModel):
    documents: int
    passages: int
    by_language: dict[str, int]
    embedder: str = Field(description="What made the vectors; empty: words alone are searched.")
    index: str = Field(description="Where pages are kept: local (a file or memory) or redis.")
    without_vectors: int = Field(description="How many documents words alone find so far.")
    kept_vectors: int = Field(
        description="Vectors of an endpoint that need not be asked for again."
    )
    kept_answers: int = Field(description="Answers that can be given again without a model.")
    ingesting: str = Field(description="What an ingest is at: read or embed; empty: none runs.")
    done: int
    of: int


async def knowledge_list_documents(
    service: Filter = "",
    tag: Filter = "",
    rule: Filter = "",
    cursor: str = "",
    sort: Sort = "",
    *,
    documents: Documents,
    caller: Principal,
) -> DocumentPage:
    """List the documents of the knowledge base; of a service, with a tag, or about a rule of diagnosis."""
    found = await documents.listed(scope_of(caller, service=service, tag=tag, rule=rule))
    return DocumentPage.shaped(found, DocumentLine.of, cursor=cursor, sort=sort, size=100)


async def knowledge_get_document(
    doc: Doc,
    offset: Annotated[int, Field(ge=0)] = 0,
    *,
    documents: Documents,
    caller: Principal,
) -> WholeDocument:
    """Read a document of the knowledge base in full; a search names documents."""
    text = await documents.body(doc, scope_of(caller))
    title = next(one.title for one in await documents.listed(scope_of(caller)) if one.doc == doc)
    end = offset + PAGE_CHARACTERS
    return WholeDocument(
        doc=doc,
        title=title,
        text=text[offset:end],
        characters=len(text),
        next_offset=end if end < len(text) else 0,
    )


async def knowledge_add_document(
    name: Doc, content_base64: Content, *, documents: Documents
) -> Taken:
    """Add a page to the knowledge base, or replace the one of that name.

    The name's ending says what it is: .md, .txt, .html, .pdf, or .zip with pages in it.
    """
    _refuse_name(name)
    try:
        content = base64.b64decode(content_base64, validate=True)
    except binascii.Error as error:
        raise SENTENCES.error(Invalid, "no_base64") from error
    report = await documents.take_in(_sources(name, content))
    if report.skipped and not name.endswith(".zip"):
        raise SENTENCES.error(Invalid, "page_refused", doc=name, why=report.skipped[0].reason)
    return Taken.of(report)


async def knowledge_delete_document(doc: Doc, *, documents: Documents, caller: Principal) -> Taken:
    """Take a document out of the knowledge base. What is shipped with Midwatch stays."""
    _refuse_name(doc)
    await documents.body(doc, scope_of(caller))
    await documents.remove(doc)
    return Taken.of(Report(removed=1))


async def knowledge_refresh(*, documents: Documents) -> Refreshed:
    """Look through the folders that were added again: changed pages only, deleted ones taken out."""
    reports, vectors = await documents.refresh()
    taken = [Taken.of(report, source) for source, report in reports]
    why = vectors.vectors
    return Refreshed(sources=taken, without_vectors=str(why), without_vectors_in=dict(why.texts))


async def knowledge_stats(*, documents: Documents, caller: Principal) -> KnowledgeStats:
    """How many documents there are, what makes their vectors, and how far a running ingest is."""
    progress = documents.progress
    base = await documents.opened()
    kept = await asyncio.to_thread(base.cache.counts)
    found = await documents.listed(scope_of(caller))
    languages = sorted({one.language for one in found})
    return KnowledgeStats(
        documents=len(found),
        passages=sum(one.passages for one in found),
        by_language={each: sum(one.language == each for one in found) for each in languages},
        embedder=base.index.embedder,
        index="redis" if documents.place.redis_url else "local",
        without_vectors=len(await asyncio.to_thread(base.index.without_vectors)),
        kept_vectors=kept.vectors,
        kept_answers=kept.answers,
        ingesting=progress.stage,
        done=progress.done,
        of=progress.of,
    )


def _sources(name: str, content: bytes) -> Sequence[Source]:
    if name.endswith(".zip"):
        return in_archive(content, prefix=f"{PurePosixPath(name).stem}/")
    return [Source(name, lambda: markdown_of(name, content))]


def _refuse_name(name: str) -> None:
    refuse_escapes(name)
    if name.startswith(SHIPPED):
        raise SENTENCES.error(Forbidden, "shipped_document", shipped=SHIPPED)
