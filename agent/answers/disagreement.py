"""Pure: sentences of two pages that say the same thing with other figures, or one yes and one no."""

import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

# Of their words other than figures, so much must be shared for two sentences to be about one thing.
ALIKE = 0.6
FEWEST_WORDS = 4

_SENTENCE = re.compile(r"[^.!?。！？；;\n|]+(?:\.(?=\w)[^.!?。！？；;\n|]+)*")
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*\s?(?:%|[a-zA-Z]+\b|分钟|小时|秒|天|个|次|倍)?")
_WORD = re.compile(r"[a-z][a-z_-]+|[\u4e00-\u9fff]")
_NO = re.compile(r"(?i)\b(?:not|never|no|don't|avoid|without)\b|不要|不能|不可|切勿|禁止|别")
# Steps of a list have numbers that say nothing.
_MARK = re.compile(r"^\s*(?:[-*>]|\d+[.)])\s+")


class Disagreement(NamedTuple):
    """Places of the two passages, and what each says."""

    first: int
    second: int
    says: str
    against: str


def disagreements(passages: Sequence[str]) -> list[Disagreement]:
    """At most one for each pair of passages."""
    told = [list(_sentences(one)) for one in passages]
    found = [
        next(_between(first, second, told[first], told[second]), None)
        for first, second in combinations(range(len(passages)), 2)
    ]
    return [one for one in found if one]


class _Said(NamedTuple):
    text: str
    words: frozenset[str]
    figures: tuple[str, ...]
    denies: bool


def _sentences(passage: str) -> Iterator[_Said]:
    for line in passage.splitlines():
        for match in _SENTENCE.findall(_MARK.sub("", line)):
            text = match.strip()
            rest = _NO.sub(" ", _FIGURE.sub(" ", text.lower()))
            words = frozenset(_WORD.findall(rest))
            if len(words) >= FEWEST_WORDS:
                figures = tuple(one.replace(" ", "").lower() for one in _FIGURE.findall(text))
                yield _Said(text, words, figures, bool(_NO.search(text)))


def _between(
    first: int, second: int, ours: Sequence[_Said], theirs: Sequence[_Said]
) -> Iterator[Disagreement]:
    for one in ours:
        for other in theirs:
            alike = len(one.words & other.words) >= ALIKE * len(one.words | other.words)
            if alike and _contradict(one, other):
                yield Disagreement(first, second, one.text, other.text)


def _contradict(one: _Said, other: _Said) -> bool:
    figures = bool(one.figures and other.figures) and set(one.figures) != set(other.figures)
    return figures or one.denies != other.denies
