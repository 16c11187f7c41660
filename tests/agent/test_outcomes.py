"""Whoever ordered a change hears how it ended: in the turn, and by asking."""

from typing import Any

import pytest

from agent.asked import Asked
from agent.intents import read
from agent.outcomes import asks_how_it_went, asks_to_stop
from agent.planning import PLANS
from agent.planning_fixes import changing, outcome
from agent.toolbox import Result
from agent.wording import phrase

PLAN, OTHER = "fix-0123456789ab", "fix-ba9876543210"
CHANGE, LATER = "chg-0123456789ab", "chg-ba9876543210"
AFTER_A_CHANGE = {"subagent": "autofix", "intent": "change", "arguments": {"name": "checkout"}}


@pytest.mark.parametrize(
    "question",
    [
        "is it done?",
        "did it work",
        "did that help?",
        "is it verified now?",
        "how did it go?",
        "so, is the change done yet?",
        "what became of it?",
        "status?",
        "any news?",
        "how much longer?",
        "好了吗",
        "好了吗？",
        "成功了吗",
        "修好了没有",
        "结果怎么样",
        "现在怎么样了",
        "还要多久",
        "回滚完成了吗？",
    ],
)
def test_after_a_change_it_is_asked_how_that_went(question: str) -> None:
    assert asks_how_it_went(question)
    route = read(question, previous=AFTER_A_CHANGE)
    assert (route.subagent, route.intent) == ("autofix", "outcome")


@pytest.mark.parametrize(
    "question",
    [
        "is checkout done?",
        "restart it again",
        "did the deployment of cart fail",
        "how is the node doing",
        "status of cart",
        "cart 好了吗",
        "重启它",
        "恢复 checkout",
        "结果回滚了谁",
    ],
)
def test_what_asks_for_something_else_does_not(question: str) -> None:
    assert not asks_how_it_went(question)


@pytest.mark.parametrize("intent", sorted(PLANS))
def test_whatever_may_be_meant_has_a_title_in_both_languages(intent: str) -> None:
    assert phrase(f"intent.{intent}", "en")
    assert phrase(f"intent.{intent}", "zh")


def test_the_same_words_after_another_turn_are_of_no_change() -> None:
    before = {"subagent": "rca", "intent": "investigate", "arguments": {"name": "checkout"}}
    assert read("is it done?", previous=before).intent != "outcome"


def changes(*rows: tuple[str, str]) -> Result:
    listed = [{"plan_id": plan, "change_id": change} for plan, change in rows]
    return Result("autofix_list_changes", {}, "ok", "", {"rows": listed})


def next_of(earlier: str, *results: Result) -> list[tuple[str, dict[str, Any]]]:
    asked = Asked("is it done?", "outcome", "en", earlier=earlier)
    return [(one.tool, dict(one.arguments)) for one in outcome(asked, results)]


def test_the_change_is_shown_whose_plan_was_named_before_and_waited_for() -> None:
    found = changes((OTHER, LATER), (PLAN, CHANGE))
    shown = ("autofix_get_change", {"change_id": CHANGE, "wait_s": 60})
    assert next_of(f"apply {PLAN}")[0][0] == "autofix_list_changes"
    assert next_of(f"apply {PLAN}", found) == [shown]
    assert next_of(f"take {CHANGE} back", found) == [shown]


def test_without_a_name_it_is_the_latest_and_of_a_plan_alone_the_plan() -> None:
    found = changes((OTHER, LATER))
    latest = {"change_id": LATER, "wait_s": 60}
    assert next_of("is it done?", found) == [("autofix_get_change", latest)]
    plan = {"plan_id": PLAN, "language": "en"}
    assert next_of(f"rehearse {PLAN}", found) == [("autofix_get_plan", plan)]
    assert next_of("is it done?", changes()) == []


@pytest.mark.parametrize(
    ("status", "more"),
    [("running", 1), ("undoing", 1), ("verified", 0), ("rolled_back", 0), ("unknown", 0)],
)
def test_a_change_that_has_not_ended_is_waited_for_in_the_same_turn(status: str, more: int) -> None:
    asked = Asked(f"apply {PLAN}", "change", "en")
    begun = Result("autofix_apply", {}, "ok", "", {"change_id": CHANGE, "status": status})
    steps = [one for one in changing(asked, [begun]) if one.tool == "autofix_get_change"]
    assert len(steps) == more


@pytest.mark.parametrize(
    "order",
    [
        "stop all changes",
        "please stop making changes!",
        "freeze all writes",
        "停止一切变更",
        "立即停止所有修改",
    ],
)
def test_an_order_to_stop_all_changes_stops_them(order: str) -> None:
    route = read(order)
    assert (route.subagent, route.intent) == ("autofix", "change")
    [step] = changing(Asked(order, "change", route.language), [])
    assert (step.tool, step.arguments) == ("autofix_stop", {"reason": order})


@pytest.mark.parametrize(
    "message",
    [
        "stop checkout",
        "why did all changes stop?",
        "停止 checkout",
        "谁停止了所有变更？",
        "what changed",
    ],
)
def test_what_stops_one_thing_or_asks_stops_nothing(message: str) -> None:
    assert not asks_to_stop(message)
