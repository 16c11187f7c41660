"""What of a long conversation is kept, and what of it a model is shown again. Pure.

A thread may go on for a hundred turns; a small model reads a few thousand tokens. So the last answers
are shown in full as far as they fit, and of the older ones what tools found: causes, what was ruled
out, what was seen healthy, what could not be checked. Those come from the tools' own structured
results, not from a summary that a model made, so that nothing is invented or lost on the way; the
ones that share names with the question come first.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agent.estimating import estimated_tokens
from agent.state import Exchange
from agent.toolbox import Result

# Exchanges with their answers in full; those before them keep question and facts.
WHOLE = 8
# Exchanges with question and facts; of those before them only lasting facts are kept, once each.
KEPT = 40
LASTING_KEPT = 200
FACTS_PER_TURN = 10
FACT_CHARACTERS = 220
QUESTION_CHARACTERS = 240

# What is worth keeping for ever, by how it begins; the rest is a view of one moment.
LASTING = ("cause:", "ruled out:", "healthy:", "not checked:", "said:")
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{2,}|[\u4e00-\u9fff]{2}", re.IGNORECASE)


def facts_of(results: Sequence[Result]) -> list[str]:
    """What the results of one turn say, a line each, the lasting ones first."""
    told = [fact for result in results if result.ok for fact in _facts(result)]
    ordered = sorted(dict.fromkeys(told), key=lambda fact: not fact.startswith(LASTING))
    return ordered[:FACTS_PER_TURN]


def remembered(before: Sequence[Exchange], now: Exchange) -> list[Exchange]:
    """The exchanges to keep after one more, never more than so many and never growing beyond."""
    told = [*before, now]
    older, whole = told[:-WHOLE], told[-WHOLE:]
    short = [_shortened(one) for one in older]
    return [*_folded(short), *whole]


@dataclass(frozen=True, slots=True)
class Recollection:
    """What to show of the exchanges before a question, each oldest first."""

    facts: list[str]
    whole: list[Exchange]


def recalled(before: Sequence[Exchange], question: str, budget_tokens: int) -> Recollection:
    """The latest exchanges in full as far as they fit, and facts of the others."""
    whole, left = _latest_whole(before, budget_tokens)
    rest = before[: len(before) - len(whole)]
    return Recollection(_chosen(rest, question, left), whole)


def _facts(result: Result) -> Iterator[str]:
    data = result.data
    for cause in data.get("root_causes") or ():
        yield _line("cause", f"{cause['rule']}: {cause['summary']} ({cause['confidence']})")
    for one in data.get("ruled_out") or ():
        yield _line("ruled out", f"{one['hypothesis']} - {one['why']}")
    for one in data.get("healthy") or ():
        yield _line("healthy", one["text"])
    if data.get("verdict") == "healthy" and "summary" in data:
        yield _line("healthy", str(data["summary"]))
    for one in data.get("not_checked") or ():
        yield _line("not checked", f"{one['what']}: {one['why']}")
    if "root_causes" not in data:
        yield _line("seen", f"{_called(result)}: {_first_words(result.text)}")


def _called(result: Result) -> str:
    told = " ".join(f"{key}={value}" for key, value in result.arguments.items() if value)
    return f"{result.tool} {told}".strip()


def _first_words(text: str) -> str:
    return " · ".join(line.strip() for line in text.splitlines()[:3])


def _line(label: str, text: str) -> str:
    words = f"{label}: {' '.join(text.split())}"
    return words if len(words) <= FACT_CHARACTERS else words[: FACT_CHARACTERS - 1] + "…"


def _shortened(one: Exchange) -> Exchange:
    question = " ".join(one["question"].split())[:QUESTION_CHARACTERS]
    return Exchange(question=question, answer="", facts=_facts_in(one))


def _folded(older: Sequence[Exchange]) -> list[Exchange]:
    """Within bounds: what is too old becomes one exchange without a question."""
    if len(older) <= KEPT:
        return list(older)
    gone, stay = older[:-KEPT], older[-KEPT:]
    facts = [fact for one in gone for fact in (*_said(one), *_facts_in(one))]
    lasting = [fact for fact in dict.fromkeys(facts) if fact.startswith(LASTING)]
    return [Exchange(question="", answer="", facts=lasting[-LASTING_KEPT:]), *stay]


def _said(one: Exchange) -> list[str]:
    """What a person told, which no tool can tell again; what they asked is answered by the facts."""
    told = one["question"].rstrip()
    return [] if not told or told.endswith(("?", "？")) else [_line("said", told)]


def _latest_whole(before: Sequence[Exchange], budget: int) -> tuple[list[Exchange], int]:
    """The latest exchanges that fit into two thirds of the budget, and what is left of it."""
    whole: list[Exchange] = []
    left, share = budget, budget * 2 // 3
    for one in reversed(before[-WHOLE:]):
        if not whole:
            one = _cut(one, share)
        cost = estimated_tokens(one["question"] + one["answer"])
        if not one["answer"] or cost > share:
            break
        whole.insert(0, one)
        left, share = left - cost, share - cost
    return whole, left


def _cut(one: Exchange, tokens: int) -> Exchange:
    """The latest exchange is always shown, if only its beginning: the question may point at it."""
    room = tokens - estimated_tokens(one["question"]) - 1
    spare = max(0, estimated_tokens(one["answer"]) - room)
    if not spare:
        return one
    size = len(one["answer"]) * max(0, room) // (room + spare)
    return Exchange(
        question=one["question"], answer=one["answer"][:size] + "…", facts=_facts_in(one)
    )


def _facts_in(one: Exchange) -> list[str]:
    return one.get("facts", [])


def _chosen(rest: Sequence[Exchange], question: str, budget: int) -> list[str]:
    """Lines of the older exchanges, the most useful ones first until the budget is spent."""
    asked = names_in(question)
    lines = [
        (fact, age)
        for age, one in enumerate(reversed(rest))
        for fact in (*_said(one), *_facts_in(one))
    ]
    chosen: dict[str, int] = {}
    for fact, age in sorted(lines, key=lambda line: _use(*line, asked), reverse=True):
        cost = estimated_tokens(fact) + 1
        if fact not in chosen and cost <= budget:
            chosen[fact] = age
            budget -= cost
    return sorted(chosen, key=lambda fact: -chosen[fact])


def _use(fact: str, age: int, asked: frozenset[str]) -> tuple[int, bool, int]:
    """Names shared with the question, then whether it lasts, then how new it is."""
    return len(asked & names_in(fact)), fact.startswith(LASTING), -age


def names_in(text: str) -> frozenset[str]:
    """The names in a text, whole and by their parts, in lower case."""
    words = {one.lower().strip(".-") for one in _NAME.findall(text)}
    return frozenset(part for word in words for part in {word, *word.split("-")} if len(part) > 1)
