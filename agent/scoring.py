"""Pure: how strongly a lower-case sentence speaks for each subagent and intent."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Literal

from agent.covering import without_circumstances, without_names, without_purposes
from agent.lexicon.signals import Lexicon, lexicon

Language = Literal["en", "zh"]
Word = Literal["trade", "complaint", "why", "request", "hypothetical"]
Scores = Mapping[tuple[str, str], float]

# A second signal of the same reading adds little: sentences repeat themselves.
REPEATED = 0.35
# What asks to see something, until something is said to be wrong with it.
LOOKS = frozenset(("list", "logs", "events", "metrics", "rollout"))


def says(text: str, language: Language, word: Word) -> bool:
    """Whether a sentence contains a word of that sort. Chinese sentences contain English too."""
    bare = without_names(text)
    return any(getattr(one, word).search(bare) for one in _lexicons(language))


def scores(text: str, language: Language) -> Scores:
    """Evidence for each reading; several signals of one intent add up with shrinking weight."""
    heard = _heard(text, language)
    idea = says(text, language, "hypothetical")
    table = [signal for one in _lexicons(language) for signal in one.signals]
    hits: dict[tuple[str, str], list[float]] = defaultdict(list)
    for signal in table:
        if signal.subagent == "autofix" and signal.intent == "change" and idea:
            continue
        if signal.pattern.search(heard.get(signal.subagent, heard[""])):
            hits[signal.subagent, signal.intent].append(signal.weight)
    return {reading: added(weights) for reading, weights in hits.items()}


def added(weights: Sequence[float]) -> float:
    first, *rest = sorted(weights, reverse=True)
    return first + REPEATED * sum(rest)


def intent_for(intent: str, text: str, language: Language) -> str:
    """What is asked about the cluster: trouble beats a look at what it is about."""
    if intent not in LOOKS:
        return intent
    wrong = says(text, language, "complaint") and not says(text, language, "request")
    return "investigate" if wrong or says(text, language, "why") else intent


def _lexicons(language: Language) -> tuple[Lexicon, ...]:
    english = lexicon("english")
    return (lexicon("chinese"), english) if language == "zh" else (english,)


def _heard(text: str, language: Language) -> Mapping[str, str]:
    """What each subagent hears of a sentence. What must be refused is heard in every word of it."""
    bare = without_names(text)
    matter = without_circumstances(bare)
    if says(text, language, "complaint") or says(text, language, "why"):
        return {"none": text, "rca": bare, "autofix": matter, "": without_purposes(matter)}
    return {"none": text, "rca": bare, "": matter}
