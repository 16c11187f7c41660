"""What a turn asks for, as rules read it: handed to the subagent beside the question itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from langchain_core.messages import HumanMessage

from agent.durations import length_of
from agent.intents import Language
from agent.naming import marked_namespace
from core.clock import utc_now


@dataclass(frozen=True, slots=True)
class Asked:
    """The question and what was read from it; arguments have the names of contracts.md.

    `door` is the namespace of the page or command the question came from. `earlier` is the question
    before it in the thread, for a reader by rules.
    """

    question: str
    intent: str
    language: Language
    arguments: dict[str, Any] = field(default_factory=dict[str, Any])
    door: str = ""
    earlier: str = ""

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
    def window(self) -> str:
        return str(self.arguments.get("window", ""))

    def ago(self, length: str) -> str:
        """The moment so long before now, for tools that take moments."""
        return (utc_now() - length_of(length)).isoformat(timespec="seconds")

    @property
    def metric(self) -> str:
        return str(self.arguments.get("metric", ""))

    def means(self, row: Mapping[str, Any]) -> bool:
        """Whether a row is about the object asked about, a pod of that workload or on that node."""
        name = str(row["name"])
        on_it = row.get("node") == self.name
        return name == self.name or name.startswith(f"{self.name}-") or on_it

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
                }
            },
        )

    @classmethod
    def of(cls, message: HumanMessage) -> "Asked":
        return cls(**message.additional_kwargs["asked"])
