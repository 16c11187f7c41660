"""Lengths of time as people write them: "PT1H" is for tools."""

import re

from agent.durations import length_of
from agent.intents import Language
from agent.wording import phrase

# As Midwatch writes them: of one unit.
ISO = re.compile(r"(?<![A-Za-z\d])P(?:\d+D|T\d+[HMS])(?![A-Za-z\d])")
UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def in_words(sentence: str, language: Language) -> str:
    """The sentence with every length in it, such as PT1H, as `1 hour`."""
    return ISO.sub(lambda found: length_in_words(found.group(), language), sentence)


def length_in_words(iso: str, language: Language) -> str:
    """`PT90M` → 90 minutes: in the largest unit that it is a whole number of."""
    seconds = int(length_of(iso).total_seconds())
    unit, size = next(one for one in UNITS if seconds % one[1] == 0)
    count = seconds // size
    return phrase(f"length.{unit if count == 1 else f'{unit}s'}", language, count=count)
