"""What flows through the supervisor graph, and what a conversation keeps between turns."""

from collections.abc import Sequence
from typing import Annotated, Any, NotRequired

from typing_extensions import TypedDict


class Exchange(TypedDict):
    """One question, its answer, and what tools found for it. Of an old one the answer is empty.

    `asked` is the decision it was read as, to which a follow-up refers.
    """

    question: str
    answer: str
    facts: NotRequired[list[str]]
    asked: NotRequired[dict[str, Any]]


def since_begun(old: Sequence[Any], new: Sequence[Any]) -> list[Any]:
    """Subagents at work side by side each add their own; an empty list begins a turn."""
    return [*old, *new] if new else []


def newest(_: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Of several at work side by side, what the last one of the plan leaves."""
    return new


def longest(old: Sequence[Any], new: Sequence[Any]) -> list[Any]:
    """Of lists that only grow, the one that grew most; an empty one begins anew."""
    return list(max(old, new, key=len)) if new else []


class OpsState(TypedDict):
    """The supervisor's state. Only plain values: a checkpoint of it can always be read again.

    `language` and `namespace` are what the door knows ("auto" and "" when nothing). `asked` is
    the shape of the decision that is being worked on and, until the next turn is read, what a
    follow-up refers to; `plan` holds the decisions still to come, `visited` the subagents that
    were. The messages between a model and its tools live in the subagent's loop and end with
    it: evidence is numbered anew in every turn.

    While a turn is at work, `steps` are the titles of its plan and `results`, `said` and `evidence`
    what the subagents that finished found and said, so that another process can take the turn up.
    `unanswered` is a turn before, whose question to a person nobody answered.
    """

    question: str
    language: str
    namespace: str
    plan: list[dict[str, Any]]
    visited: Annotated[list[str], since_begun]
    asked: NotRequired[Annotated[dict[str, Any], newest]]
    exchanges: NotRequired[list[Exchange]]
    steps: NotRequired[list[str]]
    results: NotRequired[Annotated[list[dict[str, Any]], since_begun]]
    said: NotRequired[Annotated[list[list[str]], since_begun]]
    evidence: NotRequired[Annotated[list[list[str]], longest]]
    unanswered: NotRequired[Exchange | None]


# What belongs to one turn and ends with it.
OF_A_TURN = ("results", "said", "evidence")


# What a node changes of the state.
Update = dict[str, Any]
