"""An answer as one text, for readers who see nothing else: with its sources and what it waits for."""

from collections.abc import Callable, Mapping
from typing import Any

from agent.intents import Language
from agent.wording import phrase

HowTo = Callable[[Mapping[str, Any]], str]


def as_text(shape: Mapping[str, Any], how_to_answer: HowTo) -> str:
    """The `ask` shape as Markdown. `how_to_answer` says how a question to a person is answered here."""
    language: Language = "zh" if shape["language"] == "zh" else "en"
    parts = [shape["answer"].strip()]
    if shape["citations"]:
        sources = (
            f"- [{c['n']}] {c['source']} {c['ref']}: {c['text']}" for c in shape["citations"]
        )
        parts += ["", f"**{phrase('text.sources', language)}**", "", *sources]
    if shape["incomplete"]:
        parts += ["", f"**{phrase('text.partial', language)}**: {shape['incomplete']}"]
    for asked in shape["approvals"]:
        how = how_to_answer(asked)
        parts += [
            "",
            approval_text(asked, language, fence="```"),
            *(["", f"`{how}`"] if how else ()),
        ]
    if shape["usage"] and all(used["provider"] == "offline" for used in shape["usage"]):
        parts += ["", f"_{phrase('text.no_model', language)}_"]
    return "\n".join(parts)


def approval_text(asked: Mapping[str, Any], language: Language, *, fence: str = "") -> str:
    """What will happen if a person says yes; `fence` goes around the diff."""
    arguments = ", ".join(f"{name}={value}" for name, value in asked["arguments"].items())
    lines = [f"{asked['tool']}({arguments})"]
    where = " · ".join(one for one in (asked["objects"], asked["cluster"]) if one)
    lines += [where] if where else []
    lines += list(asked["actions"])
    if asked["risk"]:
        lines.append(f"{phrase('text.risk', language)}: {asked['risk']}")
    lines += [f"- {fact}" for fact in asked["facts"]]
    if asked["diff"]:
        lines += [f"{fence}diff", asked["diff"].rstrip(), fence] if fence else [asked["diff"]]
    lines += [asked[name] for name in ("rehearsal", "cannot_know", "problem") if asked[name]]
    lines.append(phrase("text.until", language, at=asked["expires_at"][:19]))
    return "\n".join(lines)
