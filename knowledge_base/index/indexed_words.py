"""A document → the words it is found by, the same in every index."""

import re
from dataclasses import dataclass

from knowledge_base.chunking import Passage
from knowledge_base.concepts import concepts
from knowledge_base.segmentation import words

_JOINT = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True)
class Indexed:
    """The words of each field of a passage, separated by spaces."""

    title: str
    heading: str
    text: str
    concepts: str


def indexed(passage: Passage) -> Indexed:
    said = f"{passage.title}\n{passage.heading}\n{passage.text}"
    return Indexed(
        *(" ".join(words(text)) for text in (passage.title, passage.heading, passage.text)),
        concepts=" ".join(concepts(said).concepts),
    )


def embedded_text(passage: Passage) -> str:
    """What the vector of a passage is made of."""
    return spaced(f"{passage.title}\n{passage.heading}\n{passage.text}")


def spaced(text: str) -> str:
    """Names in parts, as the model knows words: CrashLoopBackOff → Crash Loop Back Off."""
    return _JOINT.sub(" ", text)
