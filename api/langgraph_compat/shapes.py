"""Conversations in the shapes of LangGraph's platform: messages, states, threads, runs.

The ids of messages are made of the run they belong to, so that what streams and what is read later
are the same messages.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from agent.approvals import Approval
from agent.standing import Standing
from api.turns.runs import Ending, Run
from core.storage.forks import ASKED, START, Step, line_to, run_of
from core.storage.records import ConversationRow, ToolCallRow

Wire = dict[str, Any]

GRAPH = "midwatch"
# A yes may carry the name that confirms a high risk, as `typed` of the decision.
DECISIONS = ("approve", "reject")
STATUS = {
    None: "running",
    Ending.DONE: "success",
    Ending.WAITING: "interrupted",
    Ending.CANCELLED: "interrupted",
}


def messages_of(line: Sequence[Step]) -> list[Wire]:
    """Questions and answers in order, and before an answer the calls of tools behind it."""
    return [one for step in line for one in _messages(step)]


def _messages(step: Step) -> list[Wire]:
    if step.name.startswith(ASKED):
        return [question(step.name.removeprefix(ASKED), row.text) for row in step.rows]
    told: list[Wire] = []
    for row in step.rows:
        told += [one for call in row.tool_calls for one in _called(run_of(row), call)]
        told.append(answer(run_of(row), row.text))
    return told


def question(run_id: str, text: str) -> Wire:
    return {"type": "human", "id": f"question-{run_id}", "content": text}


def answer(run_id: str, text: str) -> Wire:
    told: Wire = {"type": "ai", "id": answer_id(run_id), "content": text}
    return {**told, "tool_calls": [], "invalid_tool_calls": []}


def answer_id(run_id: str) -> str:
    return f"answer-{run_id}"


def call(run_id: str, call_id: str, tool: str, arguments: Mapping[str, Any]) -> Wire:
    one = {"id": call_id, "name": tool, "args": dict(arguments), "type": "tool_call"}
    told: Wire = {"type": "ai", "id": f"call-{run_id}-{call_id}", "content": ""}
    return {**told, "tool_calls": [one], "invalid_tool_calls": []}


def result(run_id: str, call_id: str, tool: str, text: str, status: str) -> Wire:
    told: Wire = {"type": "tool", "id": f"result-{run_id}-{call_id}", "content": text}
    outcome = "success" if status == "ok" else "error"
    return {**told, "tool_call_id": call_id, "name": tool, "status": outcome}


def interrupts_of(standing: Standing | None) -> list[Wire]:
    """What waits for a person, as agents with a person in the loop ask."""
    if standing is None or not standing.waits:
        return []
    return [interrupt(standing.approvals)]


def interrupt(approvals: Sequence[Approval]) -> Wire:
    """One question for all that waits: its decisions answer the requests in their order."""
    value: Wire = {
        "action_requests": [_request(one) for one in approvals],
        "review_configs": [
            {"action_name": one.tool, "allowed_decisions": list(DECISIONS)} for one in approvals
        ],
        **_in_old_words(approvals),
    }
    return {"id": approvals[0].id, "value": value, "when": "during", "resumable": True}


def _in_old_words(approvals: Sequence[Approval]) -> Wire:
    """The same for clients that know one request only, as the published agent-chat-ui does; what it
    answers, `accept` and `ignore`, is taken as well."""
    if len(approvals) != 1:
        return {}
    asked = _request(approvals[0])
    able = {"accept": True, "ignore": True, "edit": False, "respond": False}
    return {
        "action_request": {"action": asked["name"], "args": asked["args"]},
        "config": {f"allow_{name}": one for name, one in able.items()},
        "description": asked["description"],
    }


def thread(row: ConversationRow, *, status: str, **more: Any) -> Wire:
    return {
        "thread_id": row.id,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "metadata": {"graph_id": GRAPH, "title": row.title},
        "status": status,
        "config": {},
        "values": None,
        "interrupts": {},
        **more,
    }


def state(row: ConversationRow, line: Sequence[Step], waiting: Sequence[Wire] = ()) -> Wire:
    """What a thread holds after the last step of a line; `waiting` are its interrupts."""
    name = "approval"
    task = {"id": name, "name": name, "interrupts": list(waiting), "error": None, "state": None}
    return {
        "values": {"messages": messages_of(line)},
        "next": [name] if waiting else [],
        "tasks": [task] if waiting else [],
        "interrupts": list(waiting),
        "checkpoint": _checkpoint(row.id, line[-1].name if line else START),
        "parent_checkpoint": _checkpoint(row.id, line[-1].before) if line else None,
        "metadata": {"graph_id": GRAPH},
        "created_at": line[-1].rows[-1].created_at if line else row.created_at,
    }


def history(
    row: ConversationRow, steps: Mapping[str, Step], waiting: Sequence[Wire]
) -> Iterable[Wire]:
    """The states after each question and answer of all forks, the latest first; `start` is the last."""
    for place, name in enumerate([START, *steps][::-1]):
        yield state(row, line_to(steps, name), waiting if place == 0 else ())


def run(one: Run) -> Wire:
    return {
        "run_id": one.id,
        "thread_id": one.thread_id,
        "assistant_id": GRAPH,
        "created_at": _moment(one.started_ms),
        "updated_at": _moment(one.ended_ms or one.started_ms),
        "status": STATUS.get(one.ending, "error"),
        "metadata": {},
        "kwargs": {},
        "multitask_strategy": "reject",
    }


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat()


def _request(one: Approval) -> Wire:
    lines = [*one.actions, *one.facts, one.diff]
    lines += [f"Type {one.typed} to confirm."] if one.typed else []
    told = {"name": one.tool, "action": one.tool, "args": one.arguments, "typed": one.typed}
    return {**told, "description": "\n".join(line for line in lines if line)}


def _called(run_id: str, one: ToolCallRow) -> tuple[Wire, Wire]:
    return (
        call(run_id, one.id, one.tool, one.arguments),
        result(run_id, one.id, one.tool, one.result, one.status),
    )


def _checkpoint(thread_id: str, name: str) -> Wire:
    return {"thread_id": thread_id, "checkpoint_ns": "", "checkpoint_id": name}
