"""Keep an index in step with where pages lie: read, cut, embed, and put in as one change."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path

import numpy as np

from core.errors import OpsError
from knowledge_base.chunking import Document, document
from knowledge_base.embedder import Embedder, Vectors
from knowledge_base.index import Entry, Index
from knowledge_base.index.indexed_words import embedded_text, spaced
from knowledge_base.reading.folders import Source, found_in
from knowledge_base.reports import Report, Skipped

SHIPPED = Path(__file__).parent / "runbooks"
# Passages embedded between two reports of progress.
STEP = 256

Progress = Callable[[str, int, int], None]


def _silent(_what: str, _done: int, _of: int) -> None:
    """For those who do not watch."""


def ingest(
    index: Index,
    sources: Iterable[Source],
    *,
    prefix: str | None = None,
    embedder: Embedder | None = None,
    progress: Progress = _silent,
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
            report.skipped.append(Skipped(source.doc, str(error)))
    gone = () if prefix is None else _gone(kept, prefix, seen)
    report.removed = len(gone)
    report.changed = sum(one.doc in kept for one, _ in documents)
    report.added = len(documents) - report.changed
    report.passages = sum(len(one.passages) for one, _ in documents)
    if documents or gone:
        usable = _usable(index, embedder, report)
        index.apply(_entries(documents, usable, progress, report), gone)
    return report


def _usable(index: Index, embedder: Embedder | None, report: Report) -> Embedder | None:
    """The embedder, unless the index holds vectors of another one: those are rebuilt first."""
    if embedder is None:
        return None
    if not index.embedder:
        index.set_embedder(embedder.name)
    elif index.embedder != embedder.name:
        report.vectors = f"The vectors are still those of {index.embedder}."
        return None
    return embedder


def ingest_shipped(index: Index, embedder: Embedder | None = None) -> Report:
    """The pages that come with Midwatch, in step with this version of it."""
    sources = found_in(SHIPPED, prefix="runbooks/")
    return ingest(index, sources, prefix="runbooks/", embedder=embedder)


def reembed(index: Index, embedder: Embedder, progress: Progress = _silent) -> Report:
    """New vectors for every passage, by another embedder. Searches use the old ones until all are there."""
    bodies = index.bodies()
    documents = [(document(doc, body), mark) for doc, body, mark in bodies]
    report = Report(changed=len(documents), passages=sum(len(one.passages) for one, _ in documents))
    entries = _entries(documents, embedder, progress, report)
    if not report.vectors:
        index.apply(entries)
        index.set_embedder(embedder.name)
    return report


def _gone(kept: Collection[str], prefix: str, seen: Collection[str]) -> list[str]:
    return [doc for doc in kept if doc.startswith(prefix) and doc not in seen]


def _entries(
    documents: Sequence[tuple[Document, str]],
    embedder: Embedder | None,
    progress: Progress,
    report: Report,
) -> list[Entry]:
    texts = [embedded_text(passage) for one, _ in documents for passage in one.passages]
    titles = [spaced(one.title) for one, _ in documents]
    try:
        vectors = _embedded(texts, embedder, progress)
        title_vectors = _embedded(titles, embedder, _silent)
    except OpsError as error:
        vectors = title_vectors = None
        report.vectors = str(error)
    entries: list[Entry] = []
    start = 0
    for n, (one, mark) in enumerate(documents):
        end = start + len(one.passages)
        own = None if vectors is None else np.array(vectors[start:end], np.float32)
        title = None if title_vectors is None else title_vectors[n]
        entries.append(Entry(one, mark, vectors=own, title_vector=title))
        start = end
    return entries


def _embedded(
    texts: Sequence[str], embedder: Embedder | None, progress: Progress
) -> Sequence[Vectors] | None:
    if embedder is None:
        return None
    rows: list[Vectors] = []
    for start in range(0, len(texts), STEP):
        rows += list(embedder.embed(texts[start : start + STEP]))
        progress("embed", len(rows), len(texts))
    return rows


def fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
