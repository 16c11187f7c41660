"""What is kept of a turn, written in one transaction."""

from datetime import UTC, datetime
from uuid import uuid4

from agent.events import ToolFinished
from agent.intents import language_of
from api.turns.answers import Answered, citation_shape, usage_shape
from api.turns.runs import Ending, Run
from api.turns.work import lanes_of, plan_of
from core.errors import OpsError
from core.redaction import redact_text
from core.storage.records import MessageRow, ToolCallRow, Turn
from core.storage.turn_writing import TurnWriting


async def record(
    kept: TurnWriting, run: Run, answered: Answered, ending: Ending, error: OpsError | None
) -> None:
    """Keep the question, the answer as far as it came, and its tool calls."""
    turn = Turn(
        run.thread_id,
        run.subject,
        None if run.goes_on else _question(run, answered),
        _answer(run, answered, ending, error),
        fork=run.fork,
    )
    await kept.append(turn)


def _question(run: Run, answered: Answered) -> MessageRow:
    asked_at = datetime.fromtimestamp(run.started_ms / 1000, UTC)
    language = answered.done.language if answered.done else ""
    return MessageRow(str(uuid4()), "user", run.question, language, asked_at)


def _error(run: Run, error: OpsError) -> dict[str, str]:
    """As it was told while it happened: in the language of the question."""
    return {"code": error.code, "message": redact_text(error.told(language_of(run.question)))}


def _answer(run: Run, answered: Answered, ending: Ending, error: OpsError | None) -> MessageRow:
    done = answered.done
    detail = {
        "run_id": run.id,
        "ending": str(ending),
        "error": _error(run, error) if error else None,
        "route": list(done.route) if done else [],
        "plan": plan_of(run),
        "lanes": lanes_of(run, ending),
        "citations": [citation_shape(citation) for citation in done.citations] if done else [],
        "charts": answered.charts,
        "usage": [usage_shape(used) for used in answered.used],
        "incomplete": done.incomplete if done else "",
        "incomplete_code": done.incomplete_code if done else "",
        "approvals": list(done.approvals) if done else [],
        "duration_ms": run.duration_ms,
        **({"after": run.fork} if run.fork else {}),
    }
    subagents = run.subagents()
    return MessageRow(
        str(uuid4()),
        "assistant",
        answered.answer,
        done.language if done else "",
        datetime.fromtimestamp(run.started_ms / 1000 + run.duration_ms / 1000, UTC),
        detail,
        tuple(_tool_call(call, subagents) for call in answered.tool_calls),
    )


def _tool_call(call: ToolFinished, subagents: dict[str, str]) -> ToolCallRow:
    return ToolCallRow(
        id=call.call_id,
        server=call.server,
        tool=call.tool,
        arguments=call.arguments,
        status=call.status,
        duration_ms=call.duration_ms,
        result=call.result,
        result_tokens=call.result_tokens,
        subagent=subagents.get(call.subagent_run_id, ""),
        cached=call.cached,
    )
