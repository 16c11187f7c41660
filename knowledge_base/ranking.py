"""Pure: what was found → what is worth showing."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from knowledge_base.chunking import Passage
from knowledge_base.segmentation import is_chinese


@dataclass(frozen=True, slots=True)
class Hit:
    """`score`: higher is better; only comparable within one search."""

    passage: Passage
    score: float


# Further passages of one document say less that is new than the first of another.
PASSAGES_PER_DOCUMENT = 2
# A page that speaks of it in several places is more likely the page about it.
SHARE_OF_OTHERS = 0.2
# The same page in the asker's language is the better answer.
LANGUAGE_BONUS = 1.5
# What scores below this share of the best shares only a common word with the question.
FLOOR = 0.3


def ranked(hits: Sequence[Hit], *, question: str, k: int) -> list[Hit]:
    """At most `k` hits, the best first, in the language of the question where there is a choice."""
    chinese = is_chinese(question)
    in_document: defaultdict[str, float] = defaultdict(float)
    for hit in hits:
        in_document[hit.passage.doc] += hit.score
    weighed = [
        replace(hit, score=_weighed(hit, in_document[hit.passage.doc], chinese)) for hit in hits
    ]
    best_first = sorted(weighed, key=lambda hit: hit.score, reverse=True)
    shown: Counter[str] = Counter()
    kept: list[Hit] = []
    for hit in best_first:
        if len(kept) == k or hit.score < FLOOR * best_first[0].score:
            break
        if shown[hit.passage.doc] < PASSAGES_PER_DOCUMENT:
            shown[hit.passage.doc] += 1
            kept.append(hit)
    return kept


def _weighed(hit: Hit, in_document: float, chinese: bool) -> float:
    score = hit.score + SHARE_OF_OTHERS * (in_document - hit.score)
    return score * LANGUAGE_BONUS if _reads(hit.passage) is chinese else score


def _reads(passage: Passage) -> bool:
    """Whether the passage is Chinese; code in it is not, so its title decides too."""
    return is_chinese(passage.title) or is_chinese(passage.text)
