"""Results too long to be read at once: the first part is shown, the rest is kept for who asks.

A result of 24,000 characters would fill the window of a small model, and most questions are answered
by its beginning. So a model is shown a part that ends with a line, told what is left, and offered a
tool of the turn's own to read on. Nothing is cut away.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.sentences import SENTENCES
from core.errors import Invalid, NotFound
from mcp_servers.client import ToolSpec

# About 2,000 tokens.
SHOWN_CHARACTERS = 8_000
# A part ends with a line, unless that would leave out more than this share of it.
LONGEST_LINE = 0.5

READ_ON = ToolSpec(
    name="read_on",
    server="turn",
    description="Read the next part of a result that was too long to show at once.",
    input_schema={
        "type": "object",
        "properties": {
            "result": {"type": "integer", "description": "Its number, as told where it was cut."},
            "start": {"type": "integer", "description": "First character, as told."},
        },
        "required": ["result", "start"],
    },
    changes=False,
)


@dataclass(slots=True)
class Long:
    """The long results of one turn, whole."""

    texts: list[str] = field(default_factory=list[str])

    def shown(self, text: str) -> str:
        """What a model is shown of a result; the whole is kept when that is not all."""
        if len(text) <= SHOWN_CHARACTERS:
            return text
        self.texts.append(text)
        return self._part(len(self.texts), 0)

    def read_on(self, arguments: Mapping[str, Any]) -> str:
        """The next part. Raises `NotFound` or `Invalid` with what would be right."""
        number, start = arguments.get("result"), arguments.get("start")
        if not isinstance(number, int) or not 1 <= number <= len(self.texts):
            known = ", ".join(str(n + 1) for n in range(len(self.texts))) or "none"
            raise SENTENCES.error(NotFound, "no_result", number=str(number), known=known)
        size = len(self.texts[number - 1])
        if not isinstance(start, int) or not 0 <= start < size:
            raise SENTENCES.error(Invalid, "past_the_result", size=size)
        return self._part(number, start)

    def _part(self, number: int, start: int) -> str:
        text = self.texts[number - 1]
        end = start + SHOWN_CHARACTERS
        if end >= len(text):
            return text[start:]
        line_end = text.rfind("\n", start, end)
        if line_end > start + SHOWN_CHARACTERS * LONGEST_LINE:
            end = line_end
        left = len(text) - end
        more = f"{READ_ON.name} with result={number}, start={end} shows what follows."
        return f"{text[start:end]}\n… {left} of {len(text)} characters are not shown: {more}"
