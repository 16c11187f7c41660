"""Pure: a page that is there in two languages is one page, found by what both say of it."""

import re
from collections.abc import Sequence
from dataclasses import replace

from knowledge_base.hits import Hit

# "drain.en.md" and "drain.zh.md" are one page.
_LANGUAGE = re.compile(r"\.(?:en|zh)(?=\.[a-z]+$)")
SIGNS = ("coverage", "strength", "concepts", "nearness", "title_nearness", "name_nearness", "named")


def in_one_language(hits: Sequence[Hit], language: str) -> list[Hit]:
    """Pages that were found in this language and in another one stand there in this one alone, as high
    as either; the best passage of each says how near both are. Other hits stay as they are.

    A Chinese question is often nearer to the English text, by which the reader is then led to the Chinese one.
    """
    pages: dict[str, list[Hit]] = {}
    for hit in hits:
        pages.setdefault(_LANGUAGE.sub("", hit.passage.doc), []).append(hit)
    return [one for page in pages.values() for one in _in(page, language)]


def _in(page: Sequence[Hit], language: str) -> list[Hit]:
    own = [one for one in page if one.passage.language == language]
    others = [one for one in page if one.passage.language != language]
    if not own or not others:
        return list(page)
    best, translated = max(own, key=_score), max(others, key=_score)
    raised = max(translated.score / best.score, 1.0)
    signs = {name: max(getattr(best, name), getattr(translated, name)) for name in SIGNS}
    return [replace(one, score=one.score * raised, **(signs if one is best else {})) for one in own]


def _score(hit: Hit) -> float:
    return hit.score
