"""What people added to an index of an earlier format → documents for this one."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from core.errors import Invalid
from knowledge_base.chunking import document
from knowledge_base.index import Entry

# What is shipped is put in again from where it is shipped.
SHIPPED = "runbooks/"


def documents_of_earlier_format(folder: Path, newest: int) -> Iterator[tuple[Path, list[Entry]]]:
    """Each file of an earlier format with what it holds; one that cannot be read holds nothing.

    Format 1 kept passages only: a page is put together from them. Its fingerprint is empty, so that
    the next ingest of its source replaces it.
    """
    for number in range(1, newest):
        path = folder / f"knowledge-{number}.db"
        if path.is_file():
            yield path, _documents(path)


def _documents(path: Path) -> list[Entry]:
    pages: dict[str, list[str]] = {}
    try:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            rows = connection.execute("SELECT doc, title, heading, text FROM passages ORDER BY id")
            for doc, title, heading, text in rows:
                page = pages.setdefault(str(doc), [f"# {title}"])
                page += [f"## {heading}"] if heading else []
                page.append(str(text))
        finally:
            connection.close()
    except sqlite3.Error:
        return []
    return [
        entry for doc, page in pages.items() if not doc.startswith(SHIPPED)
        for entry in _entry(doc, "\n\n".join(page))
    ]  # fmt: skip


def _entry(doc: str, markdown: str) -> Iterator[Entry]:
    try:
        yield Entry(document(doc, markdown), fingerprint="")
    except Invalid:
        return
