"""A question → the best passages of an index."""

import re
from collections.abc import Callable
from dataclasses import replace

from knowledge_base.concepts import concepts
from knowledge_base.hits import Hit
from knowledge_base.index import EVERYTHING, INCIDENT_TAG, Asked, Index, Scope
from knowledge_base.index.indexed_words import spaced
from knowledge_base.ranking import ranked
from knowledge_base.relevance import answers
from knowledge_base.segmentation import asked_words
from knowledge_base.vectors import Embedder

# Ranking may prefer a passage that the words alone put far down.
CANDIDATES = 60
# Questions for what once happened.
_PAST = re.compile(
    r"(?i)\b(?:before|ago|last (?:time|week|month|night)|previous(?:ly)?|past|history|happened|ever|incidents?"
    r"|outages?|post-?mortems?|inc-[0-9a-f]+)\b|以前|之前|上次|上回|上周|上个?月|历史|曾经|发生过|出过|有过|事故|复盘"
)


# A page is asked for by its subject alone: what it would be is no part of that.
_PAGE = r"(?:run\s?books?|playbooks?|handbooks?|sops?|(?:的|处理|处置|操作|应急|排查|排障|故障)*(?:手册|预案))"
_PAGE_OF = re.compile(
    rf"(?i)(?<![a-z]){_PAGE}(?![a-z])(?=\W*$|\s(?:for|on|about|of)\b)|(?<![a-z]){_PAGE}(?=\W*(?:吗|呢|有吗|在哪里?)\W*$)"
)
_OF_PAGES = re.compile(
    r"(?i)\b(?:how|add|write|upload|import|edit|create|delete|draft|change|update)\b|怎么|如何|添?加|上传|导入|写|更新|删|起草|生成"
)


# So few words are a subject and nothing else: "oom", "disk full".
WORDS_OF_A_SUBJECT = 2
_HAN = re.compile("[\u4e00-\u9fff]")


def subject_of(question: str) -> str:
    """What a page is asked for about: "OOM" of "is there an OOM runbook", or of "oom" alone; "" for any other
    question."""
    if _OF_PAGES.search(question):
        return ""
    subject = _PAGE_OF.sub(" ", question)
    is_short = len(question.split()) <= WORDS_OF_A_SUBJECT and not _HAN.search(question)
    if not (is_short or subject != question):
        return ""
    return subject.strip(" ?.!") if asked_words(subject) else ""


def asked_of(question: str, embedder: Embedder | None = None, scope: Scope = EVERYTHING) -> Asked:
    """The question as an index takes it. Raises `UpstreamUnavailable` when the embedder is away."""
    question = subject_of(question) or question
    told = concepts(question)
    return Asked(
        asked_words(question),
        list(dict.fromkeys(told.concepts)),
        asked_words(told.rest),
        None if embedder is None else embedder.embed([spaced(question)])[0],
        scope,
    )


def search(
    index: Index,
    question: str,
    *,
    k: int,
    embedder: Embedder | None = None,
    scope: Scope = EVERYTHING,
) -> list[Hit]:
    """The best `k` passages that the scope allows, the best first.

    Faults that happen every week would leave no room for the page that says what to do about them: past
    incidents are searched for themselves, and the best one stands behind the pages. They are all found by
    who asks for the past, or for a tag.
    """
    asked = asked_of(question, embedder, scope)

    def found(scope: Scope, k: int) -> list[Hit]:
        among = replace(asked, scope=scope)
        return ranked(index.search(among, limit=CANDIDATES), among, question=question, k=k)

    if scope.tag or _PAST.search(question):
        return found(scope, k)
    return _beside(found, scope, k, "" if embedder is None else embedder.name)


def _beside(
    found: Callable[[Scope, int], list[Hit]], scope: Scope, k: int, embedder: str
) -> list[Hit]:
    pages = found(replace(scope, incidents=frozenset()), k)
    past = found(replace(scope, tag=INCIDENT_TAG), 1)
    if not answers(past, embedder):
        return pages
    if not answers(pages, embedder):
        return [*past, *pages][:k]
    behind = replace(past[0], score=min(past[0].score, pages[-1].score))
    return [*pages[: max(k - 1, 1)], behind][:k]
