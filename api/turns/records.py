"""What is kept of a turn, written in one transaction."""

from datetime import UTC, datetime
from uuid import uuid4

from agent.events import ToolFinished
from api.turns.answers import Answered, citation_shape, usage_shape
from api.turns.runs import Ending, Run
from core.errors import OpsError
from core.storage.database import Database
from core.storage.records import MessageRow, ToolCallRow, Turn
from core.storage.repositories.conversations import Conversations


async def record(
    database: Database, run: Run, answered: Answered, ending: Ending, error: OpsError | None
) -> None:
    """Keep the question, the answer as far as it came, and its tool calls."""
    turn = Turn(
        run.thread_id,
        run.subject,
        None if run.goes_on else _question(run, answered),
        _answer(run, answered, ending, error),
    )
    async with database.session() as session:
        await Conversations(session).append_turn(turn)


def _question(run: Run, answered: Answered) -> MessageRow:
    asked_at = datetime.fromtimestamp(run.started_ms / 1000, UTC)
    language = answered.done.language if answered.done else ""
    return MessageRow(str(uuid4()), "user", run.question, language, asked_at)


def _answer(run: Run, answered: Answered, ending: Ending, error: OpsError | None) -> MessageRow:
    done = answered.done
    detail = {
        "run_id": run.id,
        "ending": str(ending),
        "error": {"code": error.code, "message": str(error)} if error else None,
        "route": list(done.route) if done else [],
        "citations": [citation_shape(citation) for citation in done.citations] if done else [],
        "charts": answered.charts,
        "usage": [usage_shape(used) for used in answered.used],
        "incomplete": done.incomplete if done else "",
        "incomplete_code": done.incomplete_code if done else "",
        "approvals": list(done.approvals) if done else [],
        "duration_ms": run.duration_ms,
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
