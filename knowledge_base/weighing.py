"""Pure: how much of what was asked each passage holds, for all of them at once."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from knowledge_base.concepts import concepts
from knowledge_base.index import Asked, Candidate, Found
from knowledge_base.index.occurrences import Fields, numbered, occurrences
from knowledge_base.segmentation import asked_words, words

Numbers = npt.NDArray[np.float64]

# Okapi BM25; a little flatter than usual, for passages are of about one length: that of so many words.
K1, B, USUAL_LENGTH = 0.9, 0.6, 120.0
# In a base of fewer passages a word is as rare as it would be among so many: there is no telling.
FEW_PASSAGES = 200
# Names of pages that were candidates lately.
KEPT = 8_192
# How rare a word of a name is that the question lacks, as a share of the rarest.
OTHERWISE = 0.5
# The fields of a passage, in their order.
TITLE, HEADING, TEXT, CONCEPTS = range(4)

Names = tuple[str, ...]


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


@dataclass(frozen=True, slots=True)
class Weighed:
    """A number a passage of each: see `Hit`, whose fields are named alike."""

    score: Numbers
    coverage: Numbers
    concepts: Numbers
    named: Numbers


class Chances:
    """What a question asks for, and how rare that is in a base. `rarest`: of a word that no passage holds."""

    def __init__(self, found: Found, asked: Asked, weights: Weights) -> None:
        self._weights = weights
        passages = max(found.passages, FEW_PASSAGES)
        rarity = _rarity(found.holding, passages)
        self.rarest = math.log(1 + (passages + 0.5) / 0.5)
        self._words, self._concepts = list(asked.words), list(asked.concepts)
        self._said = list(dict.fromkeys((*asked.others, *asked.concepts)))
        others = frozenset(asked.others)
        self._worth = np.array([
            *(rarity[one] for one in self._words),
            *(weights.concepts * rarity[one] for one in self._concepts),
        ])  # fmt: skip
        self._holds = np.array([
            *(rarity[one] if one in others else 0.0 for one in self._words),
            *(rarity[one] for one in self._concepts),
        ])  # fmt: skip
        self._said_worth = np.array([rarity[one] for one in self._said])
        self._whole = float(self._said_worth.sum()) or 1.0
        self.known = sum(found.holding[one] > 0 for one in self._said) / (len(self._said) or 1)

    def weighed(self, candidates: Sequence[Candidate]) -> Weighed:
        """BM25 over the fields of each passage, and how much of what was asked it holds."""
        times = self._times(candidates)
        lengths = np.array([max(one.words.sizes[TEXT], 1) for one in candidates])
        length = B * lengths / USUAL_LENGTH + 1 - B
        gained = times * (K1 + 1) / (times + K1 * length[:, None])
        held = times > 0
        return Weighed(
            gained @ self._worth,
            held @ self._holds / self._whole,
            held[:, len(self._words) :].sum(axis=1),
            self._named(candidates),
        )

    def _times(self, candidates: Sequence[Candidate]) -> Numbers:
        """How often each word and each concept counts: passages × (words, then concepts)."""
        asked = list(dict.fromkeys((*self._words, *self._concepts)))
        columns = [asked.index(one) for one in (*self._words, *self._concepts)]
        often = occurrences([one.words for one in candidates], asked)[:, :, columns]
        ways, page = _distinct([one.about.asked for one in candidates])
        asked_for = occurrences([asked_for_by(one) for one in ways], asked)[page][:, 0, columns]
        cut = len(self._words)
        in_name = (often[:, TITLE, :cut] > 0) | (asked_for[:, :cut] > 0)
        times = often[:, TEXT, :cut] + self._weights.title * in_name
        times += self._weights.heading * (often[:, HEADING, :cut] > 0)
        return np.concatenate((times, often[:, CONCEPTS, cut:] + asked_for[:, cut:]), axis=1)

    def _named(self, candidates: Sequence[Candidate]) -> Numbers:
        """The best of the names of a page: 1 when it says what the question says and no more."""
        pages, page = _distinct([(one.passage.title, *one.about.asked) for one in candidates])
        names = [said_by(name) for told in pages for name in told]
        shared = occurrences(names, self._said)[:, 0, :]
        worth = shared @ self._said_worth
        # How rare the other words of the name are was not asked of the index.
        others = np.array([one.sizes[0] for one in names]) - shared.sum(axis=1)
        whole = np.sqrt((worth + OTHERWISE * self.rarest * others) * self._whole)
        likeness = np.divide(worth, whole, out=np.zeros(len(names)), where=worth > 0)
        first = np.cumsum([0, *(len(told) for told in pages[:-1])])
        return np.maximum.reduceat(likeness, first)[page]


def _distinct(told: Sequence[Names]) -> tuple[list[Names], npt.NDArray[np.int64]]:
    """Each once, and which of them each was: a page has several passages."""
    place = {one: n for n, one in enumerate(dict.fromkeys(told))}
    return list(place), np.array([place[one] for one in told], np.int64)


@lru_cache(maxsize=KEPT)
def asked_for_by(asked: Names) -> Fields:
    """The words and the concepts of all ways to ask for a page. An index has them at one passage alone."""
    told = "\n".join(asked)
    return Fields.of(" ".join((*words(told), *concepts(told).concepts)))


@lru_cache(maxsize=KEPT)
def said_by(name: str) -> Fields:
    """The concepts of a name, and its words that no concept covers, each once."""
    told = concepts(name)
    said = numbered(list(dict.fromkeys((*told.concepts, *asked_words(told.rest)))))
    return Fields(said, (len(said),))


def _rarity(holding: Mapping[str, int], passages: int) -> dict[str, float]:
    """The inverse document frequency of BM25: a word that every passage holds says nothing."""
    return {
        word: math.log(1 + (passages - held + 0.5) / (held + 0.5)) for word, held in holding.items()
    }
