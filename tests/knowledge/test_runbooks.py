"""What is shipped answers what people ask, in their language; and public sets measure the search."""

import json
import re
import tomllib
from functools import cache
from pathlib import Path

import pytest
import typer.main

from api.cli import whole
from knowledge_base.bundled_model import bundled
from knowledge_base.concepts import lexicon
from knowledge_base.front_matter import parted
from knowledge_base.hits import Hit
from knowledge_base.index.local_index import LocalIndex
from knowledge_base.ingest import SHIPPED, ingest, ingest_shipped
from knowledge_base.reading.folders import found_in
from knowledge_base.relevance import MEASURED, answers
from knowledge_base.searching import search, subject_of
from knowledge_base.segmentation import is_chinese

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
RULES = tomllib.loads((ROOT / "mcp_servers/rca/catalogue/rules.toml").read_text("utf-8"))
PAGES = {path.name: path.read_text("utf-8") for path in sorted(SHIPPED.glob("*.md"))}
# What every page about a fault says, whichever words its headings have.
PARTS = {
    "en": ("shows|looks like|reason is|event means", "confirm|check", "do"),
    "zh": ("现象|原因|含义", "确认|排查", "处理"),
}

QUESTIONS = [
    ("What should I do when a container is OOMKilled?", "oom-killed"),
    ("容器内存超限被杀怎么处理", "oom-killed"),
    ("How do I fix ImagePullBackOff?", "image-pull"),
    ("镜像拉取失败怎么排查", "image-pull"),
    ("What does CreateContainerConfigError mean, a key is missing in the ConfigMap?", "missing-config-key"),
    ("ConfigMap 缺少某个键怎么办", "missing-config-key"),
    ("My service has no endpoints, what now?", "service-without-endpoints"),
    ("Service 没有 endpoints 怎么办", "service-without-endpoints"),
    ("pods evicted because the node is under memory pressure", "node-memory-pressure"),
    ("节点内存压力导致 Pod 被驱逐", "node-memory-pressure"),
    ("how to debug CrashLoopBackOff", "crash-loop"),
    ("容器反复重启崩溃怎么查", "crash-loop"),
    ("how do I connect midwatch to my cluster", "midwatch-connect-a-cluster"),
    ("怎么接入我自己的集群", "midwatch-connect-a-cluster"),
    ("How do I add an OpenAI key?", "midwatch-add-a-model"),
    ("怎么配置大模型的密钥", "midwatch-add-a-model"),
    ("how do I configure DingTalk notifications for Midwatch", "midwatch-channels"),
    ("怎么给 Midwatch 配置钉钉通知？", "midwatch-channels"),
    ("how do I approve a change", "midwatch-changes-and-approval"),
    ("如何审批一个变更", "midwatch-changes-and-approval"),
    ("what may this token do", "midwatch-users-and-tokens"),
]  # fmt: skip


@cache
def shipped() -> LocalIndex:
    index = LocalIndex(None)
    ingest_shipped(index, bundled())
    return index


def asked(question: str, index: LocalIndex | None = None) -> list[Hit]:
    return search(index or shipped(), question, k=12, embedder=bundled())


@pytest.mark.parametrize(("question", "page"), QUESTIONS)
def test_a_question_finds_its_page_in_its_language(question: str, page: str) -> None:
    language = "zh" if is_chinese(question) else "en"
    docs = list(dict.fromkeys(hit.passage.doc for hit in asked(question)))
    assert f"runbooks/{page}.{language}.md" in docs[:2]
    assert answers(asked(question), MEASURED)
    assert answers(search(shipped(), question, k=12))


@pytest.mark.parametrize("question", ["Who won the football championship?", "红烧肉怎么做"])
def test_a_question_about_something_else_is_not_answered(question: str) -> None:
    assert not answers(asked(question), MEASURED)
    assert not answers(search(shipped(), question, k=12))


def test_one_page_does_not_fill_all_places() -> None:
    docs = [hit.passage.doc for hit in asked("pod memory node image")]
    assert max(docs.count(doc) for doc in docs) <= 2


def test_every_page_exists_in_both_languages_about_the_same() -> None:
    for name, text in PAGES.items():
        other = PAGES[
            name.replace(".en.", ".zh.") if ".en." in name else name.replace(".zh.", ".en.")
        ]
        assert text.count("\n## ") == other.count("\n## "), name
        for told in ("rules", "general", "asked"):
            assert getattr(parted(text)[0], told) == getattr(parted(other)[0], told), name
    assert len(PAGES) >= 120


@pytest.mark.parametrize("name", [name for name in PAGES if ".en." in name])
def test_a_page_says_how_people_ask_for_it_in_both_languages(name: str) -> None:
    asked_for = parted(PAGES[name])[0].asked
    assert sum(is_chinese(one) for one in asked_for) >= 2
    assert sum(not is_chinese(one) for one in asked_for) >= 2


def test_every_rule_has_a_page_and_every_page_names_rules_that_exist() -> None:
    told = [
        rule for name, text in PAGES.items() if ".en." in name for rule in parted(text)[0].rules
    ]
    assert set(told) == set(RULES) - {"words"}
    assert len(told) == len(set(told)), "two pages claim one rule"


def test_a_general_page_that_is_named_is_another_one_that_is_shipped() -> None:
    named = {name: parted(text)[0].general for name, text in PAGES.items() if ".en." in name}
    told = [(name, f"{page}.en.md") for name, pages in named.items() for page in pages]
    assert len(told) > 40
    assert [one for one in told if one[1] not in PAGES or one[0] == one[1]] == []


@pytest.mark.parametrize("name", [name for name in PAGES if parted(PAGES[name])[0].rules])
def test_a_page_about_a_fault_says_how_it_shows_how_to_confirm_and_what_to_do(name: str) -> None:
    headings = " ".join(re.findall(r"^## (.*)$", PAGES[name], re.MULTILINE))
    for part in PARTS["zh" if ".zh." in name else "en"]:
        assert re.search(part, headings), (name, part)


def test_no_two_pages_have_a_paragraph_in_common() -> None:
    seen: dict[tuple[str, str], str] = {}
    for name, text in PAGES.items():
        for line in text.splitlines():
            if len(line) > 60 and not line.startswith(("rules:", "MIDWATCH_")):
                assert seen.setdefault((name[-5:-3], line), name) == name, line


def test_pages_name_commands_that_exist() -> None:
    commands = typer.main.get_command(whole()).commands  # pyright: ignore[reportAttributeAccessIssue]
    told = {word for text in PAGES.values() for word in re.findall(r"`midwatch ([a-z]+)", text)}
    assert told <= set(commands)


def test_each_way_of_saying_stands_for_one_concept() -> None:
    text = (ROOT / "knowledge_base/concepts.toml").read_text("utf-8")
    ways = [way.lower() for told in tomllib.loads(text)["concepts"].values() for way in told]
    assert len(ways) == len(set(ways))
    assert len(lexicon().chinese) > 300


@pytest.mark.parametrize(
    ("name", "step", "at_1", "at_5"),
    [("retrieval-runbooks", 1, 0.93, 0.99), ("retrieval-zh", 32, 0.96, 0.99)],
)
def test_public_questions_find_their_pages(name: str, step: int, at_1: float, at_5: float) -> None:
    """Measured where the data is at hand; elsewhere the shipped pages are the whole test."""
    if not (DATA / name).is_dir():
        return
    index = LocalIndex(None)
    ingest(index, found_in(DATA / name / "pages"), embedder=bundled())
    queries = json.loads((DATA / name / "queries.json").read_text())[::step]
    first = five = 0
    for query in queries:
        hits = asked(query["query"], index)
        docs = list(dict.fromkeys(hit.passage.doc.removesuffix(".md") for hit in hits))[:5]
        first += docs[:1] == [query["gold"]]
        five += query["gold"] in docs
    assert first / len(queries) >= at_1
    assert five / len(queries) >= at_5


@pytest.mark.parametrize(
    ("question", "page"),
    [
        ("OOM 的处理手册", "oom-killed"),
        ("oom runbook", "oom-killed"),
        ("crashloop handbook", "crash-loop"),
        ("DNS 手册", "dns-failures"),
        ("HPA 预案", "hpa-no-metrics"),
        ("oom", "oom-killed"),
        ("disk full", "node-disk-pressure"),
        ("磁盘满的处理手册", "node-disk-pressure"),
    ],
)
def test_a_page_asked_for_by_a_word_or_two_is_found(question: str, page: str) -> None:
    language = "zh" if is_chinese(question) else "en"
    hits = asked(question)
    assert hits[0].passage.doc == f"runbooks/{page}.{language}.md"
    assert answers(hits, MEASURED, of_a_subject=bool(subject_of(question)))


@pytest.mark.parametrize(
    ("question", "page"),
    [
        ("how do i add a runbook", "midwatch-knowledge"),
        ("怎么添加手册", "midwatch-knowledge"),
        ("how do i silence an alert in midwatch", "midwatch-silences"),
        ("怎么在 midwatch 里静默一条告警", "midwatch-silences"),
        ("how do i turn off a channel", "midwatch-channels"),
        ("怎么关闭渠道", "midwatch-channels"),
    ],
)
def test_help_with_midwatch_itself_is_found(question: str, page: str) -> None:
    language = "zh" if is_chinese(question) else "en"
    hits = asked(question)
    assert hits[0].passage.doc == f"runbooks/{page}.{language}.md"
    assert answers(hits, MEASURED)


@pytest.mark.parametrize("question", ["咖啡机手册", "vacation runbook", "payroll approval runbook"])
def test_a_page_on_what_nobody_wrote_about_is_not_made_up(question: str) -> None:
    assert subject_of(question)
    assert not answers(asked(question), MEASURED, of_a_subject=True)


@pytest.mark.parametrize("question", ["how do I add a runbook", "怎么更新手册", "why is DNS slow"])
def test_what_is_asked_about_pages_themselves_has_no_subject_apart_from_them(question: str) -> None:
    assert not subject_of(question)
