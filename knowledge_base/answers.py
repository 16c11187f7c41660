"""Answers that were given before, for readers who may read the same pages as long as these are the same."""

from dataclasses import dataclass
from hashlib import blake2b

import orjson

from core.errors import OpsError
from knowledge_base.cache import Cache
from knowledge_base.embedder import Embedder
from knowledge_base.index import Index
from knowledge_base.index.indexed_words import spaced
from knowledge_base.same_question import are_near, asks_the_same, meant


@dataclass(frozen=True, slots=True)
class Kept:
    """`body` is whatever the one who keeps it needs to give it again."""

    question: str
    body: str
    at: str


def scope_of_answers(index: Index, readers: frozenset[str] | None) -> str:
    """Another one after every change of pages, and for readers who may read others."""
    if readers is None:
        who = "everything"
    else:
        named = orjson.dumps(sorted(index.groups_among(readers)))
        who = blake2b(named, digest_size=16).hexdigest()
    return f"{_version(index)}{who}"


def answer_again(
    index: Index, cache: Cache, embedder: Embedder | None, question: str, scope: str
) -> Kept | None:
    """What was answered to the same question in this scope."""
    wanted = meant(question)
    for packed in cache.answers(scope):
        kept = Kept(**orjson.loads(packed))
        same = asks_the_same(wanted, meant(kept.question))
        if same and _are_near(embedder, question, kept.question):
            return kept
    return None


def keep_answer(index: Index, cache: Cache, scope: str, kept: Kept) -> bool:
    """Keep it unless the pages have changed since its scope was told; answers from others go."""
    version = _version(index)
    if not scope.startswith(version):
        return False
    cache.forget_answers(keep=version)
    cache.keep_answer(scope, kept.question, orjson.dumps(kept))
    return True


def _version(index: Index) -> str:
    return f"{index.version()}:"


def _are_near(embedder: Embedder | None, one: str, other: str) -> bool:
    """The words alone decide without an embedder, and when it is away."""
    try:
        return embedder is None or are_near(*embedder.embed([spaced(one), spaced(other)]))
    except OpsError:
        return True
