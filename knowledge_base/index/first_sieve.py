"""Pure: the order in which SQLite gives passages by their words, for an index that has another one."""

import math
from collections.abc import Mapping, Sequence

from knowledge_base.index import Candidate
from knowledge_base.index.indexed_words import WEIGHTS

# Those of FTS5's bm25(), and the least that it takes a word for.
K1, B, LEAST_RARITY = 1.2, 0.75, 1e-6


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
    fields = [
        (weight, told.split())
        for weight, told in zip(
            WEIGHTS.values(), (one.title, one.heading, one.text, one.concepts), strict=True
        )
    ]
    length = sum(len(told) for _, told in fields) / mean_length
    times = dict.fromkeys(rarity, 0.0)
    for weight, told in fields:
        for word in rarity.keys() & told:
            times[word] += weight * told.count(word)
    spread = K1 * (1 - B + B * length)
    return sum(
        rarity[word] * often * (K1 + 1) / (often + spread) for word, often in times.items() if often
    )
