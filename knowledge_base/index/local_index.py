"""Passages in one SQLite file, found by BM25 over their words."""

import sqlite3
import threading
import weakref
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.errors import UpstreamUnavailable
from knowledge_base.chunking import Passage
from knowledge_base.ranking import Hit
from knowledge_base.segmentation import words

# A change of the tables or of how words are cut makes another file name, and a new index.
FILE = "knowledge-1.db"
SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (doc TEXT PRIMARY KEY, fingerprint TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS passages (
    id INTEGER PRIMARY KEY, doc TEXT NOT NULL, title TEXT NOT NULL, heading TEXT NOT NULL, text TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS passages_doc ON passages (doc);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
    title, heading, text, tokenize='porter unicode61 remove_diacritics 2'
);
"""
# A word in the title says more of a passage than one in its text.
TITLE_WEIGHT, HEADING_WEIGHT, TEXT_WEIGHT = 2.0, 1.5, 1.0


class LocalIndex:
    """One process writes it, any thread may ask. `folder` None: kept in memory."""

    def __init__(self, folder: Path | None) -> None:
        self._lock = threading.Lock()
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
            place = ":memory:" if folder is None else folder / FILE
            self._connection = sqlite3.connect(place, check_same_thread=False)
            self._connection.executescript(SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise UpstreamUnavailable(
                f"Cannot open the knowledge index in {folder}: {error}."
            ) from error
        weakref.finalize(self, self._connection.close)

    def fingerprints(self) -> dict[str, str]:
        """Of every document in the index, what its text was when it was put in."""
        with self._using() as connection:
            return dict(connection.execute("SELECT doc, fingerprint FROM documents"))

    def put(self, doc: str, fingerprint: str, passages: Sequence[Passage]) -> None:
        """Replace all passages of a document."""
        with self._using() as connection:
            _forget(connection, doc)
            connection.execute("INSERT INTO documents VALUES (?, ?)", (doc, fingerprint))
            for passage in passages:
                _add(connection, passage)

    def remove(self, doc: str) -> None:
        with self._using() as connection:
            _forget(connection, doc)

    def search(self, asked: Sequence[str], *, limit: int) -> list[Hit]:
        """The passages that hold any of the words, the best first."""
        if not asked:
            return []
        any_of = " OR ".join('"' + word.replace('"', '""') + '"' for word in asked)
        with self._using() as connection:
            rows = connection.execute(
                "SELECT p.doc, p.title, p.heading, p.text, -bm25(words, ?, ?, ?) AS score"
                " FROM words JOIN passages p ON p.id = words.rowid"
                " WHERE words MATCH ? ORDER BY score DESC, p.id LIMIT ?",
                (TITLE_WEIGHT, HEADING_WEIGHT, TEXT_WEIGHT, any_of, limit),
            )
            return [Hit(Passage(*row[:4]), row[4]) for row in rows]

    @contextmanager
    def _using(self) -> Generator[sqlite3.Connection]:
        try:
            with self._lock, self._connection:
                yield self._connection
        except sqlite3.Error as error:
            raise UpstreamUnavailable(f"The knowledge index does not answer: {error}.") from error


def _forget(connection: sqlite3.Connection, doc: str) -> None:
    old = "SELECT id FROM passages WHERE doc = ?"
    connection.execute(f"DELETE FROM words WHERE rowid IN ({old})", (doc,))  # noqa: S608 - a constant
    connection.execute("DELETE FROM passages WHERE doc = ?", (doc,))
    connection.execute("DELETE FROM documents WHERE doc = ?", (doc,))


def _add(connection: sqlite3.Connection, passage: Passage) -> None:
    added = connection.execute(
        "INSERT INTO passages (doc, title, heading, text) VALUES (?, ?, ?, ?)",
        (passage.doc, passage.title, passage.heading, passage.text),
    )
    cut = [" ".join(words(text)) for text in (passage.title, passage.heading, passage.text)]
    connection.execute(
        "INSERT INTO words (rowid, title, heading, text) VALUES (?, ?, ?, ?)",
        (added.lastrowid, *cut),
    )
