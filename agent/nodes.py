"""The nodes between supervisor and supervisor: a subagent at work, or the answer that none takes."""

# pyright: reportUnknownMemberType=false

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.runtime import Runtime

from agent.asked import Asked
from agent.intents import Route
from agent.models import Speaker
from agent.state import Exchange, OpsState, Update
from agent.subagent import Subagent
from agent.subgraph import build_subgraph
from agent.turn import Turn
from agent.unable import capabilities, declined, not_built
from agent.wording import phrase


class Node(Protocol):
    async def __call__(self, state: OpsState, runtime: Runtime[Turn]) -> Update:
        """What a node changes of the state."""
        ...


def at_work(subagent: Subagent, speaker: Speaker, team: Sequence[Subagent]) -> Node:
    """The node of one subagent: its loop, or what there is to say when its server is not built."""
    loop = build_subgraph(subagent, speaker)

    async def work(state: OpsState, runtime: Runtime[Turn]) -> Update:
        turn, asked = runtime.context, asked_in(state)
        turn.asked = asked
        missing = [one for one in subagent.servers if one not in turn.built]
        with turn.subagent(subagent.name, why(decision(state))):
            if asked.intent == "help":
                built = {one.name: one.servers[0] in turn.built for one in team}
                turn.say_by_rule(capabilities(built, asked.language))
            elif subagent.servers[0] in missing:
                turn.say_by_rule(not_built(subagent, missing, asked))
            else:
                messages = _conversation(state.get("exchanges", []), asked)
                await loop.ainvoke({"messages": messages}, context=turn)
        return {"visited": [*state["visited"], subagent.name]}

    return work


async def decline(state: OpsState, runtime: Runtime[Turn]) -> Update:
    """What no subagent takes is answered by rule, whatever model is configured."""
    turn, asked = runtime.context, asked_in(state)
    turn.asked = asked
    turn.say_by_rule(declined(asked.intent, asked.language))
    return {"visited": [*state["visited"], "none"]}


def decision(state: OpsState) -> Mapping[str, Any]:
    """The decision being worked on, in the shape of `intents.Route`."""
    return state.get("asked") or Route("none", "unclear").shape()


def asked_in(state: OpsState) -> Asked:
    route = decision(state)
    return Asked(state["question"], route["intent"], route["language"], route["arguments"])


def why(route: Mapping[str, Any]) -> str:
    """Why a subagent was chosen, in the user's language."""
    language = route["language"]
    intent = phrase(f"intent.{route['intent']}", language)
    confidence = f"{route['confidence']:.2f}"
    return phrase(f"why.{route['by']}", language, intent=intent, confidence=confidence)


def _conversation(exchanges: Sequence[Exchange], asked: Asked) -> list[AnyMessage]:
    """Earlier questions and answers, then the question of this turn."""
    earlier: list[AnyMessage] = []
    for exchange in exchanges:
        earlier += [HumanMessage(exchange["question"]), AIMessage(exchange["answer"] or "…")]
    return [*earlier, asked.message()]
