"""What a tool call gives back: a result cut to size and redacted, or a failure in a sentence."""

import re
from dataclasses import dataclass
from typing import Any, Protocol, Self, cast, runtime_checkable

import orjson
from mcp.types import CallToolResult, InputRequiredResult, TextContent
from pydantic import BaseModel

from core.errors import OpsError, TooLarge
from core.redaction import redact_fields, redact_text, signs_of_secrets
from core.visible import has_unseen, visible, visible_fields
from mcp_servers.paging import Page
from mcp_servers.sentences import SENTENCES

# What one call may put before a model (about 6,000 tokens) and hand to a program.
MAX_TEXT_CHARACTERS = 24_000
MAX_DATA_CHARACTERS = 256 * 1024
# How JSON writes control characters.
_ESCAPED = re.compile(r"\\(?:u00|[bfr])")


@runtime_checkable
class Readable(Protocol):
    """A result that knows how a model reads it best."""

    def as_text(self) -> str:
        """Compact; holds every fact that the structured content holds, or says what is left out."""
        ...


def success(result: BaseModel, at_most: int) -> CallToolResult:
    """Structured content for programs and a compact text for models, cut to size and redacted."""
    written = _Written.of(result)
    while (over := written.excess(at_most)) > 1:
        result = _cut(result, over)
        written = _Written.of(result)
    data, text = written.data, written.text
    if signs := signs_of_secrets(f"{written.json}{text}"):
        data, text = redact_fields(data, signs), redact_text(text, signs)
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=data)


@dataclass(frozen=True)
class _Written:
    """A result as it would be sent, without what nobody sees."""

    data: dict[str, Any]
    json: str
    text: str

    @classmethod
    def of(cls, result: BaseModel) -> Self:
        data = result.model_dump(mode="json")
        told = orjson.dumps(data).decode()
        if _ESCAPED.search(told) or has_unseen(told):
            data = visible_fields(data)
            told = orjson.dumps(data).decode()
        text = visible(result.as_text()) if isinstance(result, Readable) else _compact(data)
        return cls(data, told, text)

    def excess(self, at_most: int) -> float:
        """How many times too large; at most 1 fits."""
        return max(len(self.json) / at_most, len(self.text) / MAX_TEXT_CHARACTERS)


def _cut(result: BaseModel, over: float) -> BaseModel:
    """A page gives up rows and moves its cursor; anything else must fit as it is."""
    if not isinstance(result, Page) or len(cast("Page[Any]", result).rows) <= 1:
        raise SENTENCES.error(TooLarge, "answer_too_large")
    page = cast("Page[Any]", result)
    return page.cut(max(1, int(len(page.rows) / over * 0.9)))


def _compact(data: Any) -> str:
    return orjson.dumps(_without_empty(data)).decode()


def _without_empty(data: Any) -> Any:
    """The same without nulls, empty texts and empty collections; zero and false say something."""
    if isinstance(data, dict):
        pairs = (
            (key, _without_empty(value)) for key, value in cast("dict[str, Any]", data).items()
        )
        return {key: value for key, value in pairs if value not in (None, "", [], {})}
    if isinstance(data, list):
        return [_without_empty(one) for one in cast("list[Any]", data)]
    return data


def failure(error: OpsError) -> CallToolResult:
    """A sentence for the model, a code for programs. A bug never comes here: the SDK masks it."""
    text = TextContent(type="text", text=redact_text(visible(str(error))))
    return CallToolResult(
        is_error=True,
        content=[text],
        structured_content=redact_fields(visible_fields(error.fields())),
    )


def code_of(result: CallToolResult | InputRequiredResult) -> str:
    if isinstance(result, InputRequiredResult) or not result.is_error:
        return "ok"
    content: dict[str, Any] = result.structured_content or {}
    return str(content.get("code", "error"))
