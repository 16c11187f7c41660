"""Pure: the order in which SQLite gives passages by their words, for an index that has another one."""

import math
from collections.abc import Mapping, Sequence

from knowledge_base.index import Candidate
from knowledge_base.index.indexed_words import WEIGHTS, counted, parted

# Those of FTS5's bm25(), and the least that it takes a word for.
K1, B, LEAST_RARITY = 1.2, 0.75, 1e-6
TITLE, HEADING, TEXT, CONCEPTS = WEIGHTS.values()


def best_by_words(
    candidates: Sequence[Candidate],
    words: Sequence[str],
    holding: Mapping[str, int],
    *,
    passages: int,
    mean_length: float,
    limit: int,
) -> list[Candidate]:
    """The `limit` best, the best first. `mean_length` is that of all `passages`, in words."""
    rarity = {
        word: max(math.log((passages - held + 0.5) / (held + 0.5)), LEAST_RARITY)
        for word in words
        if (held := holding[word])
    }
    scores = [_score(one, rarity, mean_length) for one in candidates]
    order = sorted(range(len(candidates)), key=lambda n: -scores[n])
    return [candidates[n] for n in order[:limit]]


def _score(one: Candidate, rarity: Mapping[str, float], mean_length: float) -> float:
    fields = [one.title, one.heading, one.text, one.concepts]
    length = sum(told.count(" ") + 1 for told in fields if told) / mean_length
    spread = K1 * (1 - B + B * length)
    title, heading = counted(one.title), counted(one.heading)
    text, concepts = parted(one.text), parted(one.concepts)
    score = 0.0
    for word, rare in rarity.items():
        alone = f" {word} "
        often = TEXT * text.count(alone) + CONCEPTS * concepts.count(alone)
        often += TITLE * title[word] + HEADING * heading[word]
        if often:
            score += rare * often * (K1 + 1) / (often + spread)
    return score
