"""A cache in a SQLite file beside the index."""

import sqlite3
import threading
import weakref
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from core.errors import UpstreamUnavailable
from knowledge_base.cache import MOST_ANSWERS, MOST_VECTORS, Counts
from knowledge_base.sentences import SENTENCES

# Another form of the tables is another file; what was in the old one is worked out again.
FILE = "knowledge-cache-1.db"
SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (id INTEGER PRIMARY KEY, key TEXT UNIQUE, vector BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS answers (
    id INTEGER PRIMARY KEY, scope TEXT NOT NULL, question TEXT NOT NULL, answer BLOB NOT NULL,
    UNIQUE (scope, question)
);
"""
BUSY_TIMEOUT_S = 10.0
# SQLite takes so many values in one statement at least.
VALUES = 900


class LocalCache:
    """`folder` None: in memory."""

    def __init__(self, folder: Path | None) -> None:
        self._lock = threading.Lock()
        place = ":memory:" if folder is None else str(folder / FILE)
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(place, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = NORMAL")
            self._file.executescript(SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise SENTENCES.error(
                UpstreamUnavailable, "cache_unopened", folder=str(folder), why=str(error)
            ) from error
        weakref.finalize(self, self._file.close)

    def close(self) -> None:
        self._file.close()

    def vectors(self, keys: Sequence[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        with self._used() as file:
            for start in range(0, len(keys), VALUES):
                some = keys[start : start + VALUES]
                marks = ",".join("?" * len(some))
                query = f"SELECT key, vector FROM vectors WHERE key IN ({marks})"  # noqa: S608 - marks alone
                found |= dict(file.execute(query, some))
        return found

    def keep_vectors(self, made: Mapping[str, bytes]) -> None:
        with self._used() as file:
            file.executemany(
                "INSERT OR REPLACE INTO vectors (key, vector) VALUES (?, ?)", made.items()
            )
            file.execute(
                "DELETE FROM vectors WHERE id <= (SELECT max(id) FROM vectors) - ?", (MOST_VECTORS,)
            )

    def answers(self, scope: str) -> list[bytes]:
        with self._used() as file:
            rows = file.execute("SELECT answer FROM answers WHERE scope = ?", (scope,))
            return [row[0] for row in rows]

    def keep_answer(self, scope: str, question: str, answer: bytes) -> None:
        with self._used() as file:
            file.execute(
                "INSERT OR REPLACE INTO answers (scope, question, answer) VALUES (?, ?, ?)",
                (scope, question, answer),
            )
            file.execute(
                "DELETE FROM answers WHERE scope = ? AND id NOT IN"
                " (SELECT id FROM answers WHERE scope = ? ORDER BY id DESC LIMIT ?)",
                (scope, scope, MOST_ANSWERS),
            )

    def forget_answers(self, keep: str = "") -> None:
        with self._used() as file:
            file.execute(
                "DELETE FROM answers WHERE ? = '' OR substr(scope, 1, ?) <> ?",
                (keep, len(keep), keep),
            )

    def forget_vectors(self) -> None:
        with self._used() as file:
            file.execute("DELETE FROM vectors")

    def counts(self) -> Counts:
        with self._used() as file:
            query = "SELECT (SELECT count(*) FROM vectors), (SELECT count(*) FROM answers)"
            return Counts(*file.execute(query).fetchone())

    @contextmanager
    def _used(self) -> Generator[sqlite3.Connection]:
        """One transaction."""
        try:
            with self._lock, self._file:
                yield self._file
        except sqlite3.Error as error:
            raise SENTENCES.error(UpstreamUnavailable, "cache_silent", why=str(error)) from error
