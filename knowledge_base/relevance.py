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

from knowledge_base.hits import Hit

LOOKED_AT = 3
# Of the seen questions, 95 in 100 others are refused from here, and 98 in 100 own ones are not.
LIKELY = 0.72
# A subject of a word or two gives few signs. Where a passage holds all of it, this is enough: what is
# strange to all pages comes to .1 and less.
LIKELY_OF_A_SUBJECT = 0.45
ALL_OF_IT = 0.99
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


BY_WORDS = Signs(-5.53, strength=1.48, coverage=-0.46, named=2.14, known=3.32, strange=-4.22)
BY_MEANING = Signs(
    -6.78, strength=1.18, coverage=-0.23, named=1.58, known=3.06, nearness=3.24,
    title_nearness=4.28, strange=-4.13,
)  # fmt: skip


def answers(hits: Sequence[Hit], embedder: str = "", *, of_a_subject: bool = False) -> bool:
    """Whether the first hits are about what was asked; `of_a_subject`: a page on that was asked for, and no more."""
    told = signs_of(hits)
    whole = of_a_subject and told["coverage"] > ALL_OF_IT and told["strange"] == 0
    return likelihood(hits, embedder) > (LIKELY_OF_A_SUBJECT if whole else LIKELY)


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
