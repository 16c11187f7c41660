"""How to do what no rule knows may stand on a page of the house: the knowledge base is asked first."""

from dataclasses import replace

from agent.intents import UNKNOWN, Route, asks_how
from agent.planning_knowledge import QUERY_CHARACTERS, SEARCH
from agent.turn import Turn
from core.errors import OpsError


async def by_a_page(route: Route, question: str, turn: Turn) -> Route:
    """The decision; to read the page when rules only heard that a way is asked for, and one is about it.

    Which words a house has for its own things stands on its pages and in no lexicon.
    """
    heard = route.by == "rules" and route.intent in UNKNOWN and asks_how(question)
    if heard and "knowledge" in turn.built and await _is_on_a_page(question, turn):
        return replace(route, subagent="rag", intent="how_to", arguments={})
    return route


async def _is_on_a_page(question: str, turn: Turn) -> bool:
    try:
        found = await turn.tools.call(SEARCH, query=question[-QUERY_CHARACTERS:])
    except OpsError:  # the base is away, or not for this caller: what rules decided stands
        return False
    return bool(found.data["hits"] and found.data["relevant"])
