"""Where passages are kept and found: what goes into an index, and what comes out of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from knowledge_base.chunking import Document, Passage
from knowledge_base.front_matter import About

if TYPE_CHECKING:  # numpy is loaded with the first index, not with the service
    from knowledge_base.index.occurrences import Fields
    from knowledge_base.vectors import Vectors

# Pages that were made of past incidents.
INCIDENT_TAG = "past-incident"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which passages may be found at all. `readers` None: a caller who may read everything.

    `incidents`: of the pages with `INCIDENT_TAG` those of these groups alone, whoever asks; None: all.
    """

    readers: frozenset[str] | None = None
    incidents: frozenset[str] | None = None
    service: str = ""
    tag: str = ""
    language: str = ""
    rule: str = ""

    @property
    def counted(self) -> "Scope":
        """Where it is counted how rare words are: past incidents, told in the same words again and again,
        make those of a fault common, so that they count only where they may be found."""
        return PAGES if self.incidents == frozenset() else EVERYTHING


EVERYTHING, PAGES = Scope(), Scope(incidents=frozenset())
# In place of a fingerprint: there is no such document.
ABSENT = "absent"


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
    """A passage that may answer. `words` are those it was indexed by: of title, heading, text and concepts."""

    passage: Passage
    about: About
    words: "Fields"
    nearness: float = 0.0  # cosine with the question; 0 without vectors
    title_nearness: float = 0.0  # that of the title of its page
    name_nearness: float = 0.0  # that of the nearest name of it


@dataclass(frozen=True, slots=True)
class Found:
    """`holding` says of each word in how many of the `passages` it occurs, of all that are `Scope.counted`."""

    candidates: Sequence[Candidate]
    passages: int
    holding: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True, slots=True)
class Entry:
    """A document with the vectors of its passages, and of its names: its title and the ways to ask for it.
    Without any it is found by words alone.

    With `replaces` it is put in only where the document of its name still has that fingerprint, or is `ABSENT`.
    """

    document: Document
    fingerprint: str
    replaces: str | None = None
    origin: str = ""
    vectors: "Vectors | None" = None
    name_vectors: "Vectors | None" = None


def taken(entries: Sequence[Entry], kept: Mapping[str, str]) -> dict[str, Entry]:
    """The entries to put in where `kept` are the fingerprints of documents, by name."""
    return {
        one.document.doc: one
        for one in entries
        if one.replaces is None or kept.get(one.document.doc, ABSENT) == one.replaces
    }


@dataclass(frozen=True, slots=True)
class Listed:
    """A document as a list shows it."""

    doc: str
    title: str
    language: str
    about: About
    passages: int
    origin: str


class Index(Protocol):
    """What every index does. All of it raises `UpstreamUnavailable` when the index does not answer.

    A reader sees the state before a change or the one after it; what is broken off changes nothing.
    """

    @property
    def embedder(self) -> str:
        """The name of what made the vectors; "" before there are any."""
        ...

    def set_embedder(self, name: str) -> None: ...

    def version(self) -> str:
        """Another one after every change of documents."""
        ...

    def remember_source(self, path: str) -> None:
        """A folder or file that is looked through again by every refresh."""
        ...

    def sources(self) -> list[str]: ...

    def bodies(self) -> list[tuple[str, str, str]]:
        """Name, Markdown and fingerprint of every document."""
        ...

    def fingerprints(self) -> dict[str, str]: ...

    def without_vectors(self) -> frozenset[str]:
        """The documents that words alone find."""
        ...

    def groups_among(self, readers: Collection[str]) -> frozenset[str]:
        """Those of these that some page names: readers with the same ones may read the same."""
        ...

    def apply(self, entries: Sequence[Entry], gone: Collection[str] = ()) -> None:
        """Put documents in, or in the place of those of their names, and take the `gone` out."""
        ...

    def revector(self, entries: Sequence[Entry], embedder: str) -> None:
        """Entries with vectors of another embedder; what is not among them is left without any."""
        ...

    def search(self, asked: Asked, *, limit: int) -> Found:
        """The `limit` best by words, and the `limit` nearest by vectors, among what the scope allows."""
        ...

    def count(self, scope: Scope = EVERYTHING) -> int:
        """How many documents the scope allows."""
        ...

    def documents(self, scope: Scope = EVERYTHING) -> list[Listed]:
        """What the scope allows, by name."""
        ...

    def body(self, doc: str, scope: Scope = EVERYTHING) -> str | None:
        """The Markdown of a document; None where there is none that the scope allows."""
        ...

    def close(self) -> None: ...
