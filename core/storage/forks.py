"""Conversations in which an earlier question was asked otherwise, or answered once more, in their own thread.

What was said is a tree of steps: each question and each answer goes on from another step. A step is
called by the run that it came of, a question `asked-RUN`; `start` is before the first. An answer whose
detail has `after` began a fork there; any other turn goes on from the one said before it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.storage.records import MessageRow

START, ASKED = "start", "asked-"


@dataclass(frozen=True, slots=True)
class Step:
    """One question, or the answers to one with what was said between them; `before` is the step before."""

    name: str
    before: str
    rows: tuple[MessageRow, ...]


def steps_of(rows: Sequence[MessageRow]) -> dict[str, Step]:
    """By name, in the order they were said. `rows` are all of a conversation, in their order."""
    steps: dict[str, Step] = {}
    last = START
    for asked, answers in _turns(rows):
        run_id = run_of(answers[0]) if answers else asked[0].id
        before = str(answers[0].detail.get("after") or last) if answers else last
        if asked:
            last = ASKED + run_id
            steps[last] = Step(last, before, tuple(asked))
            before = last
        if answers:
            last = run_of(answers[-1])
            steps[last] = Step(last, before, tuple(answers))
    return steps


def line_to(steps: Mapping[str, Step], name: str) -> list[Step]:
    """From the first step to the one of that name. Raises `KeyError` where there is none."""
    line: list[Step] = []
    while name != START:
        line.append(steps[name])
        name = steps[name].before
    return line[::-1]


def latest(steps: Mapping[str, Step]) -> str:
    """The step that a conversation goes on from."""
    return [START, *steps][-1]


def rows_of(line: Sequence[Step]) -> list[MessageRow]:
    return [row for step in line for row in step.rows]


def run_of(row: MessageRow) -> str:
    return str(row.detail.get("run_id") or row.id)


def _turns(rows: Sequence[MessageRow]) -> Iterator[tuple[list[MessageRow], list[MessageRow]]]:
    """Each question with the answers to it; one that is answered once more has answers alone."""
    asked, answers = list[MessageRow](), list[MessageRow]()
    for row in rows:
        is_question = row.role == "user"
        if (asked or answers) and (is_question or ("after" in row.detail and answers)):
            yield asked, answers
            asked, answers = [], []
        (asked if is_question else answers).append(row)
    if asked or answers:
        yield asked, answers
