"""How many tokens a text has about, for providers that do not say."""

from agent.untraced import put_off_http

put_off_http()  # before anything below brings LangChain

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import orjson
from langchain_core.messages import AIMessage, BaseMessage


def estimated_tokens(text: str) -> int:
    """About a token for four bytes of UTF-8: four letters, or four thirds of a Chinese character."""
    return len(text.encode()) // 4


@dataclass(slots=True)
class Estimates:
    """The messages of one turn, each counted once: every request repeats those before it."""

    count: Callable[[str], int] = estimated_tokens
    # The message is kept beside its count, so that no other one can take over its id.
    _known: dict[int, tuple[BaseMessage, int]] = field(
        default_factory=dict[int, tuple[BaseMessage, int]]
    )

    def of(self, messages: Sequence[BaseMessage]) -> int:
        return sum(self._one(message) for message in messages)

    def _one(self, message: BaseMessage) -> int:
        if id(message) not in self._known:
            self._known[id(message)] = (message, self.count(told(message)))
        return self._known[id(message)][1]


def told(message: BaseMessage) -> str:
    """All that a message says: its text, and the calls it asks for."""
    content = message.content
    text = content if isinstance(content, str) else orjson.dumps(content, default=str).decode()
    if isinstance(message, AIMessage) and message.tool_calls:
        text += orjson.dumps(message.tool_calls, default=str).decode()
    return text
