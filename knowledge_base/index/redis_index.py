"""Passages in a Redis with search, for several services over one base."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar, cast

import orjson

from core.errors import UpstreamUnavailable
from knowledge_base.chunking import Passage
from knowledge_base.front_matter import About
from knowledge_base.index import (
    EVERYTHING,
    INCIDENT_TAG,
    PAGES,
    Asked,
    Candidate,
    Entry,
    Found,
    Listed,
    Scope,
)
from knowledge_base.index.first_sieve import best_by_words
from knowledge_base.index.indexed_words import telling
from knowledge_base.index.lately import Lately
from knowledge_base.index.matrix import nearness
from knowledge_base.index.occurrences import Fields
from knowledge_base.index.redis_changes import ATTEMPTS, Change, Changes, State
from knowledge_base.index.redis_earlier import take_over
from knowledge_base.index.redis_space import (
    EVERYBODY,
    PLACED,
    Command,
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
from knowledge_base.vectors import Vectors

# A change of the fields, of how text is cut into words, or of what is kept that a page says of itself, makes
# another number and a new base.
FORMAT = 3
SHOWN = ("title", "about", "doc", "in", "passages", "origin")

# Passages and counts of words that are kept in memory; a passage takes about 6 KB.
MOST_PASSAGES, MOST_WORDS = 8_192, 20_000

# Redis orders by words in another way than SQLite: so many times more come in, and the same go on.
WIDE = 2

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shown:
    """A passage as it was read, with its vector and those of the names of its page, as they are packed."""

    passage: Passage
    about: About
    words: Fields
    vector: bytes | None
    name_vectors: bytes | None


@dataclass(frozen=True, slots=True)
class Facts:
    """Of one version: its passages, in all and without past incidents, how many words one has, and the groups
    and tags that pages name, as digests."""

    version: str
    passages: int
    pages_alone: int
    mean_length: float
    groups: frozenset[str]
    tags: frozenset[str]

    def narrowed(self, scope: Scope) -> Scope:
        """The same scope without conditions that every page meets: filters cost more than searching."""
        own = {EVERYBODY, *map(digest, scope.readers or ())}
        readers = None if self.groups <= own else scope.readers
        incidents = scope.incidents if digest(INCIDENT_TAG) in self.tags else None
        return replace(scope, readers=readers, incidents=incidents)

    def counted(self, scope: Scope) -> int:
        return self.pages_alone if scope == PAGES else self.passages


class RedisIndex:
    """All keys begin with `root`, so that several bases can be in one Redis."""

    def __init__(self, url: str, root: str) -> None:
        self._wire = Wire(url)
        self._wire.ask("FT._LIST")
        self._changes = Changes(self._wire, f"{root}:{FORMAT}")
        take_over(self._wire, root, FORMAT)
        self._known: dict[tuple[str, str], Facts] = {}
        self._lately: State | None = None
        self._shown: Lately[bytes, Shown] = Lately(MOST_PASSAGES)
        self._holding = {one: Lately[str, int](MOST_WORDS) for one in (EVERYTHING, PAGES)}

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
        self._wire.ask("SADD", self._changes.sources, path)

    def sources(self) -> list[str]:
        return sorted(one.decode() for one in self._wire.ask("SMEMBERS", self._changes.sources))

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
        """What is found in one state: versions only grow, so that one seen at both ends was there between."""
        for _ in range(ATTEMPTS):
            state = self._lately or self._changes.state()
            self._lately = None  # what fails below is begun again from what is so by then
            if state.space is None:
                return Found((), 0)
            look = _Look(self._wire, self._changes)
            try:
                found = self._searched(look, state.space, state.version, asked, limit)
            except Missing:
                continue
            self._lately = look.after
            if look.after == state:
                return found
        raise SENTENCES.error(UpstreamUnavailable, "index_moving")

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

    def _searched(
        self, look: "_Look", space: Space, version: str, asked: Asked, limit: int
    ) -> Found:
        seen = (space.id, version)
        words = (*asked.words, *asked.concepts, *asked.others)
        facts = self._known.get(seen) or look.facts(space, version)
        self._known = {seen: facts}
        among = facts.narrowed(asked.scope).counted
        holding = self._holding[among].of(
            seen, words, lambda some: look.counted(space, some, among)
        )
        total = facts.counted(among)
        if asked.scope.tag and digest(asked.scope.tag) not in facts.tags:
            look.looked()
            return Found((), total, holding)
        wanted = telling(asked, holding, total)
        worded, nearest = look.found(space, asked, wanted, facts, limit)
        kept = self._shown.of(seen, [*worded, *nearest], look.passages)
        best = best_by_words(
            [kept[key].words for key in worded], wanted, holding,
            total=total, mean_length=facts.mean_length, limit=limit,
        )  # fmt: skip
        told = dict.fromkeys([*(worded[place] for place in best), *nearest])
        candidates = _candidates([kept[key] for key in told], asked.vector)
        # What is found by its vector alone lies on the side of the question.
        near = [one for one in candidates[len(best) :] if one.nearness > 0]
        return Found([*candidates[: len(best)], *near], total, holding)

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


@dataclass
class _Look:
    """What one search reads of a base. `after`: the state that this was in when the last of it was read."""

    wire: Wire
    changes: Changes
    after: State | None = None

    def looked(self) -> None:
        """Nothing but the state is read."""
        self._asked([])

    def counted(self, space: Space, words: Sequence[str], among: Scope) -> list[int]:
        """How many passages hold each word, of those in a scope."""
        told = self._asked([holding_query(space.passages, one, among) for one in words])
        return [int(one[0]) for one in told]

    def facts(self, space: Space, version: str) -> Facts:
        every, alone = (
            documents_query(space.passages, within(one), limit=0) for one in (EVERYTHING, PAGES)
        )
        named = [("FT.TAGVALS", space.passages, one) for one in ("groups", "tags")]
        lengths, groups, tags, counted, pages = self._asked(
            [mean_length_query(space.passages), *named, every, alone]
        )
        mean = float(lengths[1][1]) if len(lengths) > 1 else 0.0
        groups, tags = (frozenset(one.decode() for one in told) for told in (groups, tags))
        return Facts(version, int(counted[0]), int(pages[0]), mean or 1.0, groups, tags)

    def found(
        self, space: Space, asked: Asked, wanted: Sequence[str], facts: Facts, limit: int
    ) -> tuple[list[bytes], list[bytes]]:
        """The best by words, more than the limit of them, and the nearest."""
        scope = facts.narrowed(asked.scope)
        by_word = words_query(space.passages, wanted, scope, WIDE * limit) if wanted else None
        near = None
        if asked.vector is not None and len(asked.vector) == space.dimensions:
            near = nearest_query(space.passages, asked.vector, scope, limit)
        answers = iter(self._asked([one for one in (by_word, near) if one]))
        return keys(next(answers)) if by_word else [], keys(next(answers)) if near else []

    def passages(self, found: Sequence[bytes]) -> list[Shown]:
        """Raises `Missing` when one was taken out since it was found."""
        told = self._asked([passage_query(key) for key in found])
        if any(shown is None for shown, _, _ in told):
            raise Missing
        return [_shown(*one) for one in told]

    def _asked(self, commands: Sequence[Command]) -> list[Any]:
        *answers, after = self.wire.ask_all([*commands, self.changes.asked])
        self.after = self.changes.told(after)
        return answers


def _candidates(shown: Sequence[Shown], asked: Vectors | None) -> list[Candidate]:
    by_text = nearness([one.vector for one in shown], asked)
    by_name = nearness([one.name_vectors for one in shown], asked)
    return [
        Candidate(one.passage, one.about, one.words, near, title, name)
        for one, (near, _), (title, name) in zip(shown, by_text, by_name, strict=True)
    ]


def _shown(told: bytes, vector: bytes | None, name_vectors: bytes | None) -> Shown:
    placed, about, words = orjson.loads(told)
    passage = Passage(**dict(zip(PLACED, placed, strict=True)))
    return Shown(passage, _about(about), Fields.of(*words), vector, name_vectors)


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
