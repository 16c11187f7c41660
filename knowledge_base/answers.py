"""Answers that were given before, for readers who may read the same pages as long as these are the same."""

from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
import orjson

from core.errors import OpsError
from knowledge_base.cache import Cache
from knowledge_base.index import Index, Scope
from knowledge_base.index.indexed_words import spaced
from knowledge_base.same_question import MIN_NEARNESS, asks_the_same, meant
from knowledge_base.vectors import Embedder, Vectors


@dataclass(frozen=True, slots=True)
class Kept:
    """`body` is whatever the one who keeps it needs to give it again."""

    question: str
    body: str
    at: str


@dataclass(frozen=True, slots=True)
class Recalled:
    """`kept`: the answer to the same question. `nearness`: how near the nearest of all questions is, by
    vectors, if there are any."""

    kept: Kept | None = None
    nearness: float | None = None


def scope_of_answers(index: Index, scope: Scope) -> str:
    """Another one after every change of pages, and for readers who may read others."""
    told = [_named(index, scope.readers), _named(index, scope.incidents)]
    who = blake2b(orjson.dumps(told), digest_size=16).hexdigest()
    return f"{_version(index)}{who}"


def _named(index: Index, groups: frozenset[str] | None) -> list[str] | None:
    return None if groups is None else sorted(index.groups_among(groups))


def recalled(cache: Cache, embedder: Embedder | None, question: str, scope: str) -> Recalled:
    """What was answered to the same question in this scope.

    Without an embedder, and when it is away, the words alone decide.
    """
    records: list[dict[str, Any]] = [orjson.loads(packed) for packed in cache.answers(scope)]
    if not records:
        return Recalled()
    wanted, vector = meant(question), _vector(embedder, question)
    best, nearest = None, None
    for record in records:
        near = _nearness(vector, record, embedder)
        nearest = max((one for one in (nearest, near) if one is not None), default=None)
        if asks_the_same(wanted, meant(record["question"])) and (
            near is None or near >= MIN_NEARNESS
        ):
            best = Kept(record["question"], record["body"], record["at"])
    return Recalled(best, nearest)


def keep_answer(
    index: Index, cache: Cache, embedder: Embedder | None, scope: str, kept: Kept
) -> bool:
    """Keep it unless the pages have changed since its scope was told; answers from others go."""
    version = _version(index)
    if not scope.startswith(version):
        return False
    vector = _vector(embedder, kept.question)
    record = {"question": kept.question, "body": kept.body, "at": kept.at}
    if vector is not None and embedder is not None:
        packed = b64encode(vector.astype(np.float32).tobytes()).decode()
        record |= {"vector": packed, "embedder": embedder.name}
    cache.forget_answers(keep=version)
    cache.keep_answer(scope, kept.question, orjson.dumps(record))
    return True


def _version(index: Index) -> str:
    return f"{index.version()}:"


def _vector(embedder: Embedder | None, question: str) -> Vectors | None:
    try:
        return None if embedder is None else embedder.embed([spaced(question)])[0]
    except OpsError:
        return None


def _nearness(
    vector: Vectors | None, record: dict[str, Any], embedder: Embedder | None
) -> float | None:
    if vector is None or embedder is None or record.get("embedder") != embedder.name:
        return None
    return float(np.frombuffer(b64decode(record["vector"]), np.float32) @ vector)
