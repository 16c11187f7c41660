"""The supervisor graph: nodes and edges.

START → supervisor → subagents, side by side where one does not need the other → supervisor → … → END

A plan of one step ends where that step does.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, Send

from agent.candidates import Models
from agent.intents import read
from agent.nodes import (
    at_work,
    continued,
    decision,
    decline,
    ended,
    meant,
    numbered,
    side_by_side,
    step_of,
    title,
)
from agent.owning import owned
from agent.pages import by_a_page
from agent.state import OF_A_TURN, OpsState, Update
from agent.subagent import Subagent
from agent.supervisor import Router, in_scope
from agent.teaching import taught
from agent.turn import Turn
from agent.untold import untold

# What a person teaches is for the notebook: no tool is asked.
TAUGHT = {"subagent": "none", "intent": "taught"}

Graph = CompiledStateGraph[OpsState, Turn, Any, Any]
Onward = Command[Literal["rca", "rag", "cost", "autofix", "alert_admin", "none", "__end__"]]


def build_graph(
    models: Models,
    router: Router,
    memory: BaseCheckpointSaver[str] | None,
    team: Sequence[Subagent],
) -> Graph:
    """Compiled once for the life of the process: whose turn it is comes with the turn."""
    graph: StateGraph[OpsState, Turn, Any, Any] = StateGraph(OpsState, context_schema=Turn)
    graph.add_node("supervisor", Supervisor(router).decide)
    graph.add_node("none", decline)
    for subagent in team:
        graph.add_node(subagent.name, at_work(subagent, models, team))
    graph.add_edge(START, "supervisor")
    return untold(graph.compile(checkpointer=memory, name="midwatch"))


@dataclass(frozen=True, slots=True)
class Supervisor:
    """Decide once, then hand on until the plan is done: there is no way to loop."""

    router: Router

    async def decide(self, state: OpsState, runtime: Runtime[Turn]) -> Onward:
        """The next subagents, or the end."""
        turn, plan, update = runtime.context, state["plan"], Update()
        turn.join()
        if state["visited"]:
            turn.steps = tuple(state.get("steps", ()))
        else:
            update["question"] = meant(state)
            plan = await self._plan(update["question"], state, turn)
            update["steps"] = list(turn.steps)
        now = side_by_side(plan)
        turn.tell_plan(len(state["visited"]), len(state["visited"]) + len(now))
        if not now:
            return Command(goto="__end__", update={**update, **ended(state, turn)})
        turn.divide([step_of(one) for one in now])
        begun = [continued(decision(state), one) if state["visited"] else one for one in now]
        given = {key: value for key, value in state.items() if key not in OF_A_TURN}
        handed = [Send(one["subagent"], {**given, **update, "asked": one}) for one in begun]
        return Command(goto=handed, update={**update, "plan": plan[len(now) :]})

    async def _plan(self, question: str, state: OpsState, turn: Turn) -> list[dict[str, Any]]:
        if (found := _of_the_notebook(question, state, turn)) is not None:
            told = in_scope(read(question), "", state["language"]).shape()
            return [{**told, **TAUGHT, "arguments": found}]
        routes = await self.router.plan(question, state.get("asked"), turn.meter)
        if len(routes) == 1:
            routes = [await by_a_page(routes[0], question, turn)]
        plan = [in_scope(one, state["namespace"], state["language"]).shape() for one in routes]
        turn.steps = tuple(title(one) for one in plan)
        return numbered(plan)


def _of_the_notebook(question: str, state: OpsState, turn: Turn) -> dict[str, Any] | None:
    """None for what the notebook is not asked; else the arguments, which name what an owner is wanted of."""
    before = state.get("asked") or {}
    if thing := owned(question, before.get("arguments")):
        return {"name": thing}
    return {} if turn.notebook and taught(question) else None
