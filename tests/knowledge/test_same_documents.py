"""The index in a file and the one in Redis find the same pages for our own questions."""

from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from evals.suites.retrieval import HERE, OTHER, questions
from knowledge_base.bundled_model import bundled
from knowledge_base.index import Index, Scope
from knowledge_base.index.local_index import LocalIndex
from knowledge_base.index.redis_index import RedisIndex
from knowledge_base.ingest import ingest_shipped
from knowledge_base.searching import search

# Of all questions, so many may have another page among the first five.
APART = 0.02


def asked() -> list[tuple[str, Scope]]:
    """Every question, in its own language and across, to everybody and to readers of the house."""
    told = [one for path in sorted(HERE.glob("*.txt")) for one in questions(path)]
    readers = frozenset({"user"})
    return [
        (one.text, Scope(readers=readers, language=language))
        for one in told
        for language in ("", OTHER[one.language])
    ]


def first_five(index: Index, question: str, scope: Scope) -> Sequence[str]:
    hits = search(index, question, k=15, embedder=bundled(), scope=scope)
    return list(dict.fromkeys(hit.passage.doc for hit in hits))[:5]


def test_both_indexes_find_the_same_pages(redis_url: str, tmp_path: Path) -> None:
    indexes = (LocalIndex(tmp_path), RedisIndex(redis_url, f"test-{uuid4().hex}"))
    for index in indexes:
        ingest_shipped(index, bundled())
    told = [[first_five(index, *one) for one in asked()] for index in indexes]
    for index in indexes:
        index.close()
    others = sum(set(one) != set(other) for one, other in zip(*told, strict=True))
    firsts = sum(one[:1] != other[:1] for one, other in zip(*told, strict=True))
    assert max(others, firsts) <= APART * len(asked())
