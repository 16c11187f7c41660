"""What flows through the supervisor graph, and what a conversation keeps between turns."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from typing_extensions import TypedDict

Language = Literal["en", "zh"]

# Earlier exchanges a subagent is shown. A checkpoint holds no more, so it never grows.
EXCHANGES_KEPT = 8


class Exchange(TypedDict):
    """One question and its answer, without its evidence."""

    question: str
    answer: str


def latest(old: Sequence[Exchange], new: Sequence[Exchange]) -> list[Exchange]:
    return [*old, *new][-EXCHANGES_KEPT:]


class OpsState(TypedDict, total=False):
    """The supervisor's state. Only plain values: a checkpoint of it can always be read again.

    `asked` is the decision of this turn (`intents.Route` as a mapping) and, until the next
    one is read, what a follow-up refers to. `plan` holds the subagents still to go, `visited`
    those that were. The messages between a model and its tools live in the subagent's loop
    and end with it: evidence is numbered anew in every turn.
    """

    question: str
    language: Language
    namespace: str
    asked: dict[str, Any]
    plan: list[str]
    visited: list[str]
    exchanges: Annotated[list[Exchange], latest]
