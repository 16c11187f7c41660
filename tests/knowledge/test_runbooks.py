"""What is shipped answers what people ask, in their language; and public sets measure the search."""

import json
from pathlib import Path

import pytest

from knowledge_base.index.local_index import LocalIndex
from knowledge_base.ingest import SHIPPED, documents_in, synchronise
from knowledge_base.ranking import Hit, ranked
from knowledge_base.segmentation import asked_words, is_chinese

DATA = Path(__file__).parents[2].parent / "shared" / "data"

QUESTIONS = [
    ("What should I do when a container is OOMKilled?", "oom-killed"),
    ("exit code 137 runbook", "oom-killed"),
    ("容器内存超限被杀怎么处理", "oom-killed"),
    ("How do I fix ImagePullBackOff?", "image-pull"),
    ("镜像拉取失败怎么排查", "image-pull"),
    ("What does CreateContainerConfigError mean?", "missing-config-key"),
    ("ConfigMap 缺少某个键怎么办", "missing-config-key"),
    ("My service has no endpoints, what now?", "service-without-endpoints"),
    ("Service 没有 endpoints 怎么办", "service-without-endpoints"),
    ("pods evicted because the node is under memory pressure", "node-memory-pressure"),
    ("节点内存压力导致 Pod 被驱逐", "node-memory-pressure"),
    ("how to debug CrashLoopBackOff", "crash-loop"),
    ("容器反复重启崩溃怎么查", "crash-loop"),
    ("Why does a pod stay pending, 0/3 nodes are available?", "pending-pods"),
    ("Pod 一直 Pending 是什么原因", "pending-pods"),
    ("how do I connect midwatch to my cluster", "midwatch-connect-a-cluster"),
    ("怎么接入我自己的集群", "midwatch-connect-a-cluster"),
    ("How do I add an OpenAI key?", "midwatch-add-a-model"),
    ("怎么配置大模型的密钥", "midwatch-add-a-model"),
    ("Can midwatch change my cluster by itself?", "midwatch-what-it-may-do"),
    ("Midwatch 有哪些权限，会不会修改集群", "midwatch-what-it-may-do"),
]


@pytest.fixture(scope="module")
def shipped() -> LocalIndex:
    index = LocalIndex(None)
    synchronise(index, documents_in(SHIPPED), prefix="")
    return index


def search(index: LocalIndex, question: str, k: int = 5) -> list[Hit]:
    return ranked(index.search(asked_words(question), limit=60), question=question, k=k)


@pytest.mark.parametrize(("question", "page"), QUESTIONS)
def test_a_question_finds_its_page_in_its_language(
    shipped: LocalIndex, question: str, page: str
) -> None:
    language = "zh" if is_chinese(question) else "en"
    assert search(shipped, question)[0].passage.doc == f"{page}.{language}.md"


def test_a_question_about_something_else_finds_nothing(shipped: LocalIndex) -> None:
    assert search(shipped, "Who won the football championship?") == []


def test_one_page_does_not_fill_all_places(shipped: LocalIndex) -> None:
    docs = [hit.passage.doc for hit in search(shipped, "pod memory node image", k=10)]
    assert max(docs.count(doc) for doc in docs) <= 2


def test_every_page_exists_in_both_languages_with_as_many_sections() -> None:
    pages = documents_in(SHIPPED)
    for name, text in pages.items():
        if name.endswith(".en.md"):
            other = pages[name.replace(".en.md", ".zh.md")]
            assert text.count("\n## ") == other.count("\n## "), name
    assert len(pages) % 2 == 0


@pytest.mark.parametrize(
    ("name", "at_1", "at_5"), [("retrieval-runbooks", 0.87, 0.97), ("retrieval-zh", 0.97, 0.99)]
)
def test_public_questions_find_their_pages(name: str, at_1: float, at_5: float) -> None:
    """Measured where the data is at hand; elsewhere the shipped pages are the whole test."""
    if not (DATA / name).is_dir():
        return
    index = LocalIndex(None)
    synchronise(index, documents_in(DATA / name / "pages"), prefix="")
    queries = json.loads((DATA / name / "queries.json").read_text())[::4]
    first = five = 0
    for query in queries:
        hits = search(index, query["query"], k=10)
        docs = list(dict.fromkeys(hit.passage.doc.removesuffix(".md") for hit in hits))[:5]
        first += docs[:1] == [query["gold"]]
        five += query["gold"] in docs
    assert first / len(queries) >= at_1
    assert five / len(queries) >= at_5
