"""Who worked on a turn and by which plan: what the page drew while it ran, to be drawn again later."""

from collections.abc import Sequence
from typing import Any

from agent.events import Planned, SubagentFinished, SubagentStarted, ToolFinished
from api.turns.runs import Ending, Run
from core.redaction import redact_text


def plan_of(run: Run) -> list[dict[str, str]]:
    """The steps as they stood last; empty for a question that took no plan."""
    plans = [one.event for one in run.log if isinstance(one.event, Planned)]
    steps = plans[-1].steps if plans else ()
    return [{"title": redact_text(step.title), "status": step.status} for step in steps]


def lanes_of(run: Run, ending: Ending) -> list[dict[str, Any]]:
    """The subagents in the order they began, each with how it ended and the ids of its tool calls."""
    events = [one.event for one in run.log]
    ended = {one.run_id: one.status for one in events if isinstance(one, SubagentFinished)}
    unended = "cancelled" if ending is Ending.CANCELLED else "error"
    calls = [one for one in events if isinstance(one, ToolFinished)]
    return [
        _lane(one, ended.get(one.run_id, unended), calls)
        for one in events
        if isinstance(one, SubagentStarted)
    ]


def _lane(started: SubagentStarted, status: str, calls: Sequence[ToolFinished]) -> dict[str, Any]:
    return {
        "id": started.run_id,
        "name": started.name,
        "why": redact_text(started.why),
        "status": status,
        "calls": [one.call_id for one in calls if one.subagent_run_id == started.run_id],
    }
