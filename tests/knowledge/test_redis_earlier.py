"""A base that an earlier version kept in Redis is taken over by this one."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from knowledge_base.bundled_model import bundled
from knowledge_base.chunking import document
from knowledge_base.embedding import entries_of, into_vectors, silent
from knowledge_base.index import Entry, Scope
from knowledge_base.index.redis_changes import Change, Changes
from knowledge_base.index.redis_index import FORMAT, RedisIndex
from knowledge_base.index.redis_wire import Wire
from knowledge_base.reports import Report
from knowledge_base.searching import search

DRAIN = "---\ngroups: [manager]\n---\n# Drain a payment machine\n\nAsk the payment team first."
OTHER = "# Backups of the ledger\n\nThey run at two in the night."


def pages(**bodies: str) -> Sequence[Entry]:
    told = [(document(f"own/{name}.md", body), f"mark of {name}") for name, body in bodies.items()]
    return entries_of(told, bundled(), silent, Report())


@pytest.fixture
def root(redis_url: str) -> str:
    """The beginning of the keys of a base of the first format."""
    root = f"test-{uuid4().hex}"
    wire = Wire(redis_url)
    earlier = Changes(wire, f"{root}:1")
    shipped = Entry(document("runbooks/x.en.md", "# Old words"), "mark of x")
    earlier.make(Change([*pages(drain=DRAIN, other=OTHER), shipped], embedder="earlier"))
    wire.ask("SADD", f"{root}:1:sources", "/srv/runbooks")
    wire.close()
    return root


def test_pages_sources_and_who_may_read_are_kept(redis_url: str, root: str) -> None:
    index = RedisIndex(redis_url, root)
    assert [one.doc for one in index.documents()] == ["own/drain.md", "own/other.md"]
    assert index.body("own/drain.md") == DRAIN
    assert index.sources() == ["/srv/runbooks"]
    assert index.documents(Scope(readers=frozenset({"user"})))[0].doc == "own/other.md"
    index.close()


def test_pages_are_found_by_words_at_once_and_by_vectors_when_these_are_made(
    redis_url: str, root: str
) -> None:
    index = RedisIndex(redis_url, root)
    assert search(index, "ledger backups", k=1)[0].passage.doc == "own/other.md"
    assert index.without_vectors() == {"own/drain.md", "own/other.md"}
    model = bundled()
    assert model
    into_vectors(index, model)
    assert search(index, "ledger backups", k=1, embedder=model)[0].nearness > 0
    index.close()


def test_nothing_of_the_earlier_base_is_left(redis_url: str, root: str) -> None:
    RedisIndex(redis_url, root).close()
    wire = Wire(redis_url)
    assert wire.ask("KEYS", f"{root}:1:*") == []
    assert wire.ask("KEYS", f"{root}:{FORMAT}:*") != []
    wire.close()


def test_services_that_start_at_once_take_it_over_together(redis_url: str, root: str) -> None:
    with ThreadPoolExecutor() as threads:
        indexes = list(threads.map(RedisIndex, [redis_url] * 4, [root] * 4))
    for index in indexes:
        assert [one.doc for one in index.documents()] == ["own/drain.md", "own/other.md"]
        assert index.sources() == ["/srv/runbooks"]
        index.close()


def test_a_page_that_is_there_by_now_is_not_replaced_by_an_older_one(
    redis_url: str, root: str
) -> None:
    wire = Wire(redis_url)
    newer = "# Drain a payment machine\n\nNobody has to be asked."
    Changes(wire, f"{root}:{FORMAT}").make(Change(pages(drain=newer)))
    wire.close()
    index = RedisIndex(redis_url, root)
    assert index.body("own/drain.md") == newer
    assert index.body("own/other.md") == OTHER
    index.close()
