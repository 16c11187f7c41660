"""Orders to change the cluster lead to a plan that is shown, and to nothing else."""

from dataclasses import replace
from typing import Any

import pytest

from agent.approvals import Decision
from agent.asked import Asked
from agent.graph import Assistant
from agent.planning_fixes import changing
from agent.toolbox import Result
from tests.agent.turns import ANN, Told, ask

Call = tuple[str, dict[str, Any]]


def planned(question: str, **arguments: Any) -> list[Call]:
    asked = Asked(question, "change", "en", arguments)
    return [(step.tool, dict(step.arguments)) for step in changing(asked, [])]


@pytest.mark.parametrize(
    ("question", "change"),
    [
        ("fix checkout", ""),
        ("restart checkout", "restart"),
        ("roll back checkout", "rollback"),
        ("roll checkout back", "rollback"),
        ("undo checkout", "rollback"),
        ("cordon node-1", "cordon"),
        ("uncordon node-1", "uncordon"),
        ("drain node-1", "drain"),
        ("重启 checkout", "restart"),
        ("把 checkout 回滚到上一个版本", "rollback"),
        ("排空节点 node-1", "drain"),
        ("恢复调度 node-1", "uncordon"),
        ("rerun the job nightly", "rerun"),
        ("kick off nightly again", "rerun"),
        ("任务 nightly 再跑一次", "rerun"),
        ("重新执行 nightly", "rerun"),
        ("evict pod web-0", "evict"),
        ("驱逐 shop 命名空间的 pod web-0", "evict"),
        ("驱逐 node-1 上的 pod", "drain"),
        ("evict everything from node-1", "drain"),
        ("pin the image of checkout", "pin"),
        ("use the digest instead of the tag for checkout", "pin"),
        ("checkout 的镜像钉到 digest", "pin"),
        ("把 checkout 的镜像固定住", "pin"),
        ("let finished jobs of nightly expire", "expire"),
        ("delete old runs of nightly after a day", "expire"),
        ("让 nightly 跑完的任务一天后自动删除", "expire"),
        ("rightsize checkout", "rightsize"),
        ("apply the sizing advice to checkout", "rightsize"),
        ("按建议调整 checkout 的资源", "rightsize"),
        ("take node-1 out of rotation", "cordon"),
        ("node-1 must not get new pods", "cordon"),
        ("go back one version on checkout", "rollback"),
        ("别再往 node-1 调度了", "cordon"),
        ("腾空节点 node-1", "drain"),
        ("put checkout back on the previous release", "rollback"),
        ("checkout 退回上个版本", "rollback"),
        ("unsuspend the cronjob nightly", "resume"),
        ("恢复被挂起的 cronjob nightly", "resume"),
        ("the certificate expired, restart checkout", "restart"),
        ("get checkout back to normal", ""),
    ],
)
def test_words_of_a_change_ask_for_that_change(question: str, change: str) -> None:
    [(tool, arguments)] = planned(question, name="checkout", namespace="shop")
    assert (tool, arguments["change"]) == ("autofix_plan", change)
    assert arguments["name"] == "checkout"


@pytest.mark.parametrize(
    "question",
    [
        "delete namespace shop",
        "remove the pods of checkout",
        "get rid of the evicted pods of checkout",
        "删掉 checkout 的 Pod",
    ],
)
def test_nothing_else_is_planned_where_something_is_to_be_deleted(question: str) -> None:
    assert planned(question, name="checkout", namespace="shop") == []


@pytest.mark.parametrize(
    ("question", "told"),
    [("delete namespace shop", "I delete nothing"), ("删除命名空间 shop", "我不做任何删除")],
)
async def test_an_order_to_delete_is_declined(
    question: str, told: str, assistant: Assistant
) -> None:
    answered = await ask(assistant, question)
    assert told in answered.answer
    assert answered.calls == []


def test_what_is_evicted_is_a_pod_or_else_what_runs_on_a_node() -> None:
    [(_, arguments)] = planned("evict web-0", name="web-0", namespace="shop")
    assert (arguments["change"], arguments["kind"]) == ("evict", "Pod")
    asked = Asked("evict node-1", "change", "en", {"name": "node-1"})
    first = changing(asked, [])[0]
    missing = Result("autofix_plan", dict(first.arguments), "not_found", "There is no Pod node-1.")
    [second] = changing(asked, [missing])
    assert (second.arguments["change"], second.arguments["kind"]) == ("drain", "Node")


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("suspend the cronjob price-import", "That is no change that I make"),
        ("暂停定时任务 price-import", "这不是我会做的变更"),
    ],
)
async def test_a_change_that_is_not_offered_is_not_taken_for_a_repair(
    question: str, told: str, assistant: Assistant
) -> None:
    answered = await ask(assistant, question)
    assert told in answered.answer
    assert answered.calls == []


def test_a_number_of_replicas_asks_for_scaling() -> None:
    [(_, arguments)] = planned("scale checkout to 5", name="checkout", replicas=5)
    assert (arguments["change"], arguments["replicas"]) == ("scale", 5)


def test_a_service_is_taken_for_its_workload() -> None:
    [(_, arguments)] = planned("restart checkout", service="checkout", kind="Service")
    assert (arguments["kind"], arguments["name"]) == ("", "checkout")


def test_undoing_without_a_name_shows_what_could_be_taken_back() -> None:
    assert planned("undo") == [("autofix_list_changes", {"limit": 5})]


def test_a_change_of_nothing_named_is_not_guessed() -> None:
    assert planned("restart it") == []


def test_a_plan_called_by_its_id_is_shown_and_carried_out_only_when_told_so() -> None:
    name = "fix-0123456789ab"
    assert planned(f"show {name}") == [("autofix_get_plan", {"plan_id": name, "language": "en"})]
    assert planned(f"apply {name}") == [("autofix_apply", {"plan_id": name})]
    assert planned(f"执行 {name}") == [("autofix_apply", {"plan_id": name})]
    change = "chg-0123456789ab"
    assert planned(f"how is {change}") == [("autofix_get_change", {"change_id": change})]
    for words in (f"take {change} back", f"undo {change}", f"撤销 {change}"):
        assert planned(words) == [("autofix_rollback", {"change_id": change})]
    assert planned(f"rehearse {name}") == [("autofix_rehearse", {"plan_id": name})]


def test_no_order_leads_to_an_approval() -> None:
    for question in ("approve fix-0123456789ab", "批准 fix-0123456789ab", "approve and apply it"):
        assert all("approve" not in tool for tool, _ in planned(question, name="x"))


def test_a_name_that_is_nothing_may_be_a_namespace() -> None:
    asked = Asked("fix shop", "change", "en", {"name": "shop"})
    first = changing(asked, [])[0]
    missing = Result("autofix_plan", dict(first.arguments), "not_found", "There is no shop.")
    [second] = changing(asked, [missing])
    assert (second.arguments["namespace"], second.arguments["name"]) == ("shop", "")


async def test_a_repair_is_shown_with_its_diff_risk_and_checks(assistant: Assistant) -> None:
    told = await ask(assistant, "fix checkout in shop")
    assert told.done.route == ("autofix",)
    for said in ("384Mi", "medium risk", "Nothing has been changed yet", "3 pods restart", "✓"):
        assert said in told.answer
    assert [one.tool for one in told.calls] == ["autofix_plan"]


async def test_a_wish_in_chinese_is_answered_in_chinese(assistant: Assistant) -> None:
    told = await ask(assistant, "把 catalog 扩容到 4 个副本")
    assert "目前尚未做任何修改" in told.answer
    assert "+  replicas: 4" in told.answer


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("apply fix-0123456789ab", "This was not done. No plans are kept here"),
        ("show fix-0123456789ab", "No plans are kept here: there is no database."),
        ("执行 fix-0123456789ab", "没有执行。这里没有数据库，因此不保存方案。"),
        ("查看 fix-0123456789ab", "这里没有数据库，因此不保存方案。"),
        ("chg-0123456789ab 怎么样了", "这里没有数据库，因此不保存方案。"),
    ],
)
async def test_why_not_is_told_in_the_language_of_the_question(
    question: str, told: str, assistant: Assistant
) -> None:
    turn = Told()
    await turn.collect(assistant.run(question, principal=ANN, thread_id=question, can_ask=True))
    if turn.done.approvals:
        yes = [Decision(one["id"], approved=True) for one in turn.done.approvals]
        turn = Told()
        in_person = replace(ANN, present=True)
        await turn.collect(assistant.resume(question, principal=in_person, decisions=yes))
    assert told in turn.answer


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("rerun the job price-import", "Nothing has been changed yet"),
        ("再跑一次 price-import", "目前尚未做任何修改"),
    ],
)
async def test_a_cronjob_that_shall_run_again_runs_its_newest_job_again(
    question: str, told: str, assistant: Assistant
) -> None:
    answered = await ask(assistant, question)
    assert told in answered.answer
    assert "kind: Job" in answered.answer


async def test_what_an_autoscaler_owns_is_not_planned_and_said_why(assistant: Assistant) -> None:
    told = await ask(assistant, "scale storefront to 5 replicas")
    assert told.answer.startswith("I made no plan for this.")
    assert "HorizontalPodAutoscaler" in told.answer
