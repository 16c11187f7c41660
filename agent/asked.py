"""What a turn asks for, as rules read it: handed to the subagent beside the question itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from langchain_core.messages import HumanMessage

from agent.comparing import named_beside
from agent.durations import length_of
from agent.following import is_only_a_place
from agent.intents import Language, as_typed, read
from agent.moments import Span, length_to, span_told
from agent.naming import marked_namespace
from core.clock import utc_now


@dataclass(frozen=True, slots=True)
class Asked:
    """The question and what was read from it; arguments have the names of contracts.md.

    `door` is the namespace of the page or command the question came from. `earlier` is the question
    before it in the thread, for a reader by rules. `was_place`: the name stood where namespaces stand.
    """

    question: str
    intent: str
    language: Language
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])
    door: str = ""
    earlier: str = ""
    was_place: bool = False
    # One moment for all steps of a turn: read anew at each, "since noon" would be another length each time.
    asked_at: str = field(default_factory=lambda: utc_now().isoformat(), compare=False)

    @property
    def namespace(self) -> str:
        return str(self.arguments.get("namespace", ""))

    @property
    def sure_namespace(self) -> str:
        """The namespace that the words call one, else the door's: not one that was only guessed."""
        return marked_namespace(self.question) or self.door

    @property
    def name(self) -> str:
        return str(self.arguments.get("name") or self.arguments.get("service") or "")

    @property
    def channel(self) -> str:
        return str(self.arguments.get("channel", ""))

    @property
    def is_half(self) -> bool:
        """Whether it was read so only because of the question before it: "and in shop?"."""
        return _intent_alone(self.question) != self.intent or is_only_a_place(self.question)

    @property
    def said(self) -> str:
        """The question in lower case; half a one behind the question that it goes on with."""
        whole = f"{self.earlier} {self.question}" if self.is_half else self.question
        return whole.strip().lower()

    @property
    def names(self) -> tuple[str, ...]:
        """The name and those that are asked about beside it: "the memory of checkout and cart"."""
        return (self.name, *named_beside(as_typed(self.question), self.name)) if self.name else ()

    @property
    def kind(self) -> str:
        """Only together with a name of its own: "the cart pods" are not a Pod named cart."""
        return str(self.arguments.get("kind", "")) if self.arguments.get("name") else ""

    @property
    def is_literal(self) -> bool:
        """Whether the name was called by its kind: then nothing else is meant, even if it is missing.

        A service may be anybody's word for a workload.
        """
        return self.kind not in ("", "Service")

    @property
    def kind_of_many(self) -> str:
        return str(self.arguments.get("kind", ""))

    @property
    def span(self) -> Span | None:
        """When it is about, where a day or a clock says so: "since Tuesday", "between 2 and 3"."""
        return span_told(as_typed(self.question).lower(), self.now)

    @property
    def now(self) -> datetime:
        """When it was asked."""
        return datetime.fromisoformat(self.asked_at)

    @property
    def window(self) -> str:
        """How far back it looks: to when something is said to be, or for how long."""
        told = self.span
        return length_to(told, self.now) if told else str(self.arguments.get("window", ""))

    @property
    def looked_at(self) -> Span | None:
        """The time that is asked about, told by a moment or by a length; None for any."""
        return self.span or (Span(self.now - length_of(self.window)) if self.window else None)

    def ago(self, length: str) -> str:
        """The moment so long before now, for tools that take moments."""
        return (self.now - length_of(length)).isoformat(timespec="seconds")

    @property
    def metric(self) -> str:
        return str(self.arguments.get("metric", ""))

    def means(self, row: Mapping[str, Any]) -> bool:
        """Whether a row is about an object asked about, a pod of that workload or on that node."""
        return any(is_of(row, one) for one in self.names)

    def inside(self, namespace: str) -> "Asked":
        """The same of everything in a namespace."""
        named = ("name", "service", "kind")
        others = {key: value for key, value in self.arguments.items() if key not in named}
        return replace(self, arguments={**others, "namespace": namespace})

    def is_in(self, listed: Mapping[str, Any]) -> bool:
        """Whether a list of a tool has anything of this name."""
        return any(self.name in str(row) for row in listed.get("rows") or ())

    def called(self, name: str) -> "Asked":
        """The same of something of this name, wherever it is."""
        others = {key: value for key, value in self.arguments.items() if key != "namespace"}
        return replace(self, arguments={**others, "name": name}, was_place=True)

    def message(self) -> HumanMessage:
        """The question with what was read from it, for a model or for the offline planner."""
        language = {"en": "English", "zh": "Chinese"}[self.language]
        read = json.dumps(self.arguments, ensure_ascii=False)
        note = f"(Answer in {language}. Read from the question by rules, may be wrong: {read})"
        return HumanMessage(
            f"{self.question}\n\n{note}",
            additional_kwargs={
                "asked": {
                    "question": self.question,
                    "intent": self.intent,
                    "language": self.language,
                    "arguments": self.arguments,
                    "door": self.door,
                    "asked_at": self.asked_at,
                }
            },
        )

    @classmethod
    def of(cls, message: HumanMessage) -> "Asked":
        return cls(**message.additional_kwargs["asked"])


@lru_cache(maxsize=64)  # a turn asks several times
def _intent_alone(question: str) -> str:
    return read(question).intent


def is_of(row: Mapping[str, Any], name: str) -> bool:
    """Whether a row is about the object of a name, a pod of that workload or on that node."""
    told = str(row["name"])
    return told == name or told.startswith(f"{name}-") or row.get("node") == name
