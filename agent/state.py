"""What flows through the supervisor graph, and what a conversation keeps between turns."""

from typing import Any, NotRequired

from typing_extensions import TypedDict


class Exchange(TypedDict):
    """One question, its answer, and what tools found for it. Of an old one the answer is empty."""

    question: str
    answer: str
    facts: NotRequired[list[str]]


class OpsState(TypedDict):
    """The supervisor's state. Only plain values: a checkpoint of it can always be read again.

    `language` and `namespace` are what the door knows ("auto" and "" when nothing). `asked` is
    the shape of the decision that is being worked on and, until the next turn is read, what a
    follow-up refers to; `plan` holds the decisions still to come, `visited` the subagents that
    were. The messages between a model and its tools live in the subagent's loop and end with
    it: evidence is numbered anew in every turn.
    """

    question: str
    language: str
    namespace: str
    plan: list[dict[str, Any]]
    visited: list[str]
    asked: NotRequired[dict[str, Any]]
    exchanges: NotRequired[list[Exchange]]


# What a node changes of the state.
Update = dict[str, Any]
