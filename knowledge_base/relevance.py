"""Pure: do the best hits answer the question, or do they only share words with it?"""

from collections.abc import Sequence

from knowledge_base.ranking import Hit

# Measured on questions that the shipped pages answer and questions that none does
# (docs/knowledge-base.md). One rare word in common is chance, one and a half are not.
MIN_STRENGTH = 1.43
# Questions about something else share one concept with a page ("the vacation policy"), not two.
MIN_CONCEPTS = 2
# In a small base no word is rare: there it counts how much of the question is on the page.
MIN_COVERAGE = 0.5
LOOKED_AT = 3


def answers(hits: Sequence[Hit]) -> bool:
    """Whether any of the first hits is about what was asked."""
    return any(_answers(hit) for hit in hits[:LOOKED_AT])


def _answers(hit: Hit) -> bool:
    return (
        hit.strength >= MIN_STRENGTH or hit.concepts >= MIN_CONCEPTS or hit.coverage >= MIN_COVERAGE
    )
