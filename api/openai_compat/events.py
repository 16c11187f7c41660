"""The events of one response in order: what is done as a reasoning item, then the message."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

Wire = dict[str, Any]


@dataclass(slots=True)
class Narration:
    """Numbers the events of one response, and keeps its items as they are at the end."""

    items: list[Wire] = field(default_factory=list[Wire])
    _number: int = 0
    _reasoning: Wire | None = None

    def event(self, kind: str, **fields: Any) -> Wire:
        number, self._number = self._number, self._number + 1
        return {"type": kind, "sequence_number": number, **fields}

    def step(self, line: str) -> Iterator[Wire]:
        """One more line about the work."""
        if self._reasoning is None:
            yield from self._begin_reasoning()
        if reasoning := self._reasoning:
            delta = f"{line}\n"
            reasoning["summary"][0]["text"] += delta
            yield self.event(
                "response.reasoning_summary_text.delta", **self._summary(reasoning), delta=delta
            )

    def answer(self, text: str) -> list[Wire]:
        """The message, and what closes the reasoning before it."""
        told = self._end_reasoning()
        item: Wire = {"id": f"msg_{uuid4().hex}", "type": "message", "role": "assistant"}
        place = {"item_id": item["id"], "output_index": len(self.items), "content_index": 0}
        added: Wire = {**item, "status": "in_progress", "content": []}
        told.append(self._item("response.output_item.added", added))
        told.append(self.event("response.content_part.added", **place, part=_part("")))
        for line in text.splitlines(keepends=True):
            kind = "response.output_text.delta"
            told.append(self.event(kind, **place, delta=line, logprobs=[]))
        told.append(self.event("response.output_text.done", **place, text=text, logprobs=[]))
        told.append(self.event("response.content_part.done", **place, part=_part(text)))
        ended = {**item, "status": "completed", "content": [_part(text)]}
        told.append(self._item("response.output_item.done", ended))
        self.items.append(ended)
        return told

    def _begin_reasoning(self) -> list[Wire]:
        summary = [{"type": "summary_text", "text": ""}]
        reasoning: Wire = {"id": f"rs_{uuid4().hex}", "type": "reasoning", "summary": summary}
        self._reasoning = reasoning
        added = self._item("response.output_item.added", {**reasoning, "summary": []})
        part = {"type": "summary_text", "text": ""}
        kind = "response.reasoning_summary_part.added"
        return [added, self.event(kind, **self._summary(reasoning), part=part)]

    def _end_reasoning(self) -> list[Wire]:
        reasoning, self._reasoning = self._reasoning, None
        if reasoning is None:
            return []
        place, part = self._summary(reasoning), reasoning["summary"][0]
        told = [
            self.event("response.reasoning_summary_text.done", **place, text=part["text"]),
            self.event("response.reasoning_summary_part.done", **place, part=part),
            self._item("response.output_item.done", reasoning),
        ]
        self.items.append(reasoning)
        return told

    def _summary(self, reasoning: Wire) -> Wire:
        return {"item_id": reasoning["id"], "output_index": len(self.items), "summary_index": 0}

    def _item(self, kind: str, item: Wire) -> Wire:
        return self.event(kind, output_index=len(self.items), item=item)


def _part(text: str) -> Wire:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
