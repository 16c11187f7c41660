"""A tool as its caller is offered it, and what a call of it gives back."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ToolSpec:
    """A tool as its caller is offered it. `once`: asking again never does it again."""

    name: str
    server: str
    description: str
    input_schema: dict[str, Any]
    changes: bool
    once: bool = False


@dataclass(frozen=True)
class Answer:
    """`text` is compact and meant for a model; `data` is complete and meant for programs."""

    text: str
    data: dict[str, Any]
