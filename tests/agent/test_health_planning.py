"""Whether all nodes are well is answered from the nodes; only one that is not is looked into."""

import pytest

from agent.arguments import extract
from agent.asked import Asked
from agent.intents import language_of
from agent.planning import INVESTIGATE, NODES, PLANS
from agent.toolbox import Result

WELL, PRESSED = {"name": "w-1", "healthy": True}, {"name": "w-2", "healthy": False}
QUESTIONS = ["Are all nodes healthy?", "所有节点都正常吗？"]


def tools(question: str, *results: Result) -> list[str]:
    arguments = extract(question, subagent="rca", intent="health")
    asked = Asked(question, "health", language_of(question), arguments)
    return [one.tool for one in PLANS["health"](asked, results)]


@pytest.mark.parametrize("question", QUESTIONS)
def test_all_nodes_are_listed_and_looked_into_only_where_one_is_not_well(question: str) -> None:
    assert tools(question) == [NODES]
    assert tools(question, Result(NODES, {}, "ok", "", {"rows": [WELL]})) == []
    assert tools(question, Result(NODES, {}, "ok", "", {"rows": [PRESSED, WELL]})) == [INVESTIGATE]
    assert tools(question, Result(NODES, {}, "forbidden", "no", {})) == [INVESTIGATE]


@pytest.mark.parametrize("question", ["Is everything healthy?", "Is node w-1 healthy?"])
def test_other_questions_about_health_are_investigated(question: str) -> None:
    assert tools(question) == [INVESTIGATE]
