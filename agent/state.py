"""What flows through the supervisor graph, and what a conversation keeps between turns."""

from collections.abc import Sequence
from typing import Annotated, Any, NotRequired

from typing_extensions import TypedDict

# Earlier exchanges a subagent is shown. A checkpoint holds no more, so it never grows.
EXCHANGES_KEPT = 8


class Exchange(TypedDict):
    """One question and its answer, without its evidence."""

    question: str
    answer: str


def latest(old: Sequence[Exchange], new: Sequence[Exchange]) -> list[Exchange]:
    return [*old, *new][-EXCHANGES_KEPT:]


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
    exchanges: NotRequired[Annotated[list[Exchange], latest]]


# What a node changes of the state.
Update = dict[str, Any]
