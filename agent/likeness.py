"""Pure: which subagent a sentence is like, by sentences whose subagent is known.

A linear classifier over words and Chinese characters, asked only where rules are unsure. Its weights are
fitted by `python -m tools.fit_routing` to the sentences that rules are written with.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from agent.lexicon.stopwords import FUNCTION_WORDS
from agent.naming import object_named

NAME = "N"
TOKEN = re.compile(r"[a-zN][a-z'-]*|9|[%$#?]|[\u4e00-\u9fff]")
# Long words are also known by how they begin: "restarted" is like "restart".
STEM = 5
# What says nothing of what is asked.
EMPTY = FUNCTION_WORDS | {NAME, "9", "?"}
# Of a sentence with fewer words that were ever seen, nothing can be said.
FAMILIAR = 0.7


class Likeness(NamedTuple):
    """The likeliest subagent, and how likely it is beside the others."""

    subagent: str
    probability: float


class Weights(NamedTuple):
    """Of each feature, a weight for each subagent in their order; and what each begins with."""

    subagents: tuple[str, ...]
    bias: tuple[float, ...]
    features: Mapping[str, tuple[float, ...]]


def likeness(message: str) -> Likeness:
    """`message` as it was meant to be typed."""
    weights = _weights()
    told = features(message)
    words = [one for one in told if TOKEN.fullmatch(one) and one not in EMPTY]
    if not words or sum(one in weights.features for one in words) < FAMILIAR * len(words):
        return Likeness("none", 0.0)
    known = [weights.features[one] for one in told if one in weights.features]
    scale = 1 / math.sqrt(len(known)) if known else 0.0
    sums = [
        bias + scale * sum(one[place] for one in known) for place, bias in enumerate(weights.bias)
    ]
    shares = [math.exp(one - max(sums)) for one in sums]
    best = shares.index(max(shares))
    return Likeness(weights.subagents[best], shares[best] / sum(shares))


def features(message: str) -> frozenset[str]:
    """What a sentence consists of: words and characters, two and three in a row, and how it begins."""
    return frozenset(_features(TOKEN.findall(_masked(message))))


def _masked(message: str) -> str:
    """In lower case, without its names and numbers: any name says the same."""
    text = message.lower()
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
    """Read at the first sentence that rules are unsure about, not at start."""
    told = json.loads(files("agent.lexicon").joinpath("likeness.json").read_text("utf-8"))
    features = {name: tuple(one / 100 for one in row) for name, row in told["features"].items()}
    return Weights(tuple(told["subagents"]), tuple(told["bias"]), features)
