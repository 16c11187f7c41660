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
    """The signals of one language, and words that mean something whatever the subject is."""

    signals: tuple[Signal, ...]
    trouble: re.Pattern[str]  # a word of what goes wrong
    trade: re.Pattern[str]  # it is about running systems
    complaint: re.Pattern[str]  # something is said to be wrong
    why: re.Pattern[str]  # the cause is asked for, or what would help
    statement: re.Pattern[str]  # something is told, or asked to be confirmed
    request: re.Pattern[str]  # something is to be shown or counted
    hypothetical: re.Pattern[str]  # a change is only thought of
    supposed: re.Pattern[str]  # what it would take is asked
    own: re.Pattern[str]  # it names what Midwatch alone minds, whatever that is called elsewhere


@cache
def lexicon(name: str) -> Lexicon:
    """`english` or `chinese`, read once."""
    text = files("agent.lexicon").joinpath(f"{name}.toml").read_text("utf-8")
    tables = tomllib.loads(text)
    words: Mapping[str, str] = tables.pop("words")
    own = {key: _compiled(words[key], words) for key in Lexicon._fields[1:]}
    return Lexicon(tuple(_signals(tables, words)), **own)


def _signals(
    tables: Mapping[str, Mapping[str, list[Any]]], words: Mapping[str, str]
) -> Iterator[Signal]:
    for subagent, intents in tables.items():
        for intent, rows in intents.items():
            for weight, pattern in rows:
                yield Signal(subagent, intent, weight, _compiled(pattern, words))


def _compiled(pattern: str, words: Mapping[str, str]) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{([a-z]+)\}", lambda found: words[found[1]], pattern))
