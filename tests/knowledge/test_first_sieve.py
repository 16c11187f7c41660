"""Passages sieved by us come in the order in which SQLite gives them."""

from dataclasses import astuple
from statistics import mean

from evals.suites.retrieval import HERE, questions
from knowledge_base.chunking import passages
from knowledge_base.index.first_sieve import best_by_words
from knowledge_base.index.indexed_words import indexed, telling
from knowledge_base.index.local_index import LocalIndex
from knowledge_base.ingest import SHIPPED, ingest
from knowledge_base.reading.folders import found_in
from knowledge_base.searching import asked_of

PAGES = 60


def test_our_order_is_that_of_sqlite() -> None:
    index = LocalIndex(None)
    ingest(index, list(found_in(SHIPPED))[:PAGES])
    cut = [indexed(one) for doc, body, _ in index.bodies() for one in passages(doc, body)]
    length = mean(sum(len(told.split()) for told in astuple(one)) for one in cut)
    for one in questions(HERE / "seen.txt")[:40]:
        asked = asked_of(one.text)
        found = index.search(asked, limit=40)
        wanted = telling(asked, found.holding, found.passages)
        ours = best_by_words(
            [c.words for c in found.candidates], wanted, found.holding,
            total=found.passages, mean_length=length, limit=10,
        )  # fmt: skip
        assert ours == list(range(min(10, len(found.candidates))))
