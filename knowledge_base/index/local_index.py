# ruff: noqa: S608 - clauses and marks are constants of this file, every value is bound
"""Passages in one SQLite file: words by FTS5, vectors by numpy."""

import sqlite3
import threading
import weakref
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from core.errors import UpstreamUnavailable
from knowledge_base.chunking import Passage
from knowledge_base.front_matter import About
from knowledge_base.index import (
    EVERYTHING,
    PAGES,
    Asked,
    Candidate,
    Entry,
    Found,
    Listed,
    Scope,
    taken,
)
from knowledge_base.index.earlier_format import SOURCE, of_earlier_formats
from knowledge_base.index.indexed_words import WEIGHTS, indexed, telling
from knowledge_base.index.lately import Lately
from knowledge_base.index.matrix import Matrix, Near
from knowledge_base.index.occurrences import Fields
from knowledge_base.index.permitted import Permitted, within
from knowledge_base.sentences import SENTENCES

# A change of the tables, of how text is cut into words, or of what is kept that a page says of itself, makes
# another number and a new file.
FORMAT = 5
FILE = f"knowledge-{FORMAT}.db"
SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    doc TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, title TEXT NOT NULL, language TEXT NOT NULL,
    about TEXT NOT NULL, service TEXT NOT NULL, origin TEXT NOT NULL, body TEXT NOT NULL,
    passages INTEGER NOT NULL, title_vector BLOB
);
CREATE TABLE IF NOT EXISTS marks (doc TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS marks_doc ON marks (doc, kind, value);
CREATE TABLE IF NOT EXISTS passages (
    id INTEGER PRIMARY KEY, doc TEXT NOT NULL, title TEXT NOT NULL, heading TEXT NOT NULL,
    text TEXT NOT NULL, first_line INTEGER NOT NULL, last_line INTEGER NOT NULL,
    language TEXT NOT NULL, vector BLOB
);
CREATE INDEX IF NOT EXISTS passages_doc ON passages (doc);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
    title, heading, text, concepts, tokenize="unicode61 remove_diacritics 0 tokenchars '_.-'"
);
CREATE VIRTUAL TABLE IF NOT EXISTS holding USING fts5vocab (words, row);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
BUSY_TIMEOUT_S = 10.0

# Passages and counts of words that are kept in memory; a passage takes about 4 KB.
MOST_PASSAGES, MOST_WORDS = 8_192, 20_000

COLUMNS = (
    "p.id, p.doc, p.title, p.heading, p.text, p.first_line, p.last_line, p.language, d.about,"
    " w.title, w.heading, w.text, w.concepts"
)


class LocalIndex:
    """One file that several processes may use: writing shuts nobody out. `folder` None: in memory."""

    def __init__(self, folder: Path | None) -> None:
        self._reading, self._writing = threading.Lock(), threading.Lock()
        self._matrix: Matrix = Matrix.empty()
        self._seen = ""
        self._permitted = Permitted()
        self._kept: Lately[int, Candidate] = Lately(MOST_PASSAGES)
        self._holding = {one: Lately[str, int](MOST_WORDS) for one in (EVERYTHING, PAGES)}
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
            place = ":memory:" if folder is None else str(folder / FILE)
            self._writer = _opened(place)
            self._reader = self._writer if folder is None else _opened(place)
        except (OSError, sqlite3.Error) as error:
            raise SENTENCES.error(
                UpstreamUnavailable, "index_unopened", folder=str(folder), why=str(error)
            ) from error
        weakref.finalize(self, _close, self._reader, self._writer)
        if folder is not None:
            self._migrate(folder)

    def close(self) -> None:
        _close(self._reader, self._writer)

    @property
    def embedder(self) -> str:
        with self._reads() as reader:
            row = reader.execute("SELECT value FROM facts WHERE name = 'embedder'").fetchone()
        return str(row[0]) if row else ""

    def set_embedder(self, name: str) -> None:
        with self._writes() as writer:
            _set_embedder(writer, name)

    def version(self) -> str:
        with self._reads() as reader:
            return _version(reader)

    def remember_source(self, path: str) -> None:
        with self._writes() as writer:
            writer.execute("INSERT OR REPLACE INTO facts VALUES (?, '')", (SOURCE + path,))

    def sources(self) -> list[str]:
        query = "SELECT substr(name, ?) FROM facts WHERE name LIKE ? ORDER BY name"
        with self._reads() as reader:
            rows = reader.execute(query, (len(SOURCE) + 1, f"{SOURCE}%")).fetchall()
        return [str(row[0]) for row in rows]

    def bodies(self) -> list[tuple[str, str, str]]:
        with self._reads() as reader:
            return reader.execute("SELECT doc, body, fingerprint FROM documents").fetchall()

    def fingerprints(self) -> dict[str, str]:
        with self._reads() as reader:
            return dict(reader.execute("SELECT doc, fingerprint FROM documents"))

    def without_vectors(self) -> frozenset[str]:
        with self._reads() as reader:
            rows = reader.execute("SELECT doc FROM documents WHERE title_vector IS NULL")
            return frozenset(str(row[0]) for row in rows)

    def groups_among(self, readers: Collection[str]) -> frozenset[str]:
        with self._reads() as reader:
            rows = reader.execute("SELECT DISTINCT value FROM marks WHERE kind = 'group'")
            return frozenset(str(row[0]) for row in rows).intersection(readers)

    def apply(self, entries: Sequence[Entry], gone: Collection[str] = ()) -> None:
        with self._writes() as writer:
            _change(writer, entries, gone)

    def revector(self, entries: Sequence[Entry], embedder: str) -> None:
        with self._writes() as writer:
            writer.execute("UPDATE documents SET title_vector = NULL")
            writer.execute("UPDATE passages SET vector = NULL")
            _change(writer, entries, ())
            _set_embedder(writer, embedder)

    def search(self, asked: Asked, *, limit: int) -> Found:
        with self._reads() as reader:
            version = _version(reader)
            matrix = self._current_matrix(reader, version)
            among = asked.scope.counted
            self._permitted.begin(reader, version)
            allowed = self._permitted.by(reader, asked.scope, version, matrix.ids)
            counted = self._permitted.by(reader, among, version, matrix.ids)
            words, total = [*asked.words, *asked.concepts, *asked.others], counted.passages
            held = self._holding[among].of(
                version, words, lambda some: _holding(reader, some, counted.table)
            )
            if not allowed.passages:
                return Found((), total, held)
            ids = _by_words(reader, telling(asked, held, total), allowed.table, limit)
            if asked.vector is not None and matrix.size:
                ids += matrix.nearest(asked.vector, limit, allowed.mask)
            kept = self._kept.of(version, ids, lambda some: _candidates(reader, some))
        near = matrix.nearness(asked.vector, list(kept))
        return Found([_near(one, near[key]) for key, one in kept.items()], total, held)

    def count(self, scope: Scope = EVERYTHING) -> int:
        allowed, values = within(scope)
        with self._reads() as reader:
            query = f"SELECT count(*) FROM documents d WHERE 1 {allowed}"
            return int(reader.execute(query, values).fetchone()[0])

    def documents(self, scope: Scope = EVERYTHING) -> list[Listed]:
        allowed, values = within(scope)
        query = (
            "SELECT d.doc, d.title, d.language, d.about, d.passages, d.origin FROM documents d"
            f" WHERE 1 {allowed} ORDER BY d.doc"
        )
        with self._reads() as reader:
            rows = reader.execute(query, values).fetchall()
        return [Listed(r[0], r[1], r[2], _about(r[3]), r[4], r[5]) for r in rows]

    def body(self, doc: str, scope: Scope = EVERYTHING) -> str | None:
        allowed, values = within(scope)
        query = f"SELECT d.body FROM documents d WHERE d.doc = ? {allowed}"
        with self._reads() as reader:
            row = reader.execute(query, (doc, *values)).fetchone()
        return None if row is None else str(row[0])

    def _current_matrix(self, reader: sqlite3.Connection, version: str) -> Matrix:
        """The vectors as this transaction sees them; read again when anybody has written."""
        if version != self._seen:
            self._matrix, self._seen = Matrix.read(reader), version
        return self._matrix

    def _migrate(self, folder: Path) -> None:
        """Take over what people added to an index of an earlier format, and delete that."""
        for earlier in of_earlier_formats(folder, FORMAT):
            self.apply(earlier.entries)
            for source in earlier.sources:
                self.remember_source(source)
            earlier.path.unlink(missing_ok=True)

    @contextmanager
    def _reads(self) -> Generator[sqlite3.Connection]:
        """One transaction: all that is asked in it is of one moment."""
        with self._reading, _told():
            self._reader.execute("BEGIN")
            try:
                yield self._reader
            finally:
                self._reader.commit()  # of tables that are of this connection alone

    @contextmanager
    def _writes(self) -> Generator[sqlite3.Connection]:
        shared = self._reading if self._reader is self._writer else self._writing
        with shared, _told():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
                self._writer.commit()
            finally:
                self._writer.rollback()


@contextmanager
def _told() -> Generator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise SENTENCES.error(UpstreamUnavailable, "index_silent", why=str(error)) from error


def _opened(place: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        place, timeout=BUSY_TIMEOUT_S, check_same_thread=False, isolation_level=None
    )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.executescript(SCHEMA)
    return connection


def _close(*connections: sqlite3.Connection) -> None:
    for connection in connections:
        connection.close()


def _version(reader: sqlite3.Connection) -> str:
    row = reader.execute("SELECT value FROM facts WHERE name = 'version'").fetchone()
    return str(row[0]) if row else "0"


def _holding(reader: sqlite3.Connection, words: Sequence[str], among: str) -> Iterator[int]:
    """How many passages hold each word, of those in the table `among`; "": of all."""
    query = "SELECT doc FROM holding WHERE term = ?"
    if among:
        query = f"SELECT count(*) FROM words w JOIN {among} a ON a.id = w.rowid WHERE words MATCH ?"
    for word in words:
        row = reader.execute(query, (_quoted(word) if among else word,)).fetchone()
        yield int(row[0]) if row else 0


def _quoted(word: str) -> str:
    return '"' + word.replace('"', "") + '"'


def _by_words(
    reader: sqlite3.Connection, words: Sequence[str], allowed: str, limit: int
) -> list[int]:
    """The ids of the best passages by words, of those in the table `allowed`; "": of all."""
    if not words:
        return []
    any_of = " OR ".join(map(_quoted, words))
    # The plus keeps SQLite from going through the table and asking the words for each passage.
    among = f"AND EXISTS (SELECT 1 FROM {allowed} a WHERE a.id = +w.rowid)" if allowed else ""
    inner = (
        "SELECT w.rowid AS id, bm25(words, ?, ?, ?, ?) AS score FROM words w"
        f" WHERE words MATCH ? {among} ORDER BY score, w.rowid LIMIT ?"
    )
    best = reader.execute(inner, (*WEIGHTS.values(), any_of, limit)).fetchall()
    return [row[0] for row in best]


def _candidates(reader: sqlite3.Connection, ids: Sequence[int]) -> list[Candidate]:
    """These passages, in this order."""
    marks = ",".join("?" * len(ids))
    query = (
        f"SELECT {COLUMNS} FROM passages p JOIN documents d ON d.doc = p.doc"
        f" JOIN words w ON w.rowid = p.id WHERE p.id IN ({marks})"
    )
    read = {
        row[0]: Candidate(Passage(*row[1:8]), _about(row[8]), Fields.of(*row[9:]))
        for row in reader.execute(query, ids)
    }
    return [read[one] for one in ids]


def _near(one: Candidate, near: Near) -> Candidate:
    return Candidate(one.passage, one.about, one.words, near.text, near.title, near.name)


@lru_cache(maxsize=4_096)
def _about(told: str) -> About:
    fields: dict[str, Any] = orjson.loads(told)
    for name in ("tags", "groups", "rules", "general", "asked"):
        fields[name] = tuple(fields.get(name, ()))
    return About(**fields)


def _set_embedder(writer: sqlite3.Connection, name: str) -> None:
    writer.execute("INSERT OR REPLACE INTO facts VALUES ('embedder', ?)", (name,))


def _change(writer: sqlite3.Connection, entries: Sequence[Entry], gone: Collection[str]) -> None:
    new = taken(entries, dict(writer.execute("SELECT doc, fingerprint FROM documents")))
    for doc in [*gone, *new]:
        _forget(writer, doc)
    for entry in new.values():
        _add(writer, entry)
    writer.execute(
        # An index that is begun anew in the place of another has other versions.
        "INSERT INTO facts VALUES ('version', abs(random() / 1000000))"
        " ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1"
    )


def _forget(writer: sqlite3.Connection, doc: str) -> None:
    old = "SELECT id FROM passages WHERE doc = ?"
    writer.execute(f"DELETE FROM words WHERE rowid IN ({old})", (doc,))
    for table in ("passages", "marks", "documents"):
        writer.execute(f"DELETE FROM {table} WHERE doc = ?", (doc,))


def _add(writer: sqlite3.Connection, entry: Entry) -> None:
    document, about = entry.document, entry.document.about
    names = None if entry.name_vectors is None else entry.name_vectors.astype("float16").tobytes()
    writer.execute(
        "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(document.doc, entry.fingerprint, document.title, document.language),
            *(orjson.dumps(about).decode(), about.service, entry.origin, document.body),
            *(len(document.passages), names),
        ),
    )
    marks = [("group", about.groups), ("tag", about.tags), ("rule", about.rules)]
    for kind, told in marks:
        writer.executemany(
            "INSERT INTO marks VALUES (?, ?, ?)", [(document.doc, kind, one) for one in told]
        )
    for number, passage in enumerate(document.passages):
        vector = None if entry.vectors is None else entry.vectors[number].astype("float16")
        _add_passage(writer, passage, None if vector is None else vector.tobytes())


def _add_passage(writer: sqlite3.Connection, passage: Passage, vector: bytes | None) -> None:
    added = writer.execute(
        "INSERT INTO passages (doc, title, heading, text, first_line, last_line, language, vector)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(passage.doc, passage.title, passage.heading, passage.text),
            *(passage.first_line, passage.last_line, passage.language, vector),
        ),
    )
    cut = indexed(passage)
    writer.execute(
        "INSERT INTO words (rowid, title, heading, text, concepts) VALUES (?, ?, ?, ?, ?)",
        (added.lastrowid, cut.title, cut.heading, cut.text, cut.concepts),
    )
