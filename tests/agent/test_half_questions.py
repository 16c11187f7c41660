"""Half a question after another is planned with the words of both: "restart it", then "checkout"."""

import shutil
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from agent.asked import Asked
from agent.graph import Assistant
from agent.intents import read
from agent.models import ModelChoice
from agent.planning import next_steps
from agent.planning_costs import WHAT_IF, spend
from agent.planning_logs import logs
from agent.planning_metrics import measured
from agent.steps import Step
from agent.toolbox import Result
from core.errors import NotFound
from mcp_servers.client import Sessions
from tests.agent.conftest import sessions_over
from tests.agent.turns import SNAPSHOTS, Told, ask

SHIPPED = "shipped 12 lines to loki"


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


@pytest.fixture(scope="module")
async def beside(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Sessions]:
    """The shop, where each pod of checkout has a container log-shipper as well."""
    folder = tmp_path_factory.mktemp("beside") / "shop"
    shutil.copytree(SNAPSHOTS / "shop", folder)
    file = folder / "objects" / "shop" / "checkout.yaml"
    objects: list[Any] = list(yaml.safe_load_all(file.read_text("utf-8")))
    for one in objects:
        _add_shipper(one, folder / "logs" / "shop")
    file.write_text(yaml.safe_dump_all(objects), "utf-8")
    async with sessions_over(str(folder)) as opened:
        yield opened


def _add_shipper(one: Any, logs: Path) -> None:
    if one["kind"] not in ("Pod", "Deployment", "ReplicaSet"):
        return
    spec = one["spec"] if one["kind"] == "Pod" else one["spec"]["template"]["spec"]
    spec["containers"].append({"name": "log-shipper", "image": "shipper:1"})
    if one["kind"] == "Pod":
        running = {"running": {"startedAt": one["metadata"]["creationTimestamp"]}}
        shipper = {"name": "log-shipper", "image": "shipper:1", "ready": True, "restartCount": 0}
        one["status"]["containerStatuses"].append({**shipper, "state": running})
        place = logs / one["metadata"]["name"]
        place.mkdir(exist_ok=True)
        (place / "log-shipper.log").write_text(f"{SHIPPED}\n", "utf-8")


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("logs of checkout", "log-shipper"),
        ("logs of checkout", "and log-shipper?"),
        ("checkout 的日志", "log-shipper"),
        ("看一下 checkout 的日志", "log-shipper 呢"),
    ],
)
async def test_a_bare_name_of_a_container_reads_its_log(
    beside: Sessions, tmp_path: Path, first: str, then: str
) -> None:
    told = await told_of(beside, tmp_path / "memory.db", first, then)
    assert told.calls[-1].arguments["container"] == "log-shipper"
    assert SHIPPED in told.done.answer


@pytest.mark.parametrize("first", ["logs of checkout", "checkout 的日志"])
async def test_a_name_that_is_no_container_of_it_either_is_told_with_those_there_are(
    beside: Sessions, tmp_path: Path, first: str
) -> None:
    told = await told_of(beside, tmp_path / "memory.db", first, "log-schipper")
    assert SHIPPED not in told.done.answer
    assert "checkout, log-shipper" in told.done.answer


def half(earlier: str, said: str) -> Asked:
    route = read(said, previous=read(earlier).shape())
    return Asked(said, route.intent, route.language, route.arguments, earlier=earlier)


def unsought(_: Asked, __: Sequence[Result], step: Step) -> list[Step]:
    return [step]


def test_half_a_question_measures_what_the_one_before_did() -> None:
    [step] = measured(half("p95 latency of checkout", "and of cart?"), [], unsought)
    assert "histogram_quantile" in step.arguments["query"]
    assert 'service="cart"' in step.arguments["query"]


def test_half_a_question_divides_the_bill_as_the_one_before_did_unless_it_says_otherwise() -> None:
    [step] = spend(half("cost by team this month", "and last month?"), [])
    assert step.arguments["by"] == "label:team"
    [step] = spend(half("cost by team this month", "and by project?"), [])
    assert step.arguments["by"] == "label:project"


def test_half_a_question_supposes_other_replicas_as_the_one_before_did() -> None:
    [step] = spend(half("what if we scale checkout to 5 replicas", "and cart?"), [])
    assert (step.tool, step.arguments["name"], step.arguments["replicas"]) == (WHAT_IF, "cart", 5)


def test_half_a_question_lists_pods_in_the_state_that_was_asked_for() -> None:
    offered = {"kubernetes_list_pods": frozenset(("namespace", "status"))}
    [step] = next_steps(
        half("pending pods in namespace shop", "and in namespace web?"), [], offered
    )
    assert step.arguments == {"namespace": "web", "status": "Pending"}
