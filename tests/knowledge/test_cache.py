"""What was worked out before is not asked for again, in a file as in Redis."""

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from core.errors import UpstreamUnavailable
from knowledge_base.cache import MOST_ANSWERS, Cache
from knowledge_base.cache.embedding import CachedEmbedder
from knowledge_base.cache.local_cache import FILE, LocalCache
from knowledge_base.cache.redis_cache import RedisCache
from knowledge_base.embedder import BATCH
from knowledge_base.vectors import Vectors
from tests.knowledge.searching_redis import INSTALLS

Opener = Callable[[], Cache]


class Counting:
    """Says how long a text is, and goes away after so many texts."""

    name = "counting"
    is_costly = False

    def __init__(self, patience: int = 10_000) -> None:
        self.asked: list[str] = []
        self._patience = patience

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.asked += texts
        if len(self.asked) > self._patience:
            raise UpstreamUnavailable("It is away.")
        return np.array([[len(text), 1.0] for text in texts], np.float32)


@pytest.fixture(params=["local", "redis"] if INSTALLS else ["local"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Opener]:
    url = request.getfixturevalue("redis_url") if request.param == "redis" else ""
    root, caches = f"test-{uuid4().hex}", list[Cache]()

    def open_one() -> Cache:
        caches.append(RedisCache(url, root) if url else LocalCache(tmp_path / "cache"))
        return caches[-1]

    yield open_one
    for one in caches:
        one.close()


def test_a_text_is_embedded_once_also_by_another_process(opened: Opener) -> None:
    first, second = Counting(), Counting()
    vectors = CachedEmbedder(first, opened()).embed(["ab", "abc", "ab"])
    again = CachedEmbedder(second, opened()).embed(["abc", "ab", "abcd"])
    assert vectors.tolist() == [[2, 1], [3, 1], [2, 1]]
    assert again.tolist() == [[3, 1], [2, 1], [4, 1]]
    assert (first.asked, second.asked) == (["ab", "abc"], ["abcd"])


def test_vectors_of_another_embedder_are_others(opened: Opener) -> None:
    one, other = Counting(), Counting()
    other.name = "other"
    CachedEmbedder(one, opened()).embed(["ab"])
    CachedEmbedder(other, opened()).embed(["ab"])
    assert other.asked == ["ab"]


def test_what_was_made_before_the_embedder_went_away_is_not_asked_for_again(
    opened: Opener,
) -> None:
    texts = [f"text {n}" for n in range(3 * BATCH)]
    leaving, back = Counting(patience=2 * BATCH), Counting()
    with pytest.raises(UpstreamUnavailable):
        CachedEmbedder(leaving, opened()).embed(texts)
    assert CachedEmbedder(back, opened()).embed(texts).shape == (3 * BATCH, 2)
    assert back.asked == texts[2 * BATCH :]


def test_answers_are_kept_by_scope_and_forgotten(opened: Opener) -> None:
    cache = opened()
    cache.keep_answer("1:a", "q", b"old")
    cache.keep_answer("1:a", "q", b"new")
    cache.keep_answer("1:b", "q", b"other")
    assert (cache.answers("1:a"), cache.answers("2:a")) == ([b"new"], [])
    cache.keep_answer("2:a", "q", b"later")
    cache.forget_answers(keep="2:")
    assert (opened().answers("1:a"), cache.answers("2:a")) == ([], [b"later"])
    cache.keep_vectors({"k": b"v"})
    assert (cache.counts().vectors, cache.counts().answers) == (1, 1)
    cache.forget_vectors()
    cache.forget_answers()
    assert (cache.counts().vectors, cache.counts().answers) == (0, 0)


def test_answers_of_a_scope_do_not_grow_without_end(opened: Opener) -> None:
    cache = opened()
    for number in range(MOST_ANSWERS + 20):
        cache.keep_answer("s", f"q{number}", b"a")
    assert cache.counts().answers == MOST_ANSWERS


def test_a_cache_that_is_away_costs_asking_and_nothing_else() -> None:
    embedder = Counting()
    away = RedisCache("redis://127.0.0.1:9/0", "x")
    assert CachedEmbedder(embedder, away).embed(["ab"]).tolist() == [[2, 1]]


def test_a_file_that_is_no_cache_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("no database at all, but long enough to be one\n" * 20)
    with pytest.raises(UpstreamUnavailable, match="Cannot open the cache"):
        LocalCache(tmp_path)
