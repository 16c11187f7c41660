"""Keep an index in step with where pages lie: read, cut, embed, and put in as one change."""

import hashlib
from collections.abc import Collection, Iterable
from pathlib import Path

from core.errors import OpsError
from core.sentences import Said
from knowledge_base.chunking import Document, document
from knowledge_base.embedding import Progress, entries_of, silent
from knowledge_base.index import Index
from knowledge_base.reading.folders import Source, found_in
from knowledge_base.reports import Report, Skipped
from knowledge_base.sentences import SENTENCES
from knowledge_base.vectors import Embedder

SHIPPED = Path(__file__).parent / "runbooks"


def ingest(
    index: Index,
    sources: Iterable[Source],
    *,
    prefix: str | None = None,
    embedder: Embedder | None = None,
    progress: Progress = silent,
) -> Report:
    """Take in what is new or changed, and nothing else; the index changes once, at the end.

    With a `prefix`, documents below it that are not among the sources any more are taken out. A page
    that cannot be read is skipped with its reason; an older version of it stays.
    """
    report, kept = Report(), index.fingerprints()
    seen: set[str] = set()
    documents: list[tuple[Document, str]] = []
    for number, source in enumerate(sources, 1):
        progress("read", number, 0)
        seen.add(source.doc)
        try:
            text = source.read()
            mark = fingerprint(text)
            if kept.get(source.doc) == mark:
                report.unchanged += 1
                continue
            documents.append((document(source.doc, text), mark))
        except OpsError as error:
            report.skipped.append(Skipped(source.doc, Said.of(error)))
    gone = () if prefix is None else _gone(kept, prefix, seen)
    report.removed = len(gone)
    report.changed = sum(one.doc in kept for one, _ in documents)
    report.added = len(documents) - report.changed
    report.passages = sum(len(one.passages) for one, _ in documents)
    if documents or gone:
        usable = _usable(index, embedder, report)
        index.apply(entries_of(documents, usable, progress, report), gone)
    return report


def _usable(index: Index, embedder: Embedder | None, report: Report) -> Embedder | None:
    """The embedder, unless the index holds vectors of another one: those are rebuilt first."""
    if embedder is None:
        return None
    if not index.embedder:
        index.set_embedder(embedder.name)
    elif index.embedder != embedder.name:
        report.vectors = SENTENCES.said("vectors_of_another", embedder=index.embedder)
        return None
    return embedder


def ingest_shipped(index: Index, embedder: Embedder | None = None) -> Report:
    """The pages that come with Midwatch, in step with this version of it."""
    sources = found_in(SHIPPED, prefix="runbooks/")
    return ingest(index, sources, prefix="runbooks/", embedder=embedder)


def _gone(kept: Collection[str], prefix: str, seen: Collection[str]) -> list[str]:
    return [doc for doc in kept if doc.startswith(prefix) and doc not in seen]


def fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
