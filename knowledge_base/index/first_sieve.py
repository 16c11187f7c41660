"""Pure: the order in which SQLite gives passages by their words, for an index that has another one."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from knowledge_base.index.indexed_words import WEIGHTS
from knowledge_base.index.occurrences import Fields, occurrences

# Those of FTS5's bm25(), and the least that it takes a word for.
K1, B, LEAST_RARITY = 1.2, 0.75, 1e-6


def best_by_words(
    passages: Sequence[Fields],
    words: Sequence[str],
    holding: Mapping[str, int],
    *,
    total: int,
    mean_length: float,
    limit: int,
) -> list[int]:
    """The places of the `limit` best, the best first. `mean_length` is that of all `total` passages, in words."""
    rarity = {
        word: max(math.log((total - held + 0.5) / (held + 0.5)), LEAST_RARITY)
        for word in words
        if (held := holding[word])
    }
    if not passages or not rarity:
        return list(range(len(passages)))[:limit]
    weights = np.array(list(WEIGHTS.values()))
    often = np.einsum("pfw,f->pw", occurrences(passages, list(rarity)), weights)
    length = np.array([sum(one.sizes) for one in passages]) / mean_length
    spread = K1 * (1 - B + B * length)[:, None]
    scores = often * (K1 + 1) / (often + spread) @ np.array(list(rarity.values()))
    order = np.argsort(-scores, kind="stable")
    return [int(place) for place in order[:limit]]
