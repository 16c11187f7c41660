"""Where passages are kept and found: what goes into an index, and what comes out of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from knowledge_base.chunking import Document, Passage
from knowledge_base.front_matter import About

if TYPE_CHECKING:  # numpy is loaded with the first index, not with the service
    from knowledge_base.embedder import Vectors


@dataclass(frozen=True, slots=True)
class Scope:
    """Which passages may be found at all. `readers` None: a caller who may read everything."""

    readers: frozenset[str] | None = None
    service: str = ""
    tag: str = ""
    language: str = ""
    rule: str = ""


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as an index takes it: its words and concepts, and its vector when there is one.

    `others` are the words that no concept covers.
    """

    words: Sequence[str]
    concepts: Sequence[str]
    others: Sequence[str] = ()
    vector: "Vectors | None" = None
    scope: Scope = EVERYTHING


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that may answer, with the words it was indexed by, field by field."""

    passage: Passage
    about: About
    title: str
    heading: str
    text: str
    concepts: str
    nearness: float = 0.0  # cosine with the question; 0 without vectors
    title_nearness: float = 0.0


@dataclass(frozen=True, slots=True)
class Found:
    """`holding` says of each word in how many of the `passages` it occurs."""

    candidates: Sequence[Candidate]
    passages: int
    holding: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class Entry:
    """A document with the vectors of its passages, and of its title; none: found by words alone."""

    document: Document
    fingerprint: str
    origin: str = ""
    vectors: "Vectors | None" = None
    title_vector: "Vectors | None" = None


@dataclass(frozen=True, slots=True)
class Listed:
    """A document as a list shows it."""

    doc: str
    title: str
    language: str
    about: About
    passages: int
    origin: str
