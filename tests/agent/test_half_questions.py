"""Half a question after another is planned with the words of both: "restart it", then "checkout"."""

from pathlib import Path

import pytest

from agent.asked import Asked
from agent.graph import Assistant
from agent.models import ModelChoice
from agent.planning_logs import logs
from agent.toolbox import Result
from core.errors import NotFound
from mcp_servers.client import Sessions
from tests.agent.turns import Told, ask


async def told_of(sessions: Sessions, memory: Path, *questions: str) -> Told:
    """The last of several turns of one thread."""
    opened = Assistant.opened(model=ModelChoice(), sessions=sessions, memory=memory)
    async with opened as assistant:
        return [await ask(assistant, one, thread="thread") for one in questions][-1]


@pytest.mark.parametrize(
    ("first", "then"),
    [("restart it", "checkout"), ("重启一下", "checkout"), ("restart cart", "and checkout")],
)
async def test_a_bare_name_after_an_order_is_ordered_the_same(
    sessions: Sessions, tmp_path: Path, first: str, then: str
) -> None:
    told = await told_of(sessions, tmp_path / "memory.db", first, then)
    [plan] = [one for one in told.calls if one.tool == "autofix_plan"]
    assert (plan.arguments["name"], plan.arguments["change"]) == ("checkout", "restart")


async def test_a_bare_name_after_a_question_for_logs_says_whose(
    sessions: Sessions, tmp_path: Path
) -> None:
    told = await told_of(sessions, tmp_path / "memory.db", "show the logs", "checkout")
    assert told.calls[-1].tool == "kubernetes_get_logs"
    assert told.calls[-1].arguments["name"] == "checkout"


def test_what_is_no_workload_is_a_container_of_what_the_question_before_named() -> None:
    asked = Asked(
        "and log-shipper", "logs", "en", {"name": "log-shipper"}, earlier="logs of checkout"
    )
    where = {"namespace": "shop", "name": "log-shipper"}
    missed = Result("kubernetes_get_logs", where, NotFound.code, "There is no Pod 'log-shipper'.")
    [step] = logs(asked, "shop", [missed])
    assert step.arguments["name"] == "checkout"
    assert step.arguments["container"] == "log-shipper"
