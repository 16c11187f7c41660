"""Choose the next subagent or finish. Rules decide when they are sure; else a model, if there is one."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from langchain_core.messages import HumanMessage

from agent import intents
from agent.candidates import Models, Tools
from agent.dividing import read_all
from agent.events import Event
from agent.evidence import Evidence
from agent.fallback import Persistence, Request
from agent.faults import ModelFailed
from agent.intents import Route
from agent.limits import MAX_HAND_OFFS
from agent.listening import Asking
from agent.metering import Meter
from agent.subagent import Subagent, prompt
from agent.voice import Voice

# Routing is a small question: an answer that takes longer is not worth waiting for.
ROUTING_S = 20.0
SUPERVISOR = "supervisor"


class Router:
    """Decides which subagent a message is for."""

    def __init__(self, models: Models, subagents: Sequence[Subagent]) -> None:
        self._candidates, self._subagents = models.of(SUPERVISOR), subagents
        self._persistence = Persistence(models.lineup)
        takes = "\n".join(f"- {one.name}: {one.purpose}" for one in subagents)
        self._prompt = prompt("supervisor.md").replace("{subagents}", takes)

    async def plan(
        self, message: str, previous: Mapping[str, Any] | None, meter: Meter
    ) -> list[Route]:
        """Who shall answer, in order: nearly always one subagent."""
        routes = read_all(message, previous=previous)
        if len(routes) > 1:
            return routes[:MAX_HAND_OFFS]
        return [await self._settled(routes[0], message, meter)]

    async def decide(
        self, message: str, *, previous: Mapping[str, Any] | None = None, meter: Meter | None = None
    ) -> Route:
        """The rules' decision; the model's when the rules are unsure and a model can be asked."""
        return await self._settled(
            intents.read(message, previous=previous), message, meter or Meter()
        )

    async def _settled(self, route: Route, message: str, meter: Meter) -> Route:
        """What the rules read, unless they are unsure and a model knows better."""
        if route.sure or self._candidates[0].offline:
            return route
        chosen = await self._ask(message, meter)
        agreed = chosen == route.subagent and route.intent not in ("look", "unclear")
        if chosen not in self._names or agreed:
            return route
        return intents.read_as(message, cast("intents.Subagent", chosen))

    @property
    def _names(self) -> list[str]:
        return [*(one.name for one in self._subagents), "none"]

    async def _ask(self, message: str, meter: Meter) -> str:
        """The model's choice; "" when it has none, fails, takes too long or may not be paid.

        Then the rules' decision stands.
        """
        if await meter.used_up():
            return ""
        request = Request(self._prompt, [HumanMessage(message)], Tools([self._tool()], "route"))
        try:
            reply = await self._persistence.reply(self._candidates, request, _asking(meter))
        except (TimeoutError, ModelFailed):
            return ""
        return str(reply.tool_calls[0]["args"].get("subagent", "")) if reply.tool_calls else ""

    def _tool(self) -> dict[str, Any]:
        choice = {"type": "string", "enum": self._names}
        parameters = {
            "type": "object",
            "properties": {"subagent": choice},
            "required": ["subagent"],
        }
        function = {
            "name": "route",
            "description": "Hand the message to the one subagent that should answer it.",
            "parameters": parameters,
        }
        return {"type": "function", "function": function}


def _asking(meter: Meter) -> Asking:
    """Routing has no words for people: what is said beside the call is not heard."""
    deadline_s = asyncio.get_running_loop().time() + ROUTING_S
    silent = Voice(_unheard, Evidence(), "")
    return Asking(SUPERVISOR, deadline_s, silent, meter, _unheard)


def _unheard(_: Event) -> None:
    return


def in_scope(route: Route, namespace: str, language: str) -> Route:
    """The decision with what the door already knows: the namespace shown, the language pinned.

    Where a namespace is shown, what rules did not understand is taken as a question about it.
    """
    if namespace and route.intent == "unclear" and route.by == "rules":
        route = replace(route, subagent="rca", intent="look")
    arguments = dict(route.arguments)
    if namespace and "namespace" not in arguments and route.subagent not in ("rag", "none"):
        arguments["namespace"] = namespace
    pinned = language if language in ("en", "zh") else route.language
    return replace(route, arguments=arguments, language=pinned)
