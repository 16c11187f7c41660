"""Pure: what is taken over of a foreign tool list, and the digest by which it is accepted."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import orjson
from mcp.types import Tool, ToolAnnotations

from core.principal import Permission
from core.visible import visible

# What fits the names that providers of models allow, together with its server's.
TOOL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
MOST_TOOLS = 30
MAX_DESCRIPTION_CHARACTERS = 400
MAX_ARGUMENT_CHARACTERS = 120
MAX_SCHEMA_CHARACTERS = 4_000
# Of a schema, what says what may be put in; titles, examples and the like only say words.
KEYWORDS = frozenset(
    (
        *("type", "properties", "required", "items", "enum", "const", "anyOf", "oneOf", "allOf"),
        *("additionalProperties", "minimum", "maximum", "minLength", "maxLength", "minItems"),
        *("maxItems", "pattern", "format", "default", "description"),
    )
)


@dataclass(frozen=True, slots=True)
class Adopted:
    """`tools` as callers are shown them; `left_out` names the others and says why."""

    digest: str
    tools: tuple[Tool, ...]
    left_out: tuple[tuple[str, str], ...]


def adopted(server: str, offered: Sequence[Tool]) -> Adopted:
    """The tools that say they only read, under names of this server, in words marked as not ours.

    Who looks after a change of somebody else's tool, and how it is taken back, nobody here can say.
    """
    kept: list[Tool] = []
    left_out: list[tuple[str, str]] = []
    for tool in offered:
        if why := _unfit(tool, full=len(kept) >= MOST_TOOLS):
            left_out.append((visible(tool.name)[:80], why))
        else:
            kept.append(_renamed(server, tool))
    return Adopted(digest(offered), tuple(kept), tuple(left_out))


def digest(offered: Sequence[Tool]) -> str:
    """`sha256:` over everything a model or a person would go by, in whatever order it came."""
    told = sorted(
        orjson.dumps(
            [
                tool.name,
                tool.description or "",
                tool.input_schema,
                tool.annotations.model_dump(mode="json") if tool.annotations else None,
            ],
            option=orjson.OPT_SORT_KEYS,
        )
        for tool in offered
    )
    return "sha256:" + hashlib.sha256(b"\n".join(told)).hexdigest()


def _unfit(tool: Tool, *, full: bool) -> str:
    if not TOOL_NAME.fullmatch(tool.name):
        return "its name cannot be used"
    if not (tool.annotations and tool.annotations.read_only_hint):
        return "it does not say that it only reads"
    if len(orjson.dumps(_schema(tool.input_schema))) > MAX_SCHEMA_CHARACTERS:
        return "its arguments take too long to describe"
    return f"only {MOST_TOOLS} tools are taken" if full else ""


def _renamed(server: str, tool: Tool) -> Tool:
    said = _words(tool.description or "", MAX_DESCRIPTION_CHARACTERS)
    return Tool(
        name=f"{server}_{tool.name}",
        description=f"A tool of the foreign server {server}, which says of it: “{said}”",
        input_schema=_schema(tool.input_schema),
        annotations=ToolAnnotations(
            read_only_hint=True, destructive_hint=False, idempotent_hint=True
        ),
        _meta={"midwatch/needs": str(Permission.FOREIGN_USE), "midwatch/changes": False},
    )


def _schema(schema: dict[str, Any]) -> dict[str, Any]:
    kept = _kept(schema)
    return kept if kept.get("type") == "object" else {"type": "object", "properties": {}}


def _kept(schema: dict[str, Any]) -> dict[str, Any]:
    """Only keywords that bound what may be put in, and short descriptions."""
    told = {key: value for key, value in schema.items() if key in KEYWORDS}
    if "properties" in told:
        properties = cast("dict[str, Any]", told["properties"])
        told["properties"] = {visible(name): _below(one) for name, one in properties.items()}
    for key in ("items", "additionalProperties"):
        if key in told:
            told[key] = _below(told[key])
    for key in ("anyOf", "oneOf", "allOf"):
        if key in told:
            told[key] = [_below(one) for one in told[key]]
    if "description" in told:
        told["description"] = _words(str(told["description"]), MAX_ARGUMENT_CHARACTERS)
    return told


def _below(schema: Any) -> Any:
    return _kept(cast("dict[str, Any]", schema)) if isinstance(schema, dict) else schema


def _words(text: str, at_most: int) -> str:
    """On one line, without what nobody sees, cut."""
    line = " ".join(visible(text).replace("“", '"').replace("”", '"').split())
    return line if len(line) <= at_most else f"{line[: at_most - 1]}…"
