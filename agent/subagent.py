"""What a subagent is."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from agent.sentences import SENTENCES
from core.errors import Invalid
from mcp_servers.client import Tools, ToolSpec


@dataclass(frozen=True, slots=True)
class Subagent:
    """A purpose, the servers it may use, and how to go about it.

    `purpose` is what the supervisor's prompt says of it; `prompt` names a file of
    `agent/prompts/`. `without` are tools of its servers for programs and people: a model has no
    file to hand them or no use for them, and would pay for their schemas with every call. For that
    price `on_demand` are offered only to a question that asks for them. `borrowed` are single tools
    of servers that are not its own.
    """

    name: str
    purpose: str
    servers: tuple[str, ...]
    prompt: str
    max_tool_calls: int = 8
    without: frozenset[str] = frozenset()
    on_demand: frozenset[str] = frozenset()
    borrowed: tuple[str, ...] = ()

    async def offered(self, tools: Tools, wanted: Collection[str] = ()) -> list[ToolSpec]:
        """What a model at this work is offered of what the caller may use, for what is `wanted`."""
        left_out = self.without | (self.on_demand - set(wanted))
        own = [one for one in await tools.list(*self.servers) if one.name not in left_out]
        if not self.borrowed:
            return own
        lenders = dict.fromkeys(one.partition("_")[0] for one in self.borrowed)
        return own + [one for one in await tools.list(*lenders) if one.name in self.borrowed]


@cache
def prompt(name: str) -> str:
    """A file of `agent/prompts/`, read once."""
    return files("agent.prompts").joinpath(name).read_text("utf-8")


def with_foreign(
    team: Sequence[Subagent], foreign: Mapping[str, Collection[str]]
) -> tuple[Subagent, ...]:
    """The team, each with the servers of others that it may use after its own.

    `foreign`: a server's name → the subagents that may use it. Raises `Invalid` for one there is not.
    """
    names = {one.name for one in team}
    for server, users in foreign.items():
        if unknown := sorted(set(users) - names):
            raise SENTENCES.error(
                Invalid,
                "foreign_for_no_subagent",
                server=server.upper(),
                unknown=unknown[0],
                known=", ".join(sorted(names)),
            )
    return tuple(
        replace(
            one,
            servers=(*one.servers, *(name for name, users in foreign.items() if one.name in users)),
        )
        for one in team
    )
