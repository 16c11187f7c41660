"""What words mean in operations, across wordings and languages: "kicked off the node" is "驱逐".

The lexicon `concepts.toml` lists, for each concept, the English and the Chinese ways to say it.
A concept found in a text is one more word of it, the same in both languages.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from knowledge_base.segmentation import is_chinese, runs, stems

# Concepts are words of their own that nobody writes.
PREFIX = "c0"

Phrase = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Phrases → concepts: English ones as stems of their words, Chinese ones as they are."""

    english: dict[Phrase, str]
    chinese: dict[str, str]
    longest_english: Mapping[str, int]
    longest_chinese: Mapping[str, int]


@cache
def lexicon() -> Lexicon:
    """The shipped lexicon, read once."""
    told = tomllib.loads(files("knowledge_base").joinpath("concepts.toml").read_text("utf-8"))
    english: dict[Phrase, str] = {}
    chinese: dict[str, str] = {}
    for name, ways in told["concepts"].items():
        for way in ways:
            if is_chinese(way):
                chinese[way] = PREFIX + name
            else:
                english[tuple(part for _, run in runs(way) for part in stems(run))] = PREFIX + name
    return Lexicon(english, chinese, _longest(english), _longest(chinese))


def _longest(phrases: Iterable[Phrase | str]) -> dict[str, int]:
    """How long the longest phrase is that begins with a word or character."""
    longest: dict[str, int] = {}
    for phrase in phrases:
        longest[phrase[0]] = max(longest.get(phrase[0], 0), len(phrase))
    return longest


@dataclass(frozen=True, slots=True)
class Told:
    """The concepts of a text in order, repeats included, and what of it no concept covers."""

    concepts: list[str]
    rest: str


def concepts(text: str) -> Told:
    """What a text speaks of. Of phrases that begin at one place the longest counts."""
    known = lexicon()
    found: list[str] = []
    rest: list[str] = []
    parts: list[str] = []
    for chinese, run in runs(text):
        if not chinese:
            parts += stems(run)
            continue
        _read(tuple(parts), known.english, known.longest_english, found, rest)
        parts = []
        _read(run, known.chinese, known.longest_chinese, found, rest)
    _read(tuple(parts), known.english, known.longest_english, found, rest)
    return Told(found, "".join(rest))


def _read(
    said: Phrase | str,
    known: Mapping[Any, str],
    longest: Mapping[str, int],
    found: list[str],
    rest: list[str],
) -> None:
    """Put the concepts of a run into `found` and its other words or characters into `rest`."""
    joint = "" if isinstance(said, str) else " "
    at = 0
    while at < len(said):
        for length in range(min(longest.get(said[at], 0), len(said) - at), 0, -1):
            if concept := known.get(said[at : at + length]):
                found.append(concept)
                rest.append(" ")
                at += length
                break
        else:
            rest.append(said[at] + joint)
            at += 1
    rest.append(" ")
