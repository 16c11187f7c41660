"""Pure: may the answer to one question be given to another? Only where both ask the very same.

How near two vectors are does not tell: "scale up" and "scale down", or 15 to 16 and 16 to 15, are nearer
than most paraphrases. So the words must be the same, whatever their endings and order, and with them
negations, numbers and directions; then the vectors have a say. One word for two things, as concepts have
it, is good for finding and too coarse here.
"""

import re
from dataclasses import dataclass

from knowledge_base.segmentation import is_chinese, telling_words

# Measured (docs/knowledge-base.md, `midwatch eval run asked-again`): what two that have the same words
# are by their vectors at least. It is a guard against words that mean something else in their place.
MIN_NEARNESS = 0.6

_NEGATION = re.compile(
    r"\b(?:not|no|never|cannot|without)\b|n['’]t\b|[不没無无未非别勿]", re.IGNORECASE
)
_NUMBER = re.compile(r"\d+(?:[.:]\d+)*")
# Small words that are no terms and yet decide; a question that has one asks for something else.
_DIRECTION = re.compile(
    r"\b(?:up|down|before|after|off|out|above|below|over|under|only|except|first|last|always|again)\b",
    re.IGNORECASE,
)
# What is only a way of asking, beside the fillers of a search.
_ASKING = re.compile(
    r"\b(?:(?:how|what|where|when|way|have|has|need|needs) to|what['’]s|way|meaning|know|show me|explain|does)\b"
    r"|(?:怎么|如何|怎样|应该怎么)(?:处理|解决|做|办)|一个|这个|我?自己|[的了]",
    re.IGNORECASE,
)
# Where these are, what stands before and what behind is not the same.
_ORDERED = re.compile(r"\b(?:from|to|into|than|instead|between)\b|[从到成比往向]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Meant:
    """What a question asks: its terms, what turns its sense, and the order where that matters."""

    terms: frozenset[str]
    signs: tuple[str, ...]
    order: tuple[str, ...]


def meant(question: str) -> Meant:
    asked = _ASKING.sub(lambda found: "" if is_chinese(found[0]) else " ", question)
    words = telling_words(asked)
    # Chinese by characters: 节点怎么排空 has other pairs of them than 怎么排空节点.
    terms = (list(word) if is_chinese(word) else [word] for word in words)
    return Meant(
        frozenset(term for word in terms for term in word),
        (
            *_NUMBER.findall(question),
            *("not" for _ in _NEGATION.findall(question)),
            *sorted(one.lower() for one in _DIRECTION.findall(question)),
            "zh" if is_chinese(question) else "en",
        ),
        tuple(words) if _ORDERED.search(asked) else (),
    )


def asks_the_same(one: Meant, other: Meant) -> bool:
    """Whether two questions are the same one by their words."""
    return bool(one.terms) and one == other
