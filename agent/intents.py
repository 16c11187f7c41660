"""Pure: what a sentence asks for, in Chinese and English. No model, no clock, no I/O."""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Literal, cast

from agent.alert_names import ALERT_NAME, with_alerts_called
from agent.arguments import extract
from agent.following import (
    Said,
    asked_anew,
    is_elliptical,
    is_of_the_silence,
    pointed_at,
    without_fillers,
)
from agent.likeness import Likeness, likeness
from agent.naming import broken_object, looks_named, only_unknown
from agent.ordering import orders_amount, without_ruled_out, without_ruled_out_silence
from agent.outcomes import asks_how_a_fix_went, asks_how_it_went, asks_to_stop
from agent.scoring import (
    FAINT,
    LOOKS,
    MUCH_LESS,
    OURS,
    Language,
    Scores,
    added,
    intent_for,
    is_supposed,
    says,
    scores,
)
from agent.spelling import respelt
from agent.weighing import weighed

Subagent = Literal["rca", "cost", "rag", "autofix", "alert_admin", "none"]

SURE = 0.6  # at or above this, rules alone decide

# How much the first of two readings must be ahead before it is certain, in signal weights.
STEEPNESS = 0.55
# A reading with this much evidence is as good as it gets.
PLENTY = 5.0
# "Show" and "list" are said of anything: another subagent's own word counts for more.
LOOKING = 0.8
GENERAL = frozenset(("list", "health", "how_to"))
UNCLEAR = 0.3
SMALL_TALK = (("none", "off_topic"), ("none", "chat"))
# How likely an intent must be, and which part of the words known, to be believed where rules know
# none; and how likely where they know another.
ALIKE = 0.7
FAMILIAR = 0.7
NO_DOUBT = 0.9
# How likely it must be that only a look is asked for where rules hear of trouble.
PLAIN = 0.97
UNKNOWN = frozenset(("unclear", "look"))
# How sure it is that half a sentence goes on with the question before.
FOLLOWED = 0.8
# Evidence of trouble that makes a question for an explanation one about the thing it names; a
# question for a document or a procedure is one about a thing only when that is said to be broken.
TROUBLE = {"explain": 2.0, "documents": 3.0}

# What no sentence that likeness was learned from asks for.
UNTAUGHT = frozenset(("draft",))

# What is mostly asked of one thing, and what says which.
OF_ONE_THING = frozenset(
    (
        *(("rca", one) for one in ("investigate", "logs", "rollout", "dependencies", "metrics")),
        *(("autofix", "change"), ("alert_admin", "rules"), ("cost", "spend")),
    )
)
OF_WHAT = frozenset(("name", "service", "namespace", "team", "alert", "kind"))
# How kubectl is called by those who call it all day.
KUBECTL = re.compile(
    r"^\W*k\s(?=(?:get|describe|logs?|top|rollout|scale|delete|drain|cordon|uncordon|edit|apply|events)\b)"
)
_GOING_ON = re.compile(r"(?i)^\W*(?:(?:and|then|also|so)\s+)+")
# How Alertmanager's own templates begin a message that is pasted with a question.
_ALERT_HEAD = re.compile(r"\[(?:FIRING|RESOLVED)(?::\d+)?\]")
_HAN = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True, slots=True)
class Route:
    """The supervisor's decision: `route` of contracts.md.

    `words` is the part of the message that asks for it, where the subagent is asked for more than that.
    """

    subagent: Subagent
    intent: str
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])
    language: Language = "en"
    confidence: float = 0.0
    by: Literal["rules", "model"] = "rules"
    words: str = ""

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
            **({"words": self.words} if self.words else {}),
        }


def decided(routes: Sequence[Route]) -> dict[str, Any]:
    """The shape of the first decision; of all of them as `asks`, where a message asks several things."""
    first, *more = (one.shape() for one in routes)
    return {**first, "asks": [first, *more]} if more else first


def language_of(message: str) -> Language:
    """Chinese when it contains Chinese characters: names in it are English either way."""
    return "zh" if _HAN.search(message) else "en"


def read(message: str, *, previous: Mapping[str, Any] | None = None) -> Route:
    """What a message asks for. `previous` is the shape of the turn before, for follow-ups."""
    message = as_typed(without_fillers(message) if previous else message)
    language = language_of(message)
    if asks_to_stop(message):
        return Route("autofix", "change", {}, language, FOLLOWED)
    if asks_how_a_fix_went(message):
        return Route(
            "autofix", "outcome", _named(message, "autofix", "outcome"), language, FOLLOWED
        )
    readings = scores(with_alerts_called(ALERT_NAME, message).lower(), language)
    subagent, intent, confidence = _settled(*_best(readings, message, language), message, readings)
    route = Route(subagent, intent, _named(message, subagent, intent), language, confidence)
    if previous and (again := _again(route, message, readings, previous)):
        return again
    if intent in UNKNOWN and (told := with_alerts_called("alert", message)) != message:
        readings = scores(told.lower(), language)
        subagent, intent, confidence = _best(readings, told, language)
        route = Route(subagent, intent, _named(message, subagent, intent), language, confidence)
    route = _weighed(route, message, readings)
    return _pointed(route, message, previous) if previous else route


def _named(message: str, subagent: str, intent: str) -> dict[str, Any]:
    if subagent in ("none", "rag"):
        return {}
    found = extract(message, subagent=subagent, intent=intent)
    if (subagent, intent) in OF_ONE_THING and OF_WHAT.isdisjoint(found):
        # What is asked of one thing is about the one word that is no ordinary one.
        name = only_unknown(message)
        found |= {"name": name, "service": name} if name else {}
    return found


def _weighed(route: Route, message: str, readings: Scores) -> Route:
    """What rules read, or what sentences like this one asked for when that is likelier."""
    like = likeness(_weighed_words(message, is_order=route.subagent == "autofix"))
    shares = weighed(route.subagent, route.confidence, readings, like)
    subagent = cast("Subagent", max(shares, key=lambda one: shares[one]))
    intent = _likely_intent(route, subagent, like, readings)
    asks_why = route.intent == "investigate" and says(message.lower(), route.language, "why")
    if asks_why and intent in LOOKS:
        intent = route.intent
    confidence = round(shares[subagent], 3)
    known = like.familiar >= FAMILIAR and confidence >= ALIKE
    if like.shares and (route.subagent, route.intent) not in like.shares and route.sure:
        return route  # the classifier was never told of such questions
    asks_of_fault = subagent == "rag" and _of_a_fault("explain", message, readings)
    only_supposed = subagent == "autofix" and is_supposed(message.lower(), route.language)
    if only_supposed and route.subagent != "autofix":
        return route
    if (
        route.subagent == "alert_admin"
        and not asks_why
        and says(message.lower(), route.language, "own")
    ):
        return route  # "healthy" is said of the cluster far oftener than of Alertmanagers
    if _is_certain(route, message) or asks_of_fault or (route.intent in UNKNOWN and not known):
        return route
    if subagent == route.subagent:
        confidence = max(confidence, route.confidence)
    if (subagent, intent) == (route.subagent, route.intent):
        return replace(route, confidence=confidence)
    arguments = _named(message, subagent, intent)
    return replace(
        route, subagent=subagent, intent=intent, arguments=arguments, confidence=confidence
    )


def _weighed_words(message: str, *, is_order: bool) -> str:
    """A message without what it forbids; an order without how it goes on: "and drain it"."""
    told = _GOING_ON.sub("", message) if is_order else message
    return without_ruled_out(without_ruled_out_silence(told))


def _is_certain(route: Route, message: str) -> bool:
    """Whether no weighing of words says more: a plan is named, or an amount is set ("cart 只留半核")."""
    sets = route.subagent == "autofix" and orders_amount(without_ruled_out(message.lower()))
    return sets or bool(OURS.search(message))


def _likely_intent(route: Route, subagent: str, like: Likeness, readings: Scores) -> str:
    """The rules' intent, unless they knew none or sentences like this one leave little doubt."""
    intent, share = like.intent(subagent)
    told = readings.get((route.subagent, route.intent), 0.0)
    told_so = told >= FAINT and readings.get((subagent, intent), 0.0) <= told * MUCH_LESS
    if subagent == route.subagent and (told_so or route.intent in UNTAUGHT):
        return route.intent
    if subagent == route.subagent and route.intent not in UNKNOWN:
        told_of_trouble = route.intent == "investigate" and intent in LOOKS and share < PLAIN
        return intent if share >= NO_DOUBT and not told_of_trouble else route.intent
    if intent and (subagent == route.subagent or share >= ALIKE):
        return intent
    own = {one: score for (other, one), score in readings.items() if other == subagent}
    return max(own, key=lambda one: own[one]) if own else FIRST_INTENT[cast("Subagent", subagent)]


def _again(
    route: Route, message: str, readings: Scores, previous: Mapping[str, Any]
) -> Route | None:
    """The question before, asked anew; None when this one stands for itself."""
    evidence = max(readings.values(), default=0.0)
    said = Said(message, route.subagent, route.intent, evidence, route.arguments)
    if previous["subagent"] == "autofix" and asks_how_it_went(message):
        return Route("autofix", "outcome", {}, route.language, FOLLOWED)
    if is_of_the_silence(said, previous):
        kept = {key: one for key, one in previous["arguments"].items() if key in OF_WHAT}
        return Route("alert_admin", "silences", kept, route.language, FOLLOWED)
    if not is_elliptical(said, previous):
        return None
    subagent, intent = cast("Subagent", previous["subagent"]), str(previous["intent"])
    return Route(subagent, intent, asked_anew(said, previous), route.language, FOLLOWED)


def _pointed(route: Route, message: str, previous: Mapping[str, Any]) -> Route:
    said = Said(message, route.subagent, route.intent, 0.0, route.arguments)
    return replace(route, arguments=pointed_at(said, previous))


@lru_cache(maxsize=64)  # a message is read whole and in parts
def as_typed(message: str) -> str:
    """The message as it was meant to be typed."""
    message = _ALERT_HEAD.sub(" ", unicodedata.normalize("NFKC", message)).strip()
    return respelt(KUBECTL.sub("kubectl ", _spaced(message)))


def _spaced(message: str) -> str:
    """A space between Chinese and Latin letters, so that names have borders in both."""
    message = re.sub(r"([\u4e00-\u9fff]):(?=\S)", r"\1: ", message)
    message = re.sub(r"([\u4e00-\u9fff])([A-Za-z0-9#$-])", r"\1 \2", message)
    return re.sub(r"([A-Za-z0-9%])([\u4e00-\u9fff])", r"\1 \2", message)


def _best(readings: Scores, message: str, language: Language) -> tuple[Subagent, str, float]:
    if ("rca", "investigate") in readings and looks_named(message):
        # "It crashed around lunch" is about what crashed.
        readings = {key: score for key, score in readings.items() if key not in SMALL_TALK}
    by_subagent: dict[str, float] = {}
    for subagent in dict.fromkeys(subagent for subagent, _ in readings):
        own = [score for (one, _), score in readings.items() if one == subagent]
        looking = subagent == "rca" and not _own_words(readings, subagent)
        by_subagent[subagent] = added(own) * (LOOKING if looking else 1.0)
    if not by_subagent or _nothing_clear(readings, by_subagent, message, language):
        return "none", "unclear", UNCLEAR
    ranked = sorted(by_subagent, key=lambda one: -by_subagent[one])
    first = ranked[0]
    second = max((_own_words(readings, one) for one in ranked[1:]), default=0.0)
    intents = {intent: score for (one, intent), score in readings.items() if one == first}
    intent = max(intents, key=lambda one: intents[one])
    return cast("Subagent", first), intent, _confidence(by_subagent[first], second)


def _own_words(readings: Scores, subagent: str) -> float:
    """What speaks for another subagent beside "show" and "how", which are said of anything."""
    own = [
        score
        for (one, intent), score in readings.items()
        if one == subagent and intent not in GENERAL
    ]
    return added(own) if own else 0.0


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
    named = named and (
        intent != "documents" or looks_named(message)
    )  # "a runbook for stuck frames"
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


def asks_how(message: str) -> bool:
    """Whether the words ask for a way to do something, whatever it is."""
    text = as_typed(message).lower()
    return ("rag", "how_to") in scores(text, language_of(text))


def read_as(message: str, subagent: Subagent) -> Route:
    """What a message asks of a subagent that somebody else chose."""
    message = as_typed(message)
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
