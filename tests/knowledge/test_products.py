"""Products of others that a question names: what no page found speaks of is not answered by it."""

import pytest

from knowledge_base.bundled_model import bundled
from knowledge_base.index.local_index import LocalIndex
from knowledge_base.ingest import ingest, ingest_shipped
from knowledge_base.products import products_in
from knowledge_base.reading.folders import Source
from knowledge_base.relevance import answers
from knowledge_base.searching import search


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Kafka消费者一直积压", {"kafka"}),
        ("set up cross-region replication for MinIO buckets", {"minio"}),
        ("GitHub Actions 怎么自建运行器", {"github actions"}),
        ("the kafkaesque pod of team-vault restarts", set[str]()),
        ("容器内存不足", set[str]()),
    ],
)
def test_names_stand_alone_also_beside_chinese(text: str, names: set[str]) -> None:
    assert products_in(text) == names


@pytest.mark.parametrize("with_vectors", [False, True])
def test_a_page_of_the_house_answers_what_the_shipped_ones_do_not(with_vectors: bool) -> None:
    index = LocalIndex(None)
    ingest_shipped(index, bundled() if with_vectors else None)
    asked = "how do I add a broker to our Pulsar cluster"

    def is_answered() -> bool:
        own = bundled() if with_vectors else None
        return answers(search(index, asked, k=4, embedder=own), index.embedder if own else "")

    assert not is_answered()
    page = "# Add a broker to a Pulsar cluster\n\nStart the broker with the same metadata store.\n"
    ingest(index, [Source("pulsar.md", lambda: page)], embedder=bundled() if with_vectors else None)
    assert is_answered()
