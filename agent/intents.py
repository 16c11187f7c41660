"""Pure: what a sentence asks for, in Chinese and English. No model, no clock, no I/O."""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

from agent.arguments import extract
from agent.naming import broken_object, looks_named
from agent.scoring import Language, Scores, added, intent_for, says, scores

Subagent = Literal["rca", "cost", "rag", "autofix", "alert_admin", "none"]

SURE = 0.6  # at or above this, rules alone decide

# How much the first of two readings must be ahead before it is certain, in signal weights.
STEEPNESS = 0.55
# A reading with this much evidence is as good as it gets.
PLENTY = 5.0
# Less than this, without a word of the trade, is nothing; and how sure that is.
FAINT = 8.0
GENERAL = frozenset(("list", "health", "how_to"))
UNCLEAR = 0.3
# Evidence of trouble that makes a question for an explanation one about the thing it names; a
# question for a document or a procedure is one about a thing only when that is said to be broken.
TROUBLE = {"explain": 2.0, "documents": 3.0}

_HAN = re.compile(r"[\u4e00-\u9fff]")
_FOLLOW_UP = re.compile(
    r"^\W*(?:and|what about|how about|same (?:for|in)|now|then|also|in|for)\b|^\W*(?:那|还有|换成|然后)|呢\W*$"
)
_POINTING = re.compile(r"\b(?:it|its|that|them|there|the same|this one)\b|它|这个|那个|刚才")
FOLLOW_UP_WORDS = 8
FOLLOW_UP_CHARACTERS = 16

# Where a message may go on to a second matter.
_BORDER = re.compile(
    r"[,;.?!]?\s+(?:and|then|also)\s+(?:then\s+|also\s+)?|[;；。？?!！]\s*|[,，]\s*(?:然后|并且?|再|帮我|同时)"
)
CLEAR = 0.75
MOST_PARTS = 3

# What a follow-up may carry over from the turn before.
CARRIED = ("namespace", "kind", "name", "service", "window", "metric")


@dataclass(frozen=True, slots=True)
class Route:
    """The supervisor's decision: `route` of contracts.md."""

    subagent: Subagent
    intent: str
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])
    language: Language = "en"
    confidence: float = 0.0
    by: Literal["rules", "model"] = "rules"

    @property
    def sure(self) -> bool:
        return self.confidence >= SURE

    def shape(self) -> dict[str, Any]:
        return {
            "subagent": self.subagent,
            "intent": self.intent,
            "arguments": self.arguments,
            "language": self.language,
            "confidence": self.confidence,
            "by": self.by,
        }


def language_of(message: str) -> Language:
    """Chinese when it contains Chinese characters: names in it are English either way."""
    return "zh" if _HAN.search(message) else "en"


def read(message: str, *, previous: Mapping[str, Any] | None = None) -> Route:
    """What a message asks for. `previous` is the shape of the turn before, for follow-ups."""
    message = _spaced(unicodedata.normalize("NFKC", message).strip())
    text, language = message.lower(), language_of(message)
    readings = scores(text, language)
    subagent, intent, confidence = _settled(*_best(readings, message, language), message, readings)
    if previous and _follows(text, readings):
        return _followed(message, text, previous, language)
    arguments: dict[str, Any] = {}
    if subagent not in ("none", "rag"):
        arguments = extract(message, subagent=subagent, intent=intent)
    if previous and _POINTING.search(text) and subagent in ("rca", "autofix", "cost"):
        arguments = _carried(previous, arguments)
    return Route(subagent, intent, arguments, language, confidence)


def _spaced(message: str) -> str:
    """A space between Chinese and Latin letters, so that names have borders in both."""
    message = re.sub(r"([\u4e00-\u9fff])([A-Za-z0-9#$-])", r"\1 \2", message)
    return re.sub(r"([A-Za-z0-9%])([\u4e00-\u9fff])", r"\1 \2", message)


def _best(readings: Scores, message: str, language: Language) -> tuple[Subagent, str, float]:
    by_subagent: dict[str, float] = {}
    for subagent in {subagent for subagent, _ in readings}:
        own = [score for (one, _), score in readings.items() if one == subagent]
        by_subagent[subagent] = added(own)
    if not by_subagent or _nothing_clear(readings, by_subagent, message, language):
        return "none", "unclear", UNCLEAR
    ranked = sorted(by_subagent, key=lambda one: -by_subagent[one])
    first = ranked[0]
    second = by_subagent[ranked[1]] if len(ranked) > 1 else 0.0
    intents = {intent: score for (one, intent), score in readings.items() if one == first}
    intent = max(intents, key=lambda one: intents[one])
    return cast("Subagent", first), intent, _confidence(by_subagent[first], second)


def _settled(
    subagent: Subagent, intent: str, confidence: float, message: str, readings: Scores
) -> tuple[Subagent, str, float]:
    """The best reading, unless what it is said about makes it another."""
    text, language = message.lower(), language_of(message)
    if subagent == "rca":
        return subagent, intent_for(intent, readings, text, language), confidence
    if subagent == "rag" and intent != "help" and _of_a_fault(intent, message, readings):
        return "rca", "investigate", SURE
    named = says(text, language, "trade") or looks_named(message)
    if intent == "unclear" and named:
        return "rca", "look", UNCLEAR
    return subagent, intent, confidence


def _of_a_fault(intent: str, message: str, readings: Scores) -> bool:
    """A document is asked for, or an explanation; but about a certain thing that is broken."""
    trouble = readings.get(("rca", "investigate"), 0.0)
    if broken_object(message):
        return True
    named = "name" in extract(message, subagent="rca", intent="investigate")
    return named and trouble >= TROUBLE.get(intent, math.inf)


def _confidence(first: float, second: float) -> float:
    """How clearly the first reading leads, less when there is little evidence at all."""
    lead = 1 / (1 + math.exp(-STEEPNESS * (first - second)))
    evidence = min(1.0, 0.55 + 0.45 * first / PLENTY)
    return round(lead * evidence, 3)


def _nothing_clear(
    readings: Scores, by_subagent: Mapping[str, float], message: str, language: Language
) -> bool:
    """Only general words, and no word of the trade: it could be about anything."""
    general = all(intent in GENERAL for _, intent in readings)
    if not general or "none" in by_subagent or says(message.lower(), language, "trade"):
        return False
    if ("rca", "health") in readings and extract(message, subagent="rca", intent="health").get(
        "name"
    ):
        return False
    return max(by_subagent.values()) < FAINT


def _follows(text: str, readings: Scores) -> bool:
    """Whether a message makes sense only after the one before."""
    short = len(text) <= FOLLOW_UP_CHARACTERS or len(text.split()) <= FOLLOW_UP_WORDS
    own = max(readings.values(), default=0.0)
    return short and bool(_FOLLOW_UP.search(text)) and own < 3.0


def _followed(message: str, text: str, previous: Mapping[str, Any], language: Language) -> Route:
    """The question before, asked of what this message names."""
    subagent, intent = cast("Subagent", previous["subagent"]), str(previous["intent"])
    if subagent == "none":
        return Route("none", "unclear", {}, language, UNCLEAR)
    now = extract(message, subagent=subagent, intent=intent)
    return Route(subagent, intent, _carried(previous, now), language, 0.8)


def _carried(previous: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """What this message says, completed by what the one before said. A new object replaces the old."""
    before = {key: value for key, value in previous["arguments"].items() if key in CARRIED}
    if "name" in now or "service" in now:
        before = {
            key: value for key, value in before.items() if key not in ("kind", "name", "service")
        }
    return {**before, **now}


def read_all(message: str, *, previous: Mapping[str, Any] | None = None) -> list[Route]:
    """The decisions a message asks for, in its order: mostly one, two when it says two things.

    A part counts only when its own words are clear; a later part may mean what an earlier named.
    """
    whole = read(message, previous=previous)
    parts = [one for one in _BORDER.split(message) if one.strip()]
    if not 1 < len(parts) <= MOST_PARTS:
        return [whole]
    routes = [read(part) for part in parts]
    clear = all(one.confidence >= CLEAR and one.subagent != "none" for one in routes)
    named = {one.subagent for one in routes}
    if not clear or len(named) < len(routes) or whole.subagent not in named:
        return [whole]
    return _in_turn(routes, whole.language)


def _in_turn(routes: Sequence[Route], language: Language) -> list[Route]:
    told: list[Route] = []
    for route in routes:
        arguments = _carried(told[-1].shape(), route.arguments) if told else route.arguments
        told.append(replace(route, arguments=arguments, language=language))
    return told


def read_as(message: str, subagent: Subagent) -> Route:
    """What a message asks of a subagent that somebody else chose."""
    message = _spaced(unicodedata.normalize("NFKC", message).strip())
    text, language = message.lower(), language_of(message)
    own = {
        intent: score for (one, intent), score in scores(text, language).items() if one == subagent
    }
    intent = max(own, key=lambda one: own[one]) if own else FIRST_INTENT[subagent]
    arguments: dict[str, Any] = {}
    if subagent not in ("none", "rag"):
        arguments = extract(message, subagent=subagent, intent=intent)
    return Route(subagent, intent, arguments, language, 0.9, "model")


# What a subagent is asked for when no word says it.
FIRST_INTENT: dict[Subagent, str] = {
    "rca": "investigate",
    "cost": "spend",
    "rag": "how_to",
    "autofix": "change",
    "alert_admin": "alerts",
    "none": "unclear",
}
