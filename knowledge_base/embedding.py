"""Documents → entries with vectors, and a whole base into the vectors of another embedder."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from core.errors import OpsError
from core.sentences import Said
from knowledge_base.chunking import Document, document
from knowledge_base.index import Entry, Index
from knowledge_base.index.indexed_words import embedded_text, names_of
from knowledge_base.reports import Report
from knowledge_base.vectors import Embedder, Vectors

# Passages embedded between two reports of progress.
STEP = 256

Progress = Callable[[str, int, int], None]


def silent(_what: str, _done: int, _of: int) -> None:
    """For those who do not watch."""


def entries_of(
    documents: Sequence[tuple[Document, str]],
    embedder: Embedder | None,
    progress: Progress,
    report: Report,
) -> list[Entry]:
    """Documents, each with its fingerprint, as an index takes them.

    When the embedder is away they have no vectors, and the report says why.
    """
    texts = [embedded_text(passage) for one, _ in documents for passage in one.passages]
    names = [list(names_of(one)) for one, _ in documents]
    try:
        vectors = _embedded(texts, embedder, progress)
        name_vectors = _embedded([name for some in names for name in some], embedder, silent)
    except OpsError as error:
        vectors = name_vectors = None
        report.vectors = Said.of(error)
    entries: list[Entry] = []
    start = named = 0
    for (one, mark), own_names in zip(documents, names, strict=True):
        end, named_to = start + len(one.passages), named + len(own_names)
        # A page may be a heading and no more.
        some = None if vectors is None or start == end else vectors[start:end]
        own = None if some is None else np.array(some, np.float32)
        told = None if name_vectors is None else np.array(name_vectors[named:named_to], np.float32)
        entries.append(Entry(one, mark, vectors=own, name_vectors=told))
        start, named = end, named_to
    return entries


def lacks_vectors(index: Index, embedder: Embedder) -> bool:
    """Whether `into_vectors` has anything to do."""
    return index.embedder != embedder.name or bool(index.without_vectors())


def into_vectors(index: Index, embedder: Embedder, progress: Progress = silent) -> Report:
    """Vectors of this embedder for what has none, or for all when they are those of another one.

    The index changes once, when all are there; what was changed meanwhile is left to the next time.
    """
    another = index.embedder not in ("", embedder.name)
    lacking = None if another else index.without_vectors()
    documents = [
        (document(doc, body), mark)
        for doc, body, mark in index.bodies()
        if lacking is None or doc in lacking
    ]
    report = Report(changed=len(documents), passages=sum(len(one.passages) for one, _ in documents))
    entries = entries_of(documents, embedder, progress, report)
    if report.vectors:
        return report
    entries = [replace(one, replaces=one.fingerprint) for one in entries]
    if another:
        index.revector(entries, embedder.name)
    else:
        index.set_embedder(embedder.name)
        index.apply(entries)
    return report


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
