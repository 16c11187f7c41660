"""A whole conversation as one Markdown document, to keep beside an incident or to hand on."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from agent.intents import Language
from agent.wording import phrase
from api.turns.reading import as_text

Json = Mapping[str, Any]


def as_document(thread: Json, messages: Sequence[Json], at: datetime, language: Language) -> str:
    """Questions, answers with their sources, and which tools were asked; as `readThread` tells them.

    Headings are in `language`; what was said stays in the language it was said in.
    """
    title = " ".join(str(thread["title"]).split()).replace("#", "\\#")
    told = phrase("export.head", language, at=_moment(at), thread=thread["id"])
    parts = [f"# {title}", f"_{told}_"]
    for message in messages:
        parts += _question(message, language) if message["role"] == "user" else _answer(message)
    return "\n\n".join(part for part in parts if part) + "\n"


def _question(message: Json, language: Language) -> list[str]:
    head = phrase("export.asked", language, at=_moment(message["created_at"]))
    quoted = "\n".join(f"> {line}" for line in str(message["content"]).splitlines())
    return [f"## {head}", quoted]


def _answer(message: Json) -> list[str]:
    """In the language of the answer, as every door tells it."""
    language: Language = "zh" if message["language"] == "zh" else "en"
    shape = {
        "answer": message["content"],
        "language": language,
        "citations": message.get("citations") or (),
        "incomplete": message.get("incomplete") or "",
        "usage": message.get("usage") or (),
        "approvals": (),
    }
    failed: Json = message.get("error") or {}
    calls = [_call(one) for one in message.get("tool_calls") or ()]
    tools = f"**{phrase('export.tools', language)}**\n\n" + "\n".join(calls) if calls else ""
    return [as_text(shape, lambda _: ""), str(failed.get("message", "")), tools]


def _call(call: Json) -> str:
    given = ", ".join(f"{name}={value}" for name, value in call["arguments"].items())
    return f"- `{call['tool']}({given})`: {call['status']}, {call['duration_ms']} ms"


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
