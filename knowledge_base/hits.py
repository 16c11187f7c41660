"""What a search shows, with the signs by which it is told whether that answers."""

from dataclasses import dataclass

from knowledge_base.chunking import Passage
from knowledge_base.front_matter import About

NOTHING_SAID = About()


@dataclass(frozen=True, slots=True)
class Hit:
    """`score`: higher is better; only comparable within one search. `also_in`: pages that say the same."""

    passage: Passage
    score: float
    about: About = NOTHING_SAID
    coverage: float = 0.0  # share of what was asked that the passage holds, by rarity
    strength: float = 0.0  # its BM25 score, in words that no passage holds
    concepts: int = 0  # how many concepts of the question it speaks of
    nearness: float = 0.0  # cosine with the question; 0 without vectors
    title_nearness: float = 0.0  # the same of the title of its page
    name_nearness: float = 0.0  # the same of the nearest name of it
    named: float = 0.0  # how much of the question is a name of its page, and the reverse
    known: float = 0.0  # share of what was asked that any passage holds
    strange: float = 0.0  # share of the products that were named which it does not speak of
    also_in: tuple[str, ...] = ()
