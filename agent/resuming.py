"""Taking a turn up again: what stands in a thread, what was found before, what a person answered."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from langgraph.types import StateSnapshot

from agent.approvals import Approval, Decision
from agent.events import ApprovalNeeded
from agent.nodes import decision, step_of
from agent.recollection import facts_of
from agent.standing import Standing
from agent.state import Update
from agent.toolbox import Result
from agent.turn import Turn
from agent.wording import phrase


def standing_of(snapshot: StateSnapshot) -> Standing | None:
    if not snapshot.next:
        return None
    state = snapshot.values
    found = [Result.of(one) for one in state.get("results", ())]
    said = "\n\n".join(text for _, text in state.get("said", ()))
    asked = tuple(Approval.of(shape) for shape in _pending(snapshot).values())
    return Standing(str(state.get("question", "")), said, asked, tuple(facts_of(found)))


def restore(turn: Turn, snapshot: StateSnapshot) -> None:
    """Give a new turn what the subagents that finished found and said; loops see to themselves."""
    parts = [snapshot.values, *(_written(task.result) for task in snapshot.tasks)]
    for part in parts:
        turn.evidence.take_back(part.get("evidence", ()))
        turn.take_back([Result.of(one) for one in part.get("results", ())])
    for part in parts:
        for _, text in part.get("said", ()):
            turn.recall(text)
    turn.calls = len(turn.toolbox.results)
    turn.divide(_unfinished(snapshot))


def _unfinished(snapshot: StateSnapshot) -> list[str]:
    """The steps of the plan that were begun and are not at their end."""
    state = snapshot.values
    first, still = len(state.get("visited", ())), len(state.get("plan", ()))
    begun = range(first, len(state.get("steps", ())) - still)
    finished = {step_of(_written(task.result).get("asked", {})) for task in snapshot.tasks}
    return [str(n) for n in begun if str(n) not in finished]


def answers_to(snapshot: StateSnapshot, decisions: Sequence[Decision]) -> dict[str, Any]:
    """By interrupt, what was said to its questions; where nothing was, nothing."""
    said = {one.approval_id: one for one in decisions}
    return {
        interrupt.id: {
            shape["id"]: _plain(said[shape["id"]])
            for shape in interrupt.value["approvals"]
            if shape["id"] in said
        }
        for task in snapshot.tasks
        for interrupt in task.interrupts
    }


def tell_pending(state: Mapping[str, Any], turn: Turn) -> None:
    """Say what is waited for: to programs as events, to people in words that any door can show."""
    language = decision(state)["language"]  # pyright: ignore[reportArgumentType] - the state's shape
    for interrupt in state["__interrupt__"]:
        # What a subagent is asked is not yet in the state while it waits.
        language = turn.voice.language = interrupt.value.get("language", language)
        for shape in interrupt.value["approvals"]:
            turn.asked_for.append(shape)
            turn.emit(ApprovalNeeded(shape))
            arguments = ", ".join(f"{name}={value}" for name, value in shape["arguments"].items())
            told = {"tool": shape["tool"], "arguments": arguments, "id": shape["id"]}
            turn.say_by_rule(phrase("approval.waits", language, **told))


def _pending(snapshot: StateSnapshot) -> dict[str, Mapping[str, Any]]:
    return {
        shape["id"]: shape
        for task in snapshot.tasks
        for interrupt in task.interrupts
        for shape in interrupt.value["approvals"]
    }


def _written(result: Any) -> Update:
    """What a task that finished beside the running ones wrote; it is applied when they are done."""
    return result if isinstance(result, dict) else {}


def _plain(said: Decision) -> dict[str, Any]:
    return {name: value for name, value in asdict(said).items() if name != "approval_id"}
