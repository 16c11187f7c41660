"""A question → the best passages of an index."""

from knowledge_base.concepts import concepts
from knowledge_base.embedder import Embedder
from knowledge_base.index import EVERYTHING, Asked, Index, Scope
from knowledge_base.index.indexed_words import spaced
from knowledge_base.ranking import Hit, ranked
from knowledge_base.segmentation import asked_words

# Ranking may prefer a passage that the words alone put far down.
CANDIDATES = 60


def asked_of(question: str, embedder: Embedder | None = None, scope: Scope = EVERYTHING) -> Asked:
    """The question as an index takes it. Raises `UpstreamUnavailable` when the embedder is away."""
    told = concepts(question)
    return Asked(
        asked_words(question),
        list(dict.fromkeys(told.concepts)),
        asked_words(told.rest),
        None if embedder is None else embedder.embed([spaced(question)])[0],
        scope,
    )


def search(
    index: Index,
    question: str,
    *,
    k: int,
    embedder: Embedder | None = None,
    scope: Scope = EVERYTHING,
) -> list[Hit]:
    """The best `k` passages that the scope allows, the best first."""
    asked = asked_of(question, embedder, scope)
    return ranked(index.search(asked, limit=CANDIDATES), asked, question=question, k=k)
