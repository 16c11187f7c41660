"""What a subagent is."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Subagent:
    """A purpose, the servers it may use, and how to go about it.

    `purpose` is what the supervisor's prompt says of it; `prompt` names a file of
    `agent/prompts/`.
    """

    name: str
    purpose: str
    servers: tuple[str, ...]
    prompt: str
    max_tool_calls: int = 8


@cache
def prompt(name: str) -> str:
    """A file of `agent/prompts/`, read once."""
    return files("agent.prompts").joinpath(name).read_text("utf-8")
