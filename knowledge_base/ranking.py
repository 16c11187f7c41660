"""Pure: what was found → what is worth showing, and whether it answers at all."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from knowledge_base.chunking import Passage
from knowledge_base.concepts import concepts
from knowledge_base.front_matter import About
from knowledge_base.index import Asked, Candidate, Found
from knowledge_base.index.indexed_words import counted, parted
from knowledge_base.products import products_in
from knowledge_base.segmentation import asked_words, is_chinese, words

NOTHING_SAID = About()


@dataclass(frozen=True, slots=True)
class Hit:
    """`score`: higher is better; only comparable within one search. `also_in`: pages that say the same."""

    passage: Passage
    score: float
    about: About = NOTHING_SAID
    coverage: float = 0.0  # share of what was asked that the passage holds, by rarity
    strength: float = 0.0  # its BM25 score, in words that no passage holds
    concepts: int = 0  # how many concepts of the question it speaks of
    nearness: float = 0.0  # cosine with the question; 0 without vectors
    title_nearness: float = 0.0  # the same of the title of its page
    name_nearness: float = 0.0  # the same of the nearest name of it
    named: float = 0.0  # how much of the question is a name of its page, and the reverse
    known: float = 0.0  # share of what was asked that any passage holds
    strange: float = 0.0  # share of the products that were named which it does not speak of
    also_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Weights:
    """What counts how much. Measured: docs/knowledge-base.md."""

    # A word in the title says more of a passage than one in its text.
    title: float = 3.5
    heading: float = 1.0
    concepts: float = 1.4  # a concept against a word
    # Beside the words, which count 1.
    nearness: float = 1.5
    # Pairs of characters find Chinese in Chinese so well that vectors add little.
    nearness_in_chinese: float = 0.8
    name_nearness: float = 1.0
    name_nearness_in_chinese: float = 0.25
    named: float = 1.0  # what the question shares with a name of the page
    others: float = 0.25  # further passages of a page: it speaks of it in several places
    language: float = 1.25  # the same page in the asker's language is the better answer
    own: float = 1.1  # a page of the house knows more of the house than a shipped one


WEIGHTS = Weights()
# Okapi BM25; a little flatter than usual, for passages are of about one length: that of so many words.
K1, B, USUAL_LENGTH = 0.9, 0.6, 120.0
# In a base of fewer passages a word is as rare as it would be among so many: there is no telling.
FEW_PASSAGES = 200
# Names and headings of passages that were candidates lately.
KEPT = 8_192
# How rare a word of a name is that the question lacks, as a share of the rarest.
OTHERWISE = 0.5
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
    chances = _Chances(found, asked, weights)
    lexical = [chances.words(one) for one in found.candidates]
    most = max((told.score for told in lexical), default=0.0) or 1.0
    nearest = max((one.nearness for one in found.candidates), default=0.0) or 1.0
    by_name = max((one.name_nearness for one in found.candidates), default=0.0) or 1.0
    sums: Counter[str] = Counter()
    for candidate, told in zip(found.candidates, lexical, strict=True):
        sums[candidate.passage.doc] += told.score  # pyright: ignore[reportArgumentType] - counts may be fractions
    preferred = "zh" if is_chinese(question) else "en"
    hits = [
        Hit(
            one.passage,
            _preference(one, preferred, weights)
            * (
                (told.score + weights.others * (sums[one.passage.doc] - told.score)) / most
                + _weight(one, preferred, weights) * max(one.nearness, 0.0) / nearest
                + _name_weight(one, preferred, weights) * max(one.name_nearness, 0.0) / by_name
                + weights.named * told.named
            ),
            one.about,
            told.coverage,
            told.score / chances.rarest,
            told.concepts,
            one.nearness,
            one.title_nearness,
            one.name_nearness,
            told.named,
            chances.known,
        )
        for one, told in zip(found.candidates, lexical, strict=True)
    ]
    chosen = _chosen(hits if _FINDING_OUT.search(question) else _doing_first(hits), k)
    products = products_in(question)
    return [replace(one, strange=_strange(one, products)) for one in chosen] if products else chosen


def _strange(hit: Hit, named: frozenset[str]) -> float:
    told = "\n".join((hit.passage.title, hit.passage.heading, hit.passage.text, *hit.about.asked))
    return len(named - products_in(told)) / len(named)


def _weight(one: Candidate, preferred: str, weights: Weights) -> float:
    return weights.nearness_in_chinese if _both_chinese(one, preferred) else weights.nearness


def _name_weight(one: Candidate, preferred: str, weights: Weights) -> float:
    in_chinese = _both_chinese(one, preferred)
    return weights.name_nearness_in_chinese if in_chinese else weights.name_nearness


def _both_chinese(one: Candidate, preferred: str) -> bool:
    return one.passage.language == "zh" == preferred


@lru_cache(maxsize=KEPT)
def asked_for_by(asked: tuple[str, ...]) -> str:
    """The words and the concepts of all ways to ask for a page. An index has them at one passage alone."""
    told = "\n".join(asked)
    return " ".join((*words(told), *concepts(told).concepts))


@lru_cache(maxsize=KEPT)
def said_by(name: str) -> frozenset[str]:
    """The concepts of a name, and its words that no concept covers."""
    told = concepts(name)
    return frozenset((*told.concepts, *asked_words(told.rest)))


@dataclass(frozen=True, slots=True)
class _Told:
    score: float
    coverage: float
    concepts: int
    named: float


class _Chances:
    """BM25 over the fields of a passage, and how much of what was asked it holds."""

    def __init__(self, found: Found, asked: Asked, weights: Weights) -> None:
        self._weights = weights
        passages = max(found.passages, FEW_PASSAGES)
        self._rarity = _rarity(found.holding, passages)
        self._words = [(word, f" {word} ") for word in asked.words]
        self._concepts = [(concept, f" {concept} ") for concept in asked.concepts]
        self._names: dict[tuple[str, ...], float] = {}
        self._others = frozenset(asked.others)
        self.rarest = math.log(1 + (passages + 0.5) / 0.5)
        self._said = frozenset((*asked.others, *asked.concepts))
        self._whole = sum(self._rarity[one] for one in self._said) or 1.0
        self.known = sum(found.holding[one] > 0 for one in self._said) / (len(self._said) or 1)

    def _named(self, one: Candidate) -> float:
        """The best of the names of a page: 1 when it says what the question says and no more."""
        names = (one.passage.title, *one.about.asked)
        if names not in self._names:  # one page has several passages
            self._names[names] = max(self._likeness(said_by(name)) for name in names)
        return self._names[names]

    def _likeness(self, name: frozenset[str]) -> float:
        shared = sum(self._rarity[word] for word in name & self._said)
        # How rare the other words of the name are was not asked of the index.
        whole = shared + OTHERWISE * self.rarest * len(name - self._said)
        return shared / math.sqrt(whole * self._whole) if shared else 0.0

    def words(self, one: Candidate) -> _Told:
        title, heading = counted(one.title), counted(one.heading)
        text, told = parted(one.text), parted(one.concepts)
        asked_for = counted(asked_for_by(one.about.asked))
        length = B * (one.text.count(" ") + 1) / USUAL_LENGTH + 1 - B
        score = held = 0.0
        shared = 0
        for word, alone in self._words:
            times = float(text.count(alone))
            if word in title or word in asked_for:
                times += self._weights.title
            if word in heading:
                times += self._weights.heading
            if times:
                score += self._rarity[word] * times * (K1 + 1) / (times + K1 * length)
                held += self._rarity[word] if word in self._others else 0.0
        for concept, alone in self._concepts:
            if times := told.count(alone) + asked_for[concept]:
                gained = self._rarity[concept] * times * (K1 + 1) / (times + K1 * length)
                score += self._weights.concepts * gained
                held += self._rarity[concept]
                shared += 1
        return _Told(score, held / self._whole, shared, self._named(one))


def _rarity(holding: Mapping[str, int], passages: int) -> dict[str, float]:
    """The inverse document frequency of BM25: a word that every passage holds says nothing."""
    return {
        word: math.log(1 + (passages - held + 0.5) / (held + 0.5)) for word, held in holding.items()
    }


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
