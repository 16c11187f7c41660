"""That something does not exist, in the user's language."""

import re

from agent.answers.markdown import plain
from agent.intents import Language
from agent.wording import phrase

# The sentences and hints of `NotFound`, and what each is told as. A sentence of another shape is
# left as it is: better in English than wrong.
SHAPES = (
    (re.compile(r"There is no namespace '(?P<name>[^']+)'\."), "missing.namespace"),
    (
        re.compile(
            r"There is no (?P<kind>\w+) (?:named )?'(?P<name>[^']+)' in namespace (?P<place>[^\s']+?)\."
        ),
        "missing.object_in",
    ),
    (
        re.compile(r"There is no (?P<kind>\w+) (?:named )?'(?P<name>[^']+)'\."),
        "missing.object",
    ),
    (re.compile(r"\s*Did you mean (?P<names>[^?]+)\?"), "missing.near"),
    (re.compile(r"\s*(?:Known|There are|Namespaces): (?P<names>.+)\."), "missing.known"),
    (
        re.compile(r"\s*(?:It exists as|There is one in namespace) (?P<names>.+)\."),
        "missing.elsewhere",
    ),
)


def told_missing(sentence: str, language: Language, at_most: int) -> str:
    """The sentence of an error, as far as it can be told in the user's language."""
    told = plain(sentence, at_most)
    if language == "en":
        return told
    for shape, key in SHAPES:
        told = shape.sub(lambda found, key=key: _phrase(key, language, found), told)
    return told


def _phrase(key: str, language: Language, found: re.Match[str]) -> str:
    facts = {
        name: re.sub(" or | and in ", ", ", value) for name, value in found.groupdict().items()
    }
    if facts.get("kind") == "object":
        facts["kind"] = phrase("missing.any_kind", language)
    return phrase(key, language, **facts)
