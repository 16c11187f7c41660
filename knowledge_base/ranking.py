"""Pure: what was found → what is worth showing, and whether it answers at all."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np

from knowledge_base.chunking import Passage
from knowledge_base.general import with_general
from knowledge_base.hits import Hit
from knowledge_base.index import Asked, Candidate, Found
from knowledge_base.products import products_in
from knowledge_base.segmentation import is_chinese
from knowledge_base.translations import in_one_language
from knowledge_base.weighing import Chances, Numbers, Weighed, Weights

WEIGHTS = Weights()
# Headings of passages that were candidates lately.
KEPT = 8_192
# Further passages of one document say less that is new than the first of another.
PASSAGES_PER_DOCUMENT = 2
# What scores below this share of the best shares only a common word with the question.
FLOOR = 0.35
# Passages that share this much of their words say the same.
SAME_SHARE = 0.9
SHIPPED = "runbooks/"
# A passage with at least this share of the best of its page may stand before it.
NEAR, JUST_ABOVE = 0.6, 1.000_001
# Headings of what is to be done, and questions for something else.
_DOING = re.compile(r"(?i)what to do|how to fix|mitigat|remed|resol|solution|处理|解决|修复|处置")
_FINDING_OUT = re.compile(
    r"(?i)\b(?:confirm|check|verify|tell whether|mean|means|what is|symptoms?|afterwards)\b|确认|排查|什么意思|现象|是什么|验证"
)


def ranked(
    found: Found, asked: Asked, *, question: str, k: int, weights: Weights = WEIGHTS
) -> list[Hit]:
    """At most `k` hits, the best first, in the language of the question where there is a choice."""
    if not found.candidates:
        return []
    language = "zh" if is_chinese(question) else "en"
    hits = with_general(in_one_language(_hits(found, asked, language, weights), language))
    chosen = _chosen(hits if _FINDING_OUT.search(question) else _doing_first(hits), k)
    products = products_in(question)
    return [replace(one, strange=_strange(one, products)) for one in chosen] if products else chosen


def _hits(found: Found, asked: Asked, language: str, weights: Weights) -> list[Hit]:
    """Those that may be shown; a hit is made of them alone."""
    chances = Chances(found, asked, weights)
    told = chances.weighed(found.candidates)
    scores = _scores(found.candidates, told, language, weights)
    # What is to be done may be raised to the best of its page.
    shown = np.flatnonzero(scores >= scores.max() * FLOOR * NEAR).tolist()
    strength = told.score / chances.rarest
    return [
        Hit(
            one.passage,
            float(scores[n]),
            one.about,
            float(told.coverage[n]),
            float(strength[n]),
            int(told.concepts[n]),
            one.nearness,
            one.title_nearness,
            one.name_nearness,
            float(told.named[n]),
            chances.known,
        )
        for n, one in ((n, found.candidates[n]) for n in shown)
    ]


def _scores(
    candidates: Sequence[Candidate], told: Weighed, language: str, weights: Weights
) -> Numbers:
    """Words, meaning and names of each passage in one number."""
    in_chinese = np.array([one.passage.language == "zh" == language for one in candidates])
    by_text = np.where(in_chinese, weights.nearness_in_chinese, weights.nearness)
    by_name = np.where(in_chinese, weights.name_nearness_in_chinese, weights.name_nearness)
    near = _share(np.array([one.nearness for one in candidates]))
    name_near = _share(np.array([one.name_nearness for one in candidates]))
    most = told.score.max() or 1.0
    lexical = told.score + weights.others * (_of_pages(candidates, told.score) - told.score)
    preferred = np.array([_preference(one, language, weights) for one in candidates])
    return preferred * (
        lexical / most + by_text * near + by_name * name_near + weights.named * told.named
    )


def _share(near: Numbers) -> Numbers:
    """Of the nearest one; what is on the other side is not near at all."""
    return np.maximum(near, 0.0) / (max(near.max(), 0.0) or 1.0)


def _of_pages(candidates: Sequence[Candidate], scores: Numbers) -> Numbers:
    """For each passage, what all passages of its page score together."""
    place: dict[str, int] = {}
    pages = [place.setdefault(one.passage.doc, len(place)) for one in candidates]
    return np.asarray(np.bincount(pages, scores), np.float64)[pages]


def _strange(hit: Hit, named: frozenset[str]) -> float:
    told = "\n".join((hit.passage.title, hit.passage.heading, hit.passage.text, *hit.about.asked))
    return len(named - products_in(told)) / len(named)


def _doing_first(hits: Sequence[Hit]) -> list[Hit]:
    """What to do before the rest of a page; which page comes first stays as it is."""
    best: dict[str, float] = {}
    for hit in hits:
        best[hit.passage.doc] = max(hit.score, best.get(hit.passage.doc, 0.0))
    return [
        replace(hit, score=best[hit.passage.doc] * JUST_ABOVE)
        if hit.score >= NEAR * best[hit.passage.doc] and _is_doing(hit.passage.heading)
        else hit
        for hit in hits
    ]


@lru_cache(maxsize=KEPT)
def _is_doing(heading: str) -> bool:
    return bool(_DOING.search(heading))


def _preference(one: Candidate, language: str, weights: Weights) -> float:
    own = 1.0 if one.passage.doc.startswith(SHIPPED) else weights.own
    return own * (weights.language if one.passage.language == language else 1.0)


def _chosen(hits: Sequence[Hit], k: int) -> list[Hit]:
    best_first = sorted(hits, key=lambda hit: (-hit.score, hit.passage.doc, hit.passage.first_line))
    shown: Counter[str] = Counter()
    kept: list[Hit] = []
    for hit in best_first:
        if hit.score < FLOOR * best_first[0].score:
            break
        same = next((n for n, one in enumerate(kept) if _same(one.passage, hit.passage)), None)
        if same is not None:
            other = hit.passage.doc
            if other != kept[same].passage.doc and other not in kept[same].also_in:
                kept[same] = replace(kept[same], also_in=(*kept[same].also_in, other))
        elif len(kept) < k and shown[hit.passage.doc] < PASSAGES_PER_DOCUMENT:
            shown[hit.passage.doc] += 1
            kept.append(hit)
        elif len(kept) >= k:
            break
    return kept


def _same(one: Passage, other: Passage) -> bool:
    if one.language != other.language:
        return False
    first, second = set(one.text.split()), set(other.text.split())
    return len(first & second) >= SAME_SHARE * len(first | second)
