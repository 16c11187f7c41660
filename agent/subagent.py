"""What a subagent is."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from mcp_servers.client import Tools, ToolSpec


@dataclass(frozen=True, slots=True)
class Subagent:
    """A purpose, the servers it may use, and how to go about it.

    `purpose` is what the supervisor's prompt says of it; `prompt` names a file of
    `agent/prompts/`. `without` are tools of its servers for programs and people: a model has no
    file to hand them or no use for them, and would pay for their schemas with every call.
    """

    name: str
    purpose: str
    servers: tuple[str, ...]
    prompt: str
    max_tool_calls: int = 8
    without: frozenset[str] = frozenset()

    async def offered(self, tools: Tools) -> list[ToolSpec]:
        """What a model at this work is offered of what the caller may use."""
        return [one for one in await tools.list(*self.servers) if one.name not in self.without]


@cache
def prompt(name: str) -> str:
    """A file of `agent/prompts/`, read once."""
    return files("agent.prompts").joinpath(name).read_text("utf-8")
