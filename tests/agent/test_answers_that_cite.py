"""Answers of the knowledge base: what goes on in a thread, where pages disagree, what is drafted."""

from typing import Any

import pytest

from agent.answers.disagreement import disagreements
from agent.answers.knowledge import told_hits
from agent.asked import Asked
from agent.intents import Language, read
from agent.planning_knowledge import knowledge, query_of
from agent.toolbox import OK, Result


@pytest.mark.parametrize(
    ("earlier", "said", "query"),
    [
        (
            "How do I fix ImagePullBackOff?",
            "and for a private registry?",
            "How do I fix ImagePullBackOff? and for a private registry?",
        ),
        ("镜像拉取失败怎么处理", "那私有仓库呢？", "镜像拉取失败怎么处理 那私有仓库呢？"),
        ("How do I drain a node?", "How do I add a model?", "How do I add a model?"),
        ("", "and for a private registry?", "and for a private registry?"),
    ],
)
def test_half_a_question_is_searched_with_the_one_before_it(
    earlier: str, said: str, query: str
) -> None:
    assert query_of(Asked(said, "how_to", "en", earlier=earlier)) == query


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Wait 10 minutes before you drain the next node.", "- Wait 30 minutes before you drain the next node."),
        ("Always restart the primary database first.", "Do not always restart the primary database first."),
        ("重启之前等待 5 分钟再检查连接数", "重启之前等待 30 分钟再检查连接数"),
    ],
)  # fmt: skip
def test_two_pages_that_say_the_same_thing_otherwise_are_told_apart(one: str, other: str) -> None:
    [found] = disagreements([f"Before.\n{one}", other])
    assert (found.first, found.second) == (0, 1)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Wait 10 minutes before you drain the next node.", "Wait 10 minutes before you drain the next node."),
        ("Raise the limit to 512Mi.", "The queue holds 30 messages at most."),
        ("1. Drain the node that is next", "2. Drain the node that is next"),
    ],
)  # fmt: skip
def test_what_agrees_or_is_about_something_else_is_no_disagreement(one: str, other: str) -> None:
    assert disagreements([one, other]) == []


@pytest.mark.parametrize(
    ("question", "kind", "incident"),
    [
        ("Draft a postmortem for incident inc-0a1b2c3d4e5f", "postmortem", "inc-0a1b2c3d4e5f"),
        ("Write a runbook from the last incident", "runbook", ""),
        ("帮我起草一份上一次故障的复盘", "postmortem", ""),
    ],
)
def test_a_page_is_drafted_from_an_incident(question: str, kind: str, incident: str) -> None:
    route = read(question)
    assert (route.subagent, route.intent) == ("rag", "draft")
    [step] = knowledge(Asked(question, route.intent, route.language), [])
    assert step.tool == "rca_draft_page"
    assert (step.arguments["kind"], step.arguments["incident_id"]) == (kind, incident)


@pytest.mark.parametrize(
    "question", ["Show me the postmortem of the payment outage", "复盘文档在哪里"]
)
def test_a_page_that_is_there_is_searched(question: str) -> None:
    assert (read(question).subagent, read(question).intent != "draft") == ("rag", True)


@pytest.mark.parametrize(
    ("language", "why"), [("zh", "Redis 中的索引没有响应。"), ("en", "No answer.")]
)
def test_why_something_was_left_out_is_said_in_the_language_of_the_question(
    language: Language, why: str
) -> None:
    texts = {"zh": "Redis 中的索引没有响应。"}
    data: dict[str, Any] = {
        "hits": [],
        "documents": 3,
        "left_out": "No answer.",
        "left_out_in": texts,
    }
    result = Result("knowledge_search", {}, OK, "", data)
    question = {"zh": "怎么喂海象", "en": "how to feed a walrus"}[language]
    assert why in told_hits(Asked(question, "how_to", language), result)


def hit(doc: str, snippet: str) -> dict[str, Any]:
    return {"doc": doc, "title": doc, "heading": "", "snippet": snippet}


def test_of_a_page_in_two_languages_that_of_the_question_is_told_and_of_one_in_one_that_one() -> (
    None
):
    english, chinese = "Empty the node first.", "先腾空节点。"
    hits = [
        hit("house.md", english),
        hit("runbooks/drain.en.md", english),
        hit("runbooks/drain.zh.md", chinese),
        hit("late.md", english),
    ]
    result = Result("knowledge_search", {}, OK, "", {"hits": hits, "relevant": True})
    told = told_hits(Asked("怎么腾空节点", "how_to", "zh"), result)
    assert [one for one in ("house", "drain.en", "drain.zh", "late") if one in told] == [
        "house",
        "drain.zh",
        "late",
    ]
