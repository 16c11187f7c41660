"""What every tool server says alike."""

from collections.abc import Iterable

from core.sentences import Said, Sentences
from mcp_servers.facts.nearest import nearest_names

SENTENCES = Sentences("mcp_servers")


def near(name: str, candidates: Iterable[str]) -> Said:
    """A hint sentence that names the nearest; false when nothing is near."""
    names = nearest_names(name, candidates)
    among = Said("", {"en": " or ".join(names), "zh": "、".join(names)})
    return SENTENCES.said("near", names=among) if names else Said()
