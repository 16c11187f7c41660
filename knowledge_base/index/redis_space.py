"""One copy of the base in Redis: two search indexes, and the hashes that they are over.

Words are TEXT fields of a passage, its vector is in an HNSW graph, and all that filters is a TAG.
Values of tags go in as digests: they need no escaping, and no value can be taken for another.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from hashlib import blake2b
from typing import Any

import orjson

from knowledge_base.chunking import Passage
from knowledge_base.index import INCIDENT_TAG, Entry, Scope
from knowledge_base.index.indexed_words import WEIGHTS, Indexed, indexed
from knowledge_base.vectors import Vectors

Command = tuple[Any, ...]

# Neighbours of a node of the graph, and how many are looked at when it is built and searched.
# Measured (docs/performance.md): of the 60 nearest, less than one in a thousand is missed.
NEIGHBOURS, BUILDING, SEARCHING = 16, 200, 200
# A search that takes longer comes back without some of what it should have found.
TIMEOUT_MS = 10_000
# More documents than a base has.
ALL = 1_000_000
# The group of pages that name none; no digest has as few characters.
EVERYBODY = "all"
# Marks that would part a word where an index in Redis cuts text, and what stands for them there.
_MARKS = str.maketrans({".": "\u00b7", "-": "\u2011", "'": "\u02bc"})

# What is read of a passage that was found.
FETCHED = ("shown", "vector", "near_title")

FIELDS = tuple(one.name for one in fields(Indexed))
PLACED = ("doc", "title", "heading", "text", "first_line", "last_line", "language")


@dataclass(frozen=True, slots=True)
class Space:
    """Where a copy is; `dimensions` 0: one without vectors."""

    root: str
    id: str
    dimensions: int

    @property
    def passages(self) -> str:
        return f"{self.root}:{self.id}:passages"

    @property
    def documents(self) -> str:
        return f"{self.root}:{self.id}:documents"

    @property
    def marks(self) -> str:
        """A hash: how many passages each document has, and its fingerprint."""
        return f"{self.root}:{self.id}:marks"

    @property
    def lease(self) -> str:
        """Held by whoever builds this copy."""
        return f"{self.root}:{self.id}:lease"

    def document_key(self, doc: str) -> str:
        return f"{self.root}:{self.id}:d:{digest(doc)}"

    def passage_key(self, doc: str, number: int) -> str:
        return f"{self.root}:{self.id}:p:{digest(doc)}:{number}"

    def created(self) -> Sequence[Command]:
        """What makes the two search indexes."""
        tags = [part for name in ("groups", "service", "language", "tags", "rules")
                for part in (name, "TAG")]  # fmt: skip
        words = [part for name in FIELDS
                 for part in (f"w_{name}", "TEXT", "NOSTEM", "WEIGHT", WEIGHTS[name])]  # fmt: skip
        vector = (
            *("vector", "VECTOR", "HNSW", 10, "TYPE", "FLOAT16", "DIM", self.dimensions),
            *("DISTANCE_METRIC", "COSINE", "M", NEIGHBOURS, "EF_CONSTRUCTION", BUILDING),
        )
        over = ("ON", "HASH", "PREFIX", 1)
        return (
            ("FT.CREATE", self.passages, *over, f"{self.root}:{self.id}:p:", "STOPWORDS", 0,
             "SCHEMA", *words, *tags, "length", "NUMERIC", "SORTABLE", *(vector if self.dimensions else ())),
            ("FT.CREATE", self.documents, *over, f"{self.root}:{self.id}:d:", "STOPWORDS", 0,
             "SCHEMA", *tags, "name", "TAG", "embedded", "TAG"),
        )  # fmt: skip

    def dropped(self) -> Sequence[Command]:
        return (
            ("FT.DROPINDEX", self.passages, "DD"),
            ("FT.DROPINDEX", self.documents, "DD"),
            ("DEL", self.marks, self.lease),
        )

    def added(self, entry: Entry) -> Iterable[Command]:
        document = entry.document
        filters = _filters(entry)
        told = orjson.dumps(document.about).decode()
        names = b"" if entry.name_vectors is None else _packed(entry.name_vectors)
        yield _hset(self.document_key(document.doc), {
            **filters, "name": digest(document.doc), "embedded": "yes" if names else "no",
            "doc": document.doc, "title": document.title, "in": document.language, "about": told,
            "passages": len(document.passages), "origin": entry.origin, "body": document.body,
        })  # fmt: skip
        for number, passage in enumerate(document.passages):
            near = {} if entry.vectors is None else {"vector": _packed(entry.vectors[number])}
            yield _hset(self.passage_key(document.doc, number), {
                **filters, **_words(passage), "shown": shown(passage, told), "near_title": names, **near,
            })  # fmt: skip
        mark = f"{len(document.passages)} {entry.fingerprint}"
        yield ("HSET", self.marks, document.doc, mark)

    def forgotten(self, doc: str, passages: int) -> Iterable[Command]:
        keys = [self.document_key(doc), *(self.passage_key(doc, n) for n in range(passages))]
        yield ("DEL", *keys)
        yield ("HDEL", self.marks, doc)

    def copied(self, doc: str, mark: str, other: "Space", *, vectors: bool) -> Iterable[Command]:
        """A document of another copy, with its vectors or without."""
        yield ("COPY", other.document_key(doc), self.document_key(doc), "REPLACE")
        if not vectors:
            yield ("HSET", self.document_key(doc), "embedded", "no")
        for number in range(passages_of(mark)):
            key = self.passage_key(doc, number)
            yield ("COPY", other.passage_key(doc, number), key, "REPLACE")
            if not vectors:
                yield ("HDEL", key, "vector", "near_title")
        yield ("HSET", self.marks, doc, mark)


def passages_of(mark: str) -> int:
    return int(mark.partition(" ")[0])


def fingerprint_of(mark: str) -> str:
    return mark.partition(" ")[2]


def digest(value: str) -> str:
    return blake2b(value.encode(), digest_size=16).hexdigest()


def within(scope: Scope) -> str:
    """The conditions of a scope, as a query; "" when it bounds nothing."""
    parts: list[str] = []
    if scope.readers is not None:
        own = "|".join([EVERYBODY, *map(digest, sorted(scope.readers))])
        parts.append(f"@groups:{{{own}}}")
    if scope.incidents is not None:
        others = f"-@tags:{{{digest(INCIDENT_TAG)}}}"
        own = "|".join(map(digest, sorted(scope.incidents)))
        parts.append(f"({others} | @groups:{{{own}}})" if own else others)
    wanted = (
        ("service", scope.service), ("language", scope.language),
        ("tags", scope.tag), ("rules", scope.rule),
    )  # fmt: skip
    parts += [f"@{name}:{{{digest(value)}}}" for name, value in wanted if value]
    return " ".join(parts)


def holding_query(index: str, word: str, scope: Scope) -> Command:
    """How many passages of a scope hold a word."""
    query = f"{marked(word)} {within(scope)}".strip()
    return ("FT.SEARCH", index, query, "VERBATIM", "LIMIT", 0, 0, *_options())


def mean_length_query(index: str) -> Command:
    """How many words a passage has."""
    mean = ("GROUPBY", 0, "REDUCE", "AVG", 1, "@length", "AS", "mean")
    return (*("FT.AGGREGATE", index, "*"), *mean, *_options())


def passage_query(key: bytes) -> Command:
    return ("HMGET", key, *FETCHED)


def words_query(index: str, words: Sequence[str], scope: Scope, limit: int) -> Command:
    any_of = "|".join(map(marked, words))
    query = f"{within(scope)} ({any_of})".strip()
    best = ("VERBATIM", "SCORER", "BM25STD", "NOCONTENT", "LIMIT", 0, limit)
    return ("FT.SEARCH", index, query, *best, *_options())


def nearest_query(index: str, asked: Vectors, scope: Scope, limit: int) -> Command:
    among = f"({within(scope)})" if within(scope) else "*"
    query = f"{among}=>[KNN {limit} @vector $asked EF_RUNTIME {SEARCHING} AS far]"
    values = ("PARAMS", 2, "asked", _packed(asked))
    best = ("SORTBY", "far", "NOCONTENT", "LIMIT", 0, limit)
    return ("FT.SEARCH", index, query, *values, *best, *_options())


def documents_query(index: str, query: str, *shown: str, limit: int = ALL) -> Command:
    returned = ("RETURN", len(shown), *shown) if shown else ("NOCONTENT",)
    return ("FT.SEARCH", index, query or "*", *returned, "LIMIT", 0, limit, *_options())


def marked(word: str) -> str:
    return word.translate(_MARKS)


def _filters(entry: Entry) -> dict[str, str]:
    about = entry.document.about
    return {
        "groups": ",".join([digest(one) for one in about.groups] or [EVERYBODY]),
        "service": digest(about.service),
        "language": digest(entry.document.language),
        "tags": ",".join(map(digest, about.tags)),
        "rules": ",".join(map(digest, about.rules)),
    }


def shown(passage: Passage, about: str) -> bytes:
    """All of a passage that a candidate has, as one value: reading many is what a search costs."""
    placed = [getattr(passage, name) for name in PLACED]
    words = asdict(indexed(passage))
    return orjson.dumps([placed, about, [words[name] for name in FIELDS]])


def _words(passage: Passage) -> dict[str, str]:
    told = asdict(indexed(passage))
    length = sum(len(words.split()) for words in told.values())
    return {f"w_{name}": marked(words) for name, words in told.items()} | {"length": str(length)}


def _hset(key: str, told: dict[str, Any]) -> Command:
    return ("HSET", key, *(part for pair in told.items() for part in pair))


def _packed(vector: Vectors) -> bytes:
    return vector.astype("float16").tobytes()


def _options() -> Command:
    return ("TIMEOUT", TIMEOUT_MS, "DIALECT", 2)
