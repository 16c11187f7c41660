"""Passages in a Redis with search, for several services over one base."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar, cast

import orjson

from core.errors import UpstreamUnavailable
from knowledge_base.chunking import Passage
from knowledge_base.embedder import Vectors
from knowledge_base.front_matter import About
from knowledge_base.index import EVERYTHING, Asked, Candidate, Entry, Found, Listed, Scope
from knowledge_base.index.first_sieve import best_by_words
from knowledge_base.index.indexed_words import telling
from knowledge_base.index.lately import Lately
from knowledge_base.index.matrix import nearness
from knowledge_base.index.redis_changes import ATTEMPTS, Change, Changes
from knowledge_base.index.redis_space import (
    EVERYBODY,
    PLACED,
    Space,
    digest,
    documents_query,
    fingerprint_of,
    holding_query,
    mean_length_query,
    nearest_query,
    passage_query,
    within,
    words_query,
)
from knowledge_base.index.redis_wire import Missing, Wire, keys, rows
from knowledge_base.sentences import SENTENCES

# A change of the fields, or of how text is cut into words, makes another number and a new base.
FORMAT = 1
SHOWN = ("title", "about", "doc", "in", "passages", "origin")

# Passages and counts of words that are kept in memory; a passage takes about 6 KB.
MOST_PASSAGES, MOST_WORDS = 8_192, 20_000

# Redis orders by words in another way than SQLite: so many times more come in, and the same go on.
WIDE = 2

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shown:
    """A passage as it was read: what a `Candidate` begins with, and its vectors as they are packed."""

    told: tuple[Passage, About, str, str, str, str]
    vector: bytes | None
    name_vectors: bytes | None


@dataclass(frozen=True, slots=True)
class Facts:
    """Of one version: its passages, how many words one has, and the groups that pages name, as tags."""

    version: str
    passages: int
    mean_length: float
    groups: frozenset[str]

    def narrowed(self, scope: Scope) -> Scope:
        """The same scope without a condition that every page meets: filters cost more than searching."""
        own = {EVERYBODY, *map(digest, scope.readers or ())}
        return replace(scope, readers=None) if self.groups <= own else scope


class RedisIndex:
    """All keys begin with `root`, so that several bases can be in one Redis."""

    def __init__(self, url: str, root: str) -> None:
        self._root = f"{root}:{FORMAT}"
        self._wire = Wire(url)
        self._wire.ask("FT._LIST")
        self._changes = Changes(self._wire, self._root)
        self._known: dict[tuple[str, str], Facts] = {}
        self._shown: Lately[bytes, Shown] = Lately(MOST_PASSAGES)
        self._holding: Lately[str, int] = Lately(MOST_WORDS)

    def close(self) -> None:
        self._wire.close()

    @property
    def embedder(self) -> str:
        return self._changes.state().embedder

    def set_embedder(self, name: str) -> None:
        self._wire.ask("HSET", self._changes.key, "embedder", name)

    def version(self) -> str:
        return self._changes.state().version

    def remember_source(self, path: str) -> None:
        self._wire.ask("SADD", f"{self._root}:sources", path)

    def sources(self) -> list[str]:
        return sorted(one.decode() for one in self._wire.ask("SMEMBERS", f"{self._root}:sources"))

    def bodies(self) -> list[tuple[str, str, str]]:
        def read(space: Space) -> list[tuple[str, str, str]]:
            marks = list(self._changes.marks(space).items())
            keys = [("HGET", space.document_key(doc), "body") for doc, _ in marks]
            told = zip(marks, self._wire.ask_all(keys), strict=True)
            return [
                (doc, body.decode(), fingerprint_of(mark)) for (doc, mark), body in told if body
            ]

        return self._read(read, [])

    def fingerprints(self) -> dict[str, str]:
        def read(space: Space) -> dict[str, str]:
            return {doc: fingerprint_of(mark) for doc, mark in self._changes.marks(space).items()}

        return self._read(read, {})

    def without_vectors(self) -> frozenset[str]:
        def read(space: Space) -> frozenset[str]:
            query = documents_query(space.documents, "@embedded:{no}", "doc")
            return frozenset(told[b"doc"].decode() for _, told in rows(self._wire.ask(*query)))

        return self._read(read, frozenset())

    def groups_among(self, readers: Collection[str]) -> frozenset[str]:
        def read(space: Space) -> frozenset[str]:
            named = {
                told.decode() for told in self._wire.ask("FT.TAGVALS", space.documents, "groups")
            }
            return frozenset(one for one in readers if digest(one) in named)

        return self._read(read, frozenset())

    def apply(self, entries: Sequence[Entry], gone: Collection[str] = ()) -> None:
        self._changes.make(Change(entries, frozenset(gone)))

    def revector(self, entries: Sequence[Entry], embedder: str) -> None:
        self._changes.make(Change(entries, embedder=embedder))

    def search(self, asked: Asked, *, limit: int) -> Found:
        return self._read(lambda space: self._searched(space, asked, limit), Found((), 0))

    def count(self, scope: Scope = EVERYTHING) -> int:
        def read(space: Space) -> int:
            query = documents_query(space.documents, within(scope), limit=0)
            return int(self._wire.ask(*query)[0])

        return self._read(read, 0)

    def documents(self, scope: Scope = EVERYTHING) -> list[Listed]:
        def read(space: Space) -> list[Listed]:
            query = documents_query(space.documents, within(scope), *SHOWN)
            return [_listed(told) for _, told in rows(self._wire.ask(*query))]

        return sorted(self._read(read, []), key=lambda one: one.doc)

    def body(self, doc: str, scope: Scope = EVERYTHING) -> str | None:
        def read(space: Space) -> str | None:
            named = f"{within(scope)} @name:{{{digest(doc)}}}".strip()
            found = rows(self._wire.ask(*documents_query(space.documents, named, "body", limit=1)))
            return found[0][1].get(b"body", b"").decode() if found else None

        return self._read(read, None)

    def _searched(self, space: Space, asked: Asked, limit: int) -> Found:
        index, facts = space.passages, self._facts(space)
        scope = facts.narrowed(asked.scope)
        words = (*asked.words, *asked.concepts, *asked.others)
        holding = self._holding.of(
            (space.id, facts.version), words, lambda some: self._counted(index, some)
        )
        wanted = telling(asked, holding, facts.passages)
        by_word = words_query(index, wanted, scope, WIDE * limit) if wanted else None
        near = None
        if asked.vector is not None and len(asked.vector) == space.dimensions:
            near = nearest_query(index, asked.vector, scope, limit)
        answers = iter(self._wire.ask_all([one for one in (by_word, near) if one]))
        worded = keys(next(answers)) if by_word else []
        nearest = keys(next(answers)) if near else []
        seen = self._shown.of((space.id, facts.version), [*worded, *nearest], self._read_passages)
        held = _candidates(seen, asked.vector)
        best = best_by_words(
            [held[key] for key in worded], wanted, holding,
            passages=facts.passages, mean_length=facts.mean_length, limit=limit,
        )  # fmt: skip
        best += [held[key] for key in nearest if held[key].nearness > 0]
        return Found(list({id(one): one for one in best}.values()), facts.passages, holding)

    def _counted(self, index: str, words: Sequence[str]) -> list[int]:
        """How many passages hold each word."""
        counted = self._wire.ask_all([holding_query(index, one) for one in words])
        return [int(one[0]) for one in counted]

    def _read_passages(self, found: Sequence[bytes]) -> list[Shown]:
        """Raises `Missing` when one was taken out since it was found."""
        told = self._wire.ask_all([passage_query(key) for key in found])
        if any(shown is None for shown, _, _ in told):
            raise Missing
        return [Shown(_passage(shown), vector, names) for shown, vector, names in told]

    def _facts(self, space: Space) -> Facts:
        """Of all passages, asked again after a change."""
        seen = (space.id, self._changes.state().version)
        known = self._known.get(seen)
        if known is None:
            every = documents_query(space.passages, "", limit=0)
            lengths, groups, counted = self._wire.ask_all(
                [mean_length_query(space.passages), ("FT.TAGVALS", space.passages, "groups"), every]
            )
            mean = float(lengths[1][1]) if len(lengths) > 1 else 0.0
            named = frozenset(one.decode() for one in groups)
            known = Facts(seen[1], int(counted[0]), mean or 1.0, named)
            self._known = {seen: known}
        return known

    def _read(self, read: Callable[[Space], T], nothing: T) -> T:
        """What `read` finds in one state of the base."""
        for _ in range(ATTEMPTS):
            state = self._changes.state()
            if state.space is None:
                return nothing
            try:
                found = read(state.space)
            except Missing:
                continue
            if self._changes.state().version == state.version:
                return found
        raise SENTENCES.error(UpstreamUnavailable, "index_moving")


def _candidates(found: Mapping[bytes, Shown], asked: Vectors | None) -> dict[bytes, Candidate]:
    by_text = nearness([one.vector for one in found.values()], asked)
    by_name = nearness([one.name_vectors for one in found.values()], asked)
    return {
        key: Candidate(*one.told, nearness=near, title_nearness=title, name_nearness=name)
        for (key, one), (near, _), (title, name) in zip(
            found.items(), by_text, by_name, strict=True
        )
    }


def _passage(shown: bytes) -> tuple[Passage, About, str, str, str, str]:
    placed, about, words = orjson.loads(shown)
    passage = Passage(**dict(zip(PLACED, placed, strict=True)))
    return (passage, _about(about), *words)


@lru_cache(maxsize=4_096)
def _about(told: str | bytes) -> About:
    fields: dict[str, Any] = orjson.loads(told)
    for name, value in fields.items():
        if isinstance(value, list):
            fields[name] = tuple(cast("list[str]", value))
    return About(**fields)


def _listed(told: Mapping[bytes, bytes]) -> Listed:
    return Listed(
        doc=told[b"doc"].decode(), title=told[b"title"].decode(), language=told[b"in"].decode(),
        about=_about(told[b"about"]), passages=int(told[b"passages"]),
        origin=told.get(b"origin", b"").decode(),
    )  # fmt: skip
