"""Pure: do the best hits answer the question, or do they only share words with it?

Each sign alone is fooled: a rare word may be shared by chance, two texts may be near and about other
things, and a question about a product of others may be worded like one about ours. They are weighed
together by logistic regression, fitted by `tools/fit_relevance.py` on the questions of
`evals/retrieval/seen*.txt` against four bases: the shipped pages, these without their `asked`, and the
two public sets, each with questions that it answers and questions that it does not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge_base.ranking import Hit

LOOKED_AT = 3
# Of the seen questions, 95 in 100 others are refused from here, and 98 in 100 own ones are not.
LIKELY = 0.65
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
    name_nearness: float = 0.0
    strange: float = 0.0


BY_WORDS = Signs(-5.40, strength=1.39, coverage=0.01, named=2.37, known=2.96, strange=-4.00)
BY_MEANING = Signs(
    -6.46, strength=1.16, coverage=0.26, named=1.77, known=2.74, nearness=2.64,
    title_nearness=3.51, strange=-3.85,
)  # fmt: skip


def answers(hits: Sequence[Hit], embedder: str = "") -> bool:
    """Whether the first hits are about what was asked."""
    return likelihood(hits, embedder) > LIKELY


def likelihood(hits: Sequence[Hit], embedder: str = "") -> float:
    """How likely it is that the first hits answer, 0 to 1; `embedder` made their vectors, if any."""
    first = hits[:LOOKED_AT]
    if not first:
        return 0.0
    weights = BY_MEANING if embedder == MEASURED else BY_WORDS
    told = signs_of(first)
    weighed = weights.base + sum(getattr(weights, name) * told[name] for name in told)
    return 1 / (1 + math.exp(-weighed))


def signs_of(hits: Sequence[Hit]) -> dict[str, float]:
    """The best of each sign among the first hits."""
    first = hits[:LOOKED_AT]
    return {
        "strength": max((hit.strength for hit in first), default=0.0),
        "coverage": max((hit.coverage for hit in first), default=0.0),
        "named": max((hit.named for hit in first), default=0.0),
        "known": max((hit.known for hit in first), default=0.0),
        "nearness": max((hit.nearness for hit in first), default=0.0),
        "title_nearness": max((hit.title_nearness for hit in first), default=0.0),
        "name_nearness": max((hit.name_nearness for hit in first), default=0.0),
        "strange": min((hit.strange for hit in first), default=0.0),
    }
