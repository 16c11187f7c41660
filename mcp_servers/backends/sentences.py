"""What is said of systems that do not do as they are asked."""

from collections.abc import Iterable

from core.errors import NotFound
from core.sentences import Said, Sentences
from mcp_servers.facts.nearest import nearest_names

SENTENCES = Sentences("mcp_servers.backends")
# How many of the names there are a hint lists.
NAMES_LISTED = 20


def no_namespace(namespace: str, known: Iterable[str]) -> NotFound:
    """There is no such namespace: the names like it, or those there are."""
    return SENTENCES.error(
        NotFound, "no_namespace", namespace=namespace, hint=instead(namespace, known)
    )


def instead(name: str, known: Iterable[str]) -> Said:
    """What was perhaps meant, or else what there is."""
    names = sorted(known)
    if near := nearest_names(name, names):
        return SENTENCES.said("near", names=" or ".join(near))
    return SENTENCES.said("known_are", names=", ".join(names[:NAMES_LISTED]))
