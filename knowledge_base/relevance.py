"""Pure: do the best hits answer the question, or do they only share words with it?

Each sign alone is fooled: a rare word may be shared by chance, two texts may be near and about other
things. They are weighed together by logistic regression, fitted on the questions of
`evals/retrieval/seen*.txt` against four bases: the shipped pages, these without their `asked`, and the
two public sets, each with questions that it answers and questions that it does not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge_base.ranking import Hit

LOOKED_AT = 3
# Cross-validated on those questions, 98 in 100 others are refused from here, and 99 in 100 own ones are not.
LIKELY = 0.6
# The embedder whose cosines were measured; those of another have another scale.
MEASURED = "use-multilingual-512"


@dataclass(frozen=True, slots=True)
class Signs:
    """What each sign counts for. A sum above zero: answered."""

    base: float
    strength: float
    coverage: float
    named: float
    known: float
    nearness: float = 0.0
    title_nearness: float = 0.0


BY_WORDS = Signs(-7.44, strength=1.83, coverage=1.18, named=4.56, known=2.70)
BY_MEANING = Signs(
    -9.40, strength=1.42, coverage=1.01, named=2.79, known=2.99, nearness=3.91, title_nearness=7.10
)


def answers(hits: Sequence[Hit], embedder: str = "") -> bool:
    """Whether the first hits are about what was asked."""
    return likelihood(hits, embedder) > LIKELY


def likelihood(hits: Sequence[Hit], embedder: str = "") -> float:
    """How likely it is that the first hits answer, 0 to 1; `embedder` made their vectors, if any."""
    first = hits[:LOOKED_AT]
    if not first:
        return 0.0
    signs = BY_MEANING if embedder == MEASURED else BY_WORDS
    weighed = signs.base + sum(
        weight * max(value)
        for weight, value in (
            (signs.strength, [hit.strength for hit in first]),
            (signs.coverage, [hit.coverage for hit in first]),
            (signs.named, [hit.named for hit in first]),
            (signs.known, [hit.known for hit in first]),
            (signs.nearness, [hit.nearness for hit in first]),
            (signs.title_nearness, [hit.title_nearness for hit in first]),
        )
    )
    return 1 / (1 + math.exp(-weighed))
