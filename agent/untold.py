"""Steps of a graph, run without telling callbacks and tracers, of which none exist here.

LangGraph runs each node as a chain that a tracer could watch: it makes a run of it, a task for the node and a
shielded one that says it ended. That is a fortieth of a turn, and nobody hears it.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from typing import Any, TypeVar

from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import var_child_runnable_config
from langgraph._internal._runnable import RunnableSeq
from langgraph.graph.state import CompiledStateGraph

Compiled = TypeVar("Compiled", bound=CompiledStateGraph[Any, Any, Any, Any])


class Untold(RunnableSeq):
    """A node, then what writes down its result; the same as its base does but for the telling."""

    async def ainvoke(
        self,
        input: Any,  # noqa: A002 - the name that the base gives it
        config: RunnableConfig | None = None,
        **kwargs: Any,
    ) -> Any:
        node, *writers = self.steps
        # A loop inside the node finds here where it belongs.
        outer = var_child_runnable_config.set(config)
        try:
            result = await node.ainvoke(input, config, **kwargs)
        finally:
            var_child_runnable_config.reset(outer)
        for writer in writers:
            result = await writer.ainvoke(result, config)
        return result


def untold(graph: Compiled) -> Compiled:
    """The graph, whose nodes are run so from now on."""
    for node in graph.nodes.values():
        if isinstance(chain := node.node, RunnableSeq):
            # Each node keeps its chain under this name once it is made.
            vars(node)["node"] = Untold(*chain.steps)
    return graph
