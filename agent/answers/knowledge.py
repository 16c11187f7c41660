"""Hits of the knowledge base told: the best passage, and where to read on."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.answers.markdown import joined, plain
from agent.asked import Asked
from agent.intents import language_of
from agent.toolbox import Result
from agent.wording import phrase

SNIPPETS_SHOWN = 3
Hit = Mapping[str, Any]

# A word of a question that its answer has to contain: an acronym, or a name of several words in one.
TERM = re.compile(r"\b(?:[A-Z]{2,}|[A-Z][a-z]+(?:[A-Z][a-z]+)+)\b")


def told_hits(asked: Asked, result: Result) -> str:
    hits: list[Hit] = list(result.data.get("hits") or [])
    if not hits or not result.data.get("relevant", True):
        return _nothing(asked, result, hits)
    shown = _in_language(hits, asked)[:SNIPPETS_SHOWN]
    key = "found" if _speaks_of_it(shown, asked) else "near"
    told = [phrase(f"knowledge.{key}", asked.language)]
    if language_of(str(shown[0]["snippet"])) != asked.language:
        told.append(phrase("knowledge.other_language", asked.language))
    told += [_told(hit, result) for hit in shown]
    return joined([*told, *_missing(asked, result)])


def _missing(asked: Asked, result: Result) -> list[str]:
    """What could not be used for the search, so that nobody takes the answer for the whole one."""
    told = {"words_alone": result.data.get("missing"), "left_out": result.data.get("left_out")}
    return [
        phrase(f"knowledge.{key}", asked.language, reason=plain(str(reason), 300))
        for key, reason in told.items()
        if reason
    ]


def _nothing(asked: Asked, result: Result, hits: Sequence[Hit]) -> str:
    """That no page is about it, how many were searched, and the titles that come nearest."""
    documents = int(result.data.get("documents") or 0)
    told = [phrase("knowledge.none", asked.language, documents=str(documents))]
    titles = dict.fromkeys(plain(hit["title"], 120) for hit in _in_language(hits, asked))
    if titles:
        near = list(titles)[:SNIPPETS_SHOWN]
        told.append(phrase("knowledge.nearest", asked.language, titles="; ".join(near)))
    return joined([*told, *_missing(asked, result)])


def _in_language(hits: Sequence[Hit], asked: Asked) -> list[Hit]:
    """The hits a reader of the question can read; all of them when there are none."""
    own = [hit for hit in hits if language_of(str(hit["snippet"])) == asked.language]
    return own or list(hits)


def _speaks_of_it(hits: Sequence[Hit], asked: Asked) -> bool:
    terms = [term.lower() for term in TERM.findall(asked.question)]
    text = " ".join(f"{hit['title']} {hit['snippet']}" for hit in hits).lower()
    return not terms or any(term in text for term in terms)


def _told(hit: Hit, result: Result) -> str:
    n = result.numbers.get(str(hit.get("id", "")))
    mark = f" [{n}]" if n else ""
    titles = [plain(hit[key], 120) for key in ("title", "heading") if hit.get(key)]
    head = " › ".join(dict.fromkeys(titles)) or plain(hit["doc"])
    quoted = "\n".join(f"> {line}" for line in str(hit["snippet"]).strip().splitlines())
    return f"**{head}**{mark}\n\n{quoted}"
