"""What points to a subagent: patterns, what each is worth, and the intent it stands for."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple


class Signal(NamedTuple):
    subagent: str
    intent: str
    weight: float
    pattern: re.Pattern[str]


class Lexicon(NamedTuple):
    """The signals of one language, and the words by which a sentence is about running systems."""

    signals: tuple[Signal, ...]
    trade: re.Pattern[str]


@cache
def lexicon(name: str) -> Lexicon:
    """`english` or `chinese`, read once."""
    text = files("agent.lexicon").joinpath(f"{name}.toml").read_text("utf-8")
    tables = tomllib.loads(text)
    words: Mapping[str, str] = tables.pop("words")
    trade = re.compile(_with_words(words["trade"], words))
    return Lexicon(tuple(_signals(tables, words)), trade)


def _signals(
    tables: Mapping[str, Mapping[str, list[Any]]], words: Mapping[str, str]
) -> Iterator[Signal]:
    for subagent, intents in tables.items():
        for intent, rows in intents.items():
            for weight, pattern in rows:
                yield Signal(subagent, intent, weight, re.compile(_with_words(pattern, words)))


def _with_words(pattern: str, words: Mapping[str, str]) -> str:
    return re.sub(r"\{([a-z]+)\}", lambda found: words[found[1]], pattern)
