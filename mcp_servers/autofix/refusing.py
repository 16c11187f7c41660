"""Why a change is not made: a sentence of the catalogue, as an error or as part of a plan."""

from typing import Literal

from core.errors import Forbidden, OpsError
from core.sentences import LANGUAGES, Fact, Said, Sentences
from mcp_servers.facts.guards import Refusal

Language = Literal["en", "zh"]
# Who reads a plan that is kept: "" for the language it was made in.
Reader = Literal["", "en", "zh"]

SENTENCES = Sentences("mcp_servers.autofix")
# What fills a refusal and is itself a word of ours.
OUR_WORDS = frozenset({"level", "status"})


def told(refusal: Refusal, language: Language = "en") -> tuple[str, str]:
    """The sentence, and what would have to be true."""
    return SENTENCES.parts(language, refusal.key, **_facts(refusal))


def worded(refusal: Refusal) -> Said:
    """The sentence without its hint, in each language."""
    facts = _facts(refusal)
    parts = {one: SENTENCES.parts(one, refusal.key, **facts)[0] for one in LANGUAGES}
    return Said(refusal.key, parts)


def refuse(refusal: Refusal | None, kind: type[OpsError] = Forbidden) -> None:
    """Raise what a guard answered, if it said no."""
    if refusal is not None:
        raise SENTENCES.error(kind, refusal.key, **_facts(refusal))


def _facts(refusal: Refusal) -> dict[str, Fact]:
    return {
        name: SENTENCES.said(f"{name}_{value}") if name in OUR_WORDS else value
        for name, value in refusal.params.items()
    }
