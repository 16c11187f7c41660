"""Pure: what a sentence asks for, by sentences whose intent is known.

A linear classifier over words and Chinese characters, weighed with the rules (`agent/weighing.py`). Its
weights are fitted by `python -m tools.fit_routing` to sentences that rules are written with.
"""

import math
import re
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

from agent.lexicon.stopwords import FUNCTION_WORDS
from agent.naming import CAMEL, object_named

NAME, ALERT = "N", "A"
TOKEN = re.compile(r"[a-zNA][a-z'-]*|9|[%$#?]|[\u4e00-\u9fff]")
# Long words are also known by how they begin: "restarted" is like "restart".
STEM = 5
# What is written like the name of an alert and is none: kinds, and what Kubernetes gives as a reason.
REASON = re.compile(
    r"BackOff|Killed|Pull|Creating|Initializing|Ready|Failed|Error|Pending|Evicted|Terminating|Set$|Map$|Job$"
    r"|Budget$|Policy$|Claim$|Volume$|Account$|Class$|Quota$|Autoscaler$|Midwatch"
)
# What says nothing of what is asked.
EMPTY = FUNCTION_WORDS | {NAME, ALERT, "9", "?"}
# Weights are kept as whole numbers of hundredths.
HUNDREDTHS = 100
# Bytes of lines that are looked through for one; and what is sorted after any text in UTF-8.
BLOCK = 1024
AFTER_ALL = b"\xff"

Intent = tuple[str, str]


class Likeness(NamedTuple):
    """How likely each subagent's intent is, and which part of the words was ever seen."""

    shares: Mapping[Intent, float]
    familiar: float

    def of(self, subagent: str) -> float:
        """How likely a subagent is, whatever it is asked for."""
        return sum(share for (one, _), share in self.shares.items() if one == subagent)

    def intent(self, subagent: str) -> tuple[str, float]:
        """What a subagent would be asked for, and how likely that is if it is asked at all."""
        own = {intent: share for (one, intent), share in self.shares.items() if one == subagent}
        best = max(own, key=lambda one: own[one], default="")
        return best, own[best] / sum(own.values()) if best else 0.0


class Lines:
    """Lines that begin with a word and are sorted by it, kept as they lie in the file.

    As a dict of strings they take ten times the memory, of which a sentence needs a thousandth.
    """

    def __init__(self, lines: bytes) -> None:
        self._blocks = list(_blocks(b"\n" + lines.strip()))

    def after(self, word: str) -> str | None:
        """The rest of the line that begins with `word`."""
        wanted = f"\n{word} ".encode()
        block = self._blocks[bisect(self._blocks, wanted + AFTER_ALL) - 1]
        _, found, rest = block.partition(wanted)
        return rest.partition(b"\n")[0].decode() if found else None


def _blocks(lines: bytes) -> Iterator[bytes]:
    """Some whole lines each, with the end of the line before as their first byte."""
    begins = 0
    while begins < len(lines):
        ends = lines.find(b"\n", begins + BLOCK)
        ends = ends if ends > 0 else len(lines)
        yield lines[begins:ends]
        begins = ends


class Weights(NamedTuple):
    """What each intent begins with; and of each feature, the intents it speaks for, still as text."""

    intents: tuple[Intent, ...]
    bias: tuple[float, ...]
    features: Lines


@lru_cache(maxsize=16)
def likeness(message: str) -> Likeness:
    """`message` as it was meant to be typed."""
    weights = _weights()
    told = features(message)
    words = [one for one in told if TOKEN.fullmatch(one) and one not in EMPTY]
    rows = {one: row for one in told if (row := weights.features.after(one))}
    if not words or not rows:
        return Likeness({}, 0.0)
    sums = _sums(weights, list(rows.values()))
    shares = [math.exp(one - max(sums)) for one in sums]
    likely = [one / sum(shares) for one in shares]
    familiar = sum(one in rows for one in words) / len(words)
    return Likeness(dict(zip(weights.intents, likely, strict=True)), familiar)


def _sums(weights: Weights, known: list[str]) -> list[float]:
    spoken: dict[int, float] = defaultdict(float)
    for row in known:
        for pair in row.split():
            place, _, weight = pair.partition(":")
            spoken[int(place)] += int(weight)
    scale = 1 / (HUNDREDTHS * math.sqrt(len(known)))
    return [bias + scale * spoken[place] for place, bias in enumerate(weights.bias)]


def features(message: str) -> frozenset[str]:
    """What a sentence consists of: words and characters, two and three in a row, and how it begins."""
    return frozenset(_features(TOKEN.findall(_masked(message))))


def _masked(message: str) -> str:
    """In lower case, without its names and numbers: any name says the same."""
    alerts = {one for one in CAMEL.findall(message) if not REASON.search(one)}
    text = " ".join(message.split()).lower()
    for alert in alerts:
        text = text.replace(alert.lower(), ALERT)
    named = object_named(message, of_many=True)
    for key in ("namespace", "name", "service"):
        if named.get(key):
            text = re.sub(rf"(?<![\w-]){re.escape(named[key])}(?![\w-])", NAME, text)
    return re.sub(r"\d+", "9", text)


def _features(tokens: list[str]) -> Iterator[str]:
    yield from tokens
    yield from (one[:STEM] + "*" for one in tokens if len(one) > STEM)
    for length in (2, 3):
        for start in range(len(tokens) - length + 1):
            yield "_".join(tokens[start : start + length])
    yield "^" + "_".join(tokens[:1])
    yield "^" + "_".join(tokens[:2])


@cache
def _weights() -> Weights:
    """Read at the first sentence, not at start: a line of intents and their bias, then the features."""
    told = files("agent.lexicon").joinpath("likeness.txt").read_bytes()
    first, _, features = told.partition(b"\n")
    pairs = [one.partition("=") for one in first.decode().split()]
    intents = tuple((one.partition("/")[0], one.partition("/")[2]) for one, _, _ in pairs)
    return Weights(intents, tuple(float(bias) for _, _, bias in pairs), Lines(features))
