"""`ask`: a whole turn of the assistant as one tool."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from mcp.types import Tool, ToolAnnotations

from agent.events import SubagentStarted, ToolStarted
from api.sentences import SENTENCES
from api.turns.answers import Answered
from api.turns.questions import Question
from api.turns.running import MAX_QUESTION_CHARACTERS
from api.turns.runs import Run
from core.errors import Invalid
from core.principal import Principal

Progress = Callable[[str], Awaitable[None]]
Ask = Callable[[Principal, Question, Progress], Awaitable[dict[str, Any]]]

ASK = Tool(
    name="ask",
    title="Ask Midwatch",
    description=(
        "Ask the operations assistant a question about the cluster in English or Chinese: what is "
        "wrong and why, costs, alerts, how-to. Returns a Markdown answer with numbered citations. "
        "Pass the returned thread_id to continue the conversation."
    ),
    input_schema={
        "type": "object",
        "properties": {
            "question": {
                "type": "string",
                "minLength": 1,
                "maxLength": MAX_QUESTION_CHARACTERS,
                "description": "What to find out, e.g. 'Why is checkout failing?'",
            },
            "thread_id": {"type": "string", "description": "The conversation to continue."},
            "language": {"type": "string", "enum": ["auto", "en", "zh"], "default": "auto"},
        },
        "required": ["question"],
        "additionalProperties": False,
    },
    output_schema={
        "type": "object",
        "properties": {
            "thread_id": {"type": "string"},
            "answer": {"type": "string", "description": "Markdown."},
            "language": {"type": "string"},
            "route": {"type": "array", "items": {"type": "string"}},
            "citations": {"type": "array", "items": {"type": "object"}},
            "tool_calls": {"type": "array", "items": {"type": "object"}},
            "approvals": {"type": "array", "items": {"type": "object"}},
            "usage": {"type": "array", "items": {"type": "object"}},
            "duration_ms": {"type": "integer"},
        },
        "required": ["thread_id", "answer", "citations", "tool_calls", "usage", "duration_ms"],
    },
    annotations=ToolAnnotations(read_only_hint=True, open_world_hint=True),
)


def question_of(arguments: Mapping[str, Any]) -> Question:
    """Raises `Invalid` for a question that is empty, too long, or in a language we do not speak."""
    text = str(arguments.get("question", "")).strip()
    language = str(arguments.get("language") or "auto")
    if not text or len(text) > MAX_QUESTION_CHARACTERS:
        raise SENTENCES.error(
            Invalid, "question_length", max_question_characters=MAX_QUESTION_CHARACTERS
        )
    if language not in {"auto", "en", "zh"}:
        raise SENTENCES.error(Invalid, "no_such_language", language=language)
    return Question(text, thread_id=str(arguments.get("thread_id") or ""), language=language)


async def shape_of(run: Run, progress: Progress) -> dict[str, Any]:
    """A run watched to its end; the caller hears which subagent and which tool is at work."""
    answered = Answered(run.thread_id)
    async for event in run.follow():
        answered.add(event)
        if isinstance(event, SubagentStarted):
            await progress(event.name)
        elif isinstance(event, ToolStarted):
            await progress(f"{event.server}: {event.tool}")
    return answered.shape(duration_ms=run.duration_ms)
