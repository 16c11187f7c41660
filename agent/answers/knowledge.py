"""Hits of the knowledge base told: the best passage, and where to read on."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.answers.disagreement import disagreements
from agent.answers.markdown import bullets, joined, plain, section
from agent.asked import Asked
from agent.intents import language_of
from agent.planning_knowledge import FINDINGS, SEARCH, rules_of
from agent.toolbox import Result
from agent.wording import phrase

SNIPPETS_SHOWN = 3
FINDINGS_SHOWN = 5
Hit = Mapping[str, Any]

# A word of a question that its answer has to contain: an acronym, or a name of several words in one.
TERM = re.compile(r"\b(?:[A-Z]{2,}|[A-Z][a-z]+(?:[A-Z][a-z]+)+)\b")

_VERSION = re.compile(r"\.(?:en|zh)(?=\.\w+$)")


def told_knowledge(asked: Asked, results: Sequence[Result]) -> str:
    """What the pages say, and what of it is wrong right now."""
    searched = next(one for one in reversed(results) if one.tool == SEARCH)
    live = [one for one in results if one.tool == FINDINGS and one.ok]
    return joined([told_hits(asked, searched), *(_now(asked, searched, one) for one in live)])


def told_draft(asked: Asked, result: Result) -> str:
    """The draft as a file, so that it can be copied as it is."""
    kind = phrase(f"knowledge.{result.data['kind']}", asked.language)
    mark = f" [{result.whole}]" if result.whole else ""
    head = phrase(
        "knowledge.drafted", asked.language, kind=kind, incident=result.data["incident_id"]
    )
    name = str(result.data["name"]).rpartition("/")[2]
    add = phrase("knowledge.add_draft", asked.language, name=name)
    return joined([head + mark, f"~~~~markdown\n{str(result.data['markdown']).strip()}\n~~~~", add])


def _now(asked: Asked, searched: Result, found: Result) -> str:
    """Findings that the pages are about; all kinds of trouble are not the answer to this question."""
    rules = rules_of(searched)
    told = [one for one in found.data.get("findings") or () if one["rule"] in rules]
    lines = [f"{plain(one['title'], 200)}{_marks(one, found)}" for one in told[:FINDINGS_SHOWN]]
    if not lines:
        return ""
    more = phrase("knowledge.ask_why", asked.language, name=told[0]["resource"]["name"])
    return joined([section(phrase("knowledge.now", asked.language), bullets(lines)), more])


def _marks(finding: Mapping[str, Any], found: Result) -> str:
    numbers = [found.numbers.get(str(one["id"])) for one in finding["evidence"][:2]]
    return "".join(f" [{n}]" for n in numbers if n)


def told_hits(asked: Asked, result: Result) -> str:
    hits: list[Hit] = list(result.data.get("hits") or [])
    if not hits or not result.data.get("relevant", True):
        return _nothing(asked, result, hits)
    shown = _in_language(hits, asked)[:SNIPPETS_SHOWN]
    key = "found" if _speaks_of_it(shown, asked) else "near"
    told = [phrase(f"knowledge.{key}", asked.language)]
    if not _is_in_language(shown[0], asked):
        told.append(phrase("knowledge.other_language", asked.language))
    told += [_told(hit, result) for hit in shown]
    told.append(_disagreeing(asked, result, shown))
    return joined([*told, *_missing(asked, result)])


def left_unsaid(asked: Asked, results: Sequence[Result], spoken: str) -> str:
    """What the last search had to do without and an answer does not say, told by rule.

    A model that was told so may keep it to itself, and its answer would be taken for one from all pages.
    """
    searched = [one for one in results if one.ok and one.tool == SEARCH]
    told = _missing(asked, searched[-1]) if searched else []
    return joined([one for one in told if one not in spoken])


def _missing(asked: Asked, result: Result) -> list[str]:
    """What could not be used for the search, so that nobody takes the answer for the whole one."""
    keys = {"words_alone": "missing", "left_out": "left_out"}
    told = {key: _in_words(asked, result, field) for key, field in keys.items()}
    return [
        phrase(f"knowledge.{key}", asked.language, reason=plain(str(reason), 300))
        for key, reason in told.items()
        if reason
    ]


def _in_words(asked: Asked, result: Result, field: str) -> str:
    """Why, in the language of the question where it is known."""
    by_language: Mapping[str, str] = result.data.get(f"{field}_in") or {}
    return by_language.get(asked.language) or str(result.data.get(field) or "")


def _disagreeing(asked: Asked, result: Result, shown: Sequence[Hit]) -> str:
    """Where pages say the same thing with other figures; a person must know which one holds."""
    lines = [
        phrase(
            "knowledge.against", asked.language,
            says=plain(one.says, 200) + _mark(shown[one.first], result),
            against=plain(one.against, 200) + _mark(shown[one.second], result),
        )
        for one in disagreements([str(hit["snippet"]) for hit in shown])
        if shown[one.first]["doc"] != shown[one.second]["doc"]
    ]  # fmt: skip
    return section(phrase("knowledge.disagree", asked.language), bullets(lines)) if lines else ""


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
    """The hits in the language of the question, and those of pages that are there in another one alone."""
    own = {_page(hit) for hit in hits if _is_in_language(hit, asked)}
    kept = [
        hit
        for hit in hits
        if _is_in_language(hit, asked)
        or (_page(hit) not in own and not _VERSION.search(str(hit["doc"])))
    ]
    return kept or list(hits)


def _is_in_language(hit: Hit, asked: Asked) -> bool:
    return language_of(str(hit["snippet"])) == asked.language


def _page(hit: Hit) -> str:
    """The name of a document, the same in each language that it is there in."""
    return _VERSION.sub("", str(hit["doc"]))


def _speaks_of_it(hits: Sequence[Hit], asked: Asked) -> bool:
    terms = [term.lower() for term in TERM.findall(asked.question)]
    text = " ".join(f"{hit['title']} {hit['snippet']}" for hit in hits).lower()
    return not terms or any(term in text for term in terms)


def _mark(hit: Hit, result: Result) -> str:
    n = result.numbers.get(str(hit.get("id", "")))
    return f" [{n}]" if n else ""


def _told(hit: Hit, result: Result) -> str:
    mark = _mark(hit, result)
    titles = [plain(hit[key], 120) for key in ("title", "heading") if hit.get(key)]
    head = " › ".join(dict.fromkeys(titles)) or plain(hit["doc"])
    quoted = "\n".join(f"> {line}" for line in str(hit["snippet"]).strip().splitlines())
    return f"**{head}**{mark}\n\n{quoted}"
