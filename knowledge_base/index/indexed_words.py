"""A document → the words it is found by, the same in every index."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from knowledge_base.chunking import Document, Passage
from knowledge_base.concepts import concepts
from knowledge_base.index import Asked
from knowledge_base.segmentation import words

# A word in the title says more of a passage than one in its text.
WEIGHTS = {"title": 2.0, "heading": 1.5, "text": 1.0, "concepts": 0.7}
# What every question holds finds nothing and costs most: such a word is left to the ranking.
COMMON_SHARE, MANY_PASSAGES = 0.4, 1_000

_JOINT = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True)
class Indexed:
    """The words of each field of a passage, separated by spaces."""

    title: str
    heading: str
    text: str
    concepts: str


def indexed(passage: Passage) -> Indexed:
    names = "\n".join((passage.title, *passage.asked))
    said = f"{names}\n{passage.heading}\n{passage.text}"
    return Indexed(
        *(" ".join(words(text)) for text in (names, passage.heading, passage.text)),
        concepts=" ".join(concepts(said).concepts),
    )


def telling(asked: Asked, held: Mapping[str, int], total: int) -> list[str]:
    """The words to look for: those that some of the `total` passages hold and not nearly all do."""
    words = [word for word in (*asked.words, *asked.concepts) if held[word]]
    if total < MANY_PASSAGES:
        return words
    return [word for word in words if held[word] <= COMMON_SHARE * total] or words


def embedded_text(passage: Passage) -> str:
    """What the vector of a passage is made of."""
    return spaced(f"{passage.title}\n{passage.heading}\n{passage.text}")


def names_of(document: Document) -> Sequence[str]:
    """What the vectors of the names of a page are made of: its title, and how people ask for it."""
    return [spaced(name) for name in (document.title, *document.about.asked)]


def spaced(text: str) -> str:
    """Names in parts, as the model knows words: CrashLoopBackOff → Crash Loop Back Off."""
    return _JOINT.sub(" ", text)
