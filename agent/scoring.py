"""Pure: how strongly a lower-case sentence speaks for each subagent and intent."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal

from agent.covering import without_circumstances, without_names, without_purposes
from agent.lexicon.signals import Lexicon, Signal, lexicon
from agent.ordering import (
    orders_amount,
    without_deeds,
    without_ruled_out,
    without_ruled_out_silence,
)

Language = Literal["en", "zh"]
Word = Literal[
    "trade",
    "trouble",
    "complaint",
    "why",
    "statement",
    "request",
    "hypothetical",
    "supposed",
    "own",
]
Scores = Mapping[tuple[str, str], float]

# A second signal of the same reading adds little: sentences repeat themselves.
REPEATED = 0.35
# Plans and changes as Midwatch names them, which nobody types but to speak of a repair.
OURS, OF_OURS = re.compile(r"\b(?:fix|chg)-[0-9a-f]{12}\b"), 9.0
# What an amount that is set is worth: nothing else is said of memory in that grammar.
OF_AN_AMOUNT = 9.0
# What asks to see something, until something is said to be wrong with it.
CLAUSE = re.compile(r",\s*|[;.:?!]\s+|[。；]")
LOOKS = frozenset(("list", "logs", "events", "metrics", "rollout"))


# Less than this, without a word of the trade, is nothing.
FAINT = 8.0
# What speaks for another intent is no doubt while it is at most this part of what speaks for one.
MUCH_LESS = 0.5
# What must not be done is heard in every word, names included.
REFUSED = frozenset(("secret", "bypass"))
ALL = "all"


def says(text: str, language: Language, word: Word) -> bool:
    """Whether a sentence contains a word of that sort. Chinese sentences contain English too."""
    bare = without_names(text)
    return any(getattr(one, word).search(bare) for one in _lexicons(language))


def scores(text: str, language: Language) -> Scores:
    """Evidence for each reading; several signals of one intent add up with shrinking weight."""
    heard = _heard(text, language)
    idea = is_supposed(text, language)
    table = [signal for one in _lexicons(language) for signal in one.signals]
    hits: dict[tuple[str, str], list[float]] = defaultdict(list)
    for signal in table:
        if signal.subagent == "autofix" and signal.intent == "change" and idea:
            continue
        if signal.pattern.search(_for(signal, heard)):
            hits[signal.subagent, signal.intent].append(signal.weight)
    if OURS.search(text):
        hits["autofix", "change"].append(OF_OURS)
    if not idea and orders_amount(heard["autofix"]):
        hits["autofix", "change"].append(OF_AN_AMOUNT)
    return {reading: added(weights) for reading, weights in hits.items()}


def is_supposed(text: str, language: Language) -> bool:
    """Whether a change is only thought of."""
    return says(text, language, "hypothetical") or says(text, language, "supposed")


def _for(signal: Signal, heard: Mapping[str, str]) -> str:
    """What is heard of a sentence by who would answer. That it began with a change asks for none."""
    if signal.intent in REFUSED:
        return heard[ALL]
    return heard.get(signal.intent, heard.get(signal.subagent, heard[""]))


def added(weights: Sequence[float]) -> float:
    first, *rest = sorted(weights, reverse=True)
    return first + REPEATED * sum(rest)


def intent_for(intent: str, readings: Scores, text: str, language: Language) -> str:
    """What is asked about the cluster. Nobody tells us of pods and logs but because of trouble.

    What is to be shown is shown, even when only the broken ones are asked for.
    """
    if says(text, language, "why"):
        return "investigate" if intent in LOOKS else intent
    if intent == "health" and _told_before(text, language):
        return "investigate"
    if says(text, language, "request"):
        looks = {one: score for (_, one), score in readings.items() if one in LOOKS}
        best = max(looks, key=lambda one: looks[one], default=intent)
        return best if intent == "investigate" else intent
    if _is_told_so(intent, readings):
        return intent
    told = says(text, language, "complaint") or says(text, language, "statement")
    return "investigate" if told and intent in LOOKS else intent


def _is_told_so(intent: str, readings: Scores) -> bool:
    """Whether words for a look leave little to those for a fault: "is the rollout stuck?"."""
    told = readings.get(("rca", intent), 0.0)
    return told >= FAINT and readings.get(("rca", "investigate"), 0.0) <= told * MUCH_LESS


def _told_before(text: str, language: Language) -> bool:
    """Whether one clause tells of trouble and another asks how something is: "users cannot log in, is it ok?"."""
    clauses = [one for one in CLAUSE.split(text) if one.strip()]
    asks = [("rca", "health") in scores(one, language) for one in clauses]
    tells = [says(one, language, "trouble") or says(one, language, "complaint") for one in clauses]
    return any(told and not asked for told, asked in zip(tells, asks, strict=True)) and any(asks)


def _lexicons(language: Language) -> tuple[Lexicon, ...]:
    english = lexicon("english")
    return (lexicon("chinese"), english) if language == "zh" else (english,)


def _heard(text: str, language: Language) -> Mapping[str, str]:
    """What each subagent hears of a sentence. What must be refused is heard in every word of it."""
    bare = without_names(text)
    matter = without_circumstances(bare)
    troubled = (says(text, language, word) for word in ("trouble", "complaint", "why"))
    if any(troubled):
        return {
            ALL: text,
            "none": bare,
            "rca": bare,
            "changes": matter,
            "autofix": without_ruled_out(without_deeds(matter)),
            "silences": without_ruled_out_silence(without_purposes(matter)),
            "": without_purposes(matter),
        }
    orders = {
        "autofix": without_ruled_out(without_deeds(matter)),
        "silences": without_ruled_out_silence(matter),
    }
    return {ALL: text, "none": bare, "rca": bare, **orders, "": matter}
