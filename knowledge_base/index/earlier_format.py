"""What people added to an index of an earlier format → documents for this one."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.errors import Invalid
from knowledge_base.chunking import document
from knowledge_base.index import ABSENT, Entry

# What is shipped is put in again from where it is shipped.
SHIPPED = "runbooks/"
FIRST = "knowledge-1.db"
# How names of facts begin that are places where pages lie.
SOURCE = "source:"


@dataclass(frozen=True, slots=True)
class Earlier:
    """A file of an earlier format: its documents, and the places that a refresh looks through."""

    path: Path
    entries: list[Entry]
    sources: list[str]


def of_earlier_formats(folder: Path, newest: int) -> Iterator[Earlier]:
    """Each file of an earlier format with what it holds; one that cannot be read holds nothing.

    Format 1 kept passages only: a page is put together from them. Later ones keep the Markdown, with who
    may read it. The fingerprint is empty, so that the next ingest of its source replaces it.
    """
    for number in range(1, newest):
        path = folder / f"knowledge-{number}.db"
        if path.is_file():
            yield _read(path)


def _read(path: Path) -> Earlier:
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            first = path.name == FIRST
            pages = _pieced(connection) if first else _kept(connection)
            sources = [] if first else _sources(connection)
        finally:
            connection.close()
    except sqlite3.Error:
        return Earlier(path, [], [])
    entries = [
        entry for doc, page in pages.items() if not doc.startswith(SHIPPED)
        for entry in _entry(doc, page)
    ]  # fmt: skip
    return Earlier(path, entries, sources)


def _sources(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute("SELECT name FROM facts WHERE name LIKE ?", (f"{SOURCE}%",))
    return [str(name).removeprefix(SOURCE) for (name,) in rows]


def _kept(connection: sqlite3.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT doc, body FROM documents"))


def _pieced(connection: sqlite3.Connection) -> dict[str, str]:
    pages: dict[str, list[str]] = {}
    rows = connection.execute("SELECT doc, title, heading, text FROM passages ORDER BY id")
    for doc, title, heading, text in rows:
        page = pages.setdefault(str(doc), [f"# {title}"])
        page += [f"## {heading}"] if heading else []
        page.append(str(text))
    return {doc: "\n\n".join(page) for doc, page in pages.items()}


def _entry(doc: str, markdown: str) -> Iterator[Entry]:
    try:
        yield Entry(document(doc, markdown), fingerprint="", replaces=ABSENT)
    except Invalid:
        return
