"""The shape every door answers a question with: `ask` in contracts.md."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from agent.charts import charts_of
from agent.events import Citation, Done, Event, Token, ToolFinished, Usage


@dataclass(slots=True)
class Answered:
    """What one turn has said and done so far; `shape` is whole once `Done` was added."""

    thread_id: str
    text: list[str] = field(default_factory=list[str])
    tool_calls: list[ToolFinished] = field(default_factory=list[ToolFinished])
    usage: list[Usage] = field(default_factory=list[Usage])
    done: Done | None = None

    def add(self, event: Event) -> None:
        match event:
            case Token(text=text):
                self.text.append(text)
            case ToolFinished():
                self.tool_calls.append(event)
            case Usage():
                self.usage.append(event)
            case Done():
                self.done = event
            case _:
                pass

    @property
    def answer(self) -> str:
        return self.done.answer if self.done else "".join(self.text)

    @property
    def used(self) -> tuple[Usage, ...]:
        return self.done.usage if self.done and self.done.usage else tuple(self.usage)

    @property
    def charts(self) -> list[dict[str, Any]]:
        """What the tools found, drawn; nothing before the answer is whole."""
        return charts_of(self.tool_calls, self.done.language) if self.done else []

    def shape(self, *, duration_ms: int) -> dict[str, Any]:
        done = self.done
        return {
            "thread_id": self.thread_id,
            "answer": self.answer,
            "language": done.language if done else "en",
            "route": list(done.route) if done else [],
            "citations": [citation_shape(citation) for citation in done.citations] if done else [],
            "tool_calls": tool_call_shapes(self.tool_calls),
            "status": "interrupted" if done and done.approvals else "done",
            "approvals": list(done.approvals) if done else [],
            "usage": [usage_shape(usage) for usage in self.used],
            "incomplete": done.incomplete if done else "",
            "incomplete_code": done.incomplete_code if done else "",
            "duration_ms": duration_ms,
        }


def citation_shape(citation: Citation) -> dict[str, Any]:
    return {
        "n": citation.n,
        "source": citation.source,
        "ref": citation.ref,
        "text": citation.text,
        "at": citation.at.isoformat() if citation.at else None,
    }


def tool_call_shapes(calls: Iterable[ToolFinished]) -> list[dict[str, Any]]:
    return [
        {
            "server": call.server,
            "tool": call.tool,
            "arguments": call.arguments,
            "status": call.status,
            "duration_ms": call.duration_ms,
            "result_tokens": call.result_tokens,
        }
        for call in calls
    ]


def usage_shape(usage: Usage) -> dict[str, Any]:
    return {
        "provider": usage.provider,
        "model": usage.model,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cost_usd": usage.cost_usd,
        "unpriced": usage.cost_usd is None,
        "cache_read_tokens": usage.cache_read_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "estimated": usage.estimated,
        "calls": usage.calls,
        "failed": usage.failed,
    }
