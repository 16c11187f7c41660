"""A budget set by a sentence: what it is for, how much, by when, and who is to be told."""

from typing import Any

import pytest

from agent.arguments import extract
from agent.asked import Asked
from agent.intents import language_of
from agent.planning_budgets import ADD, BUDGETS, CHANGE, PREVIEW, REMOVE, budgets
from agent.steps import Step
from agent.toolbox import Result

SHOP = {"name": "shop", "scope": "namespace/shop"}


def asked(question: str) -> Asked:
    arguments = extract(question, subagent="cost", intent="budget")
    return Asked(question, "budget", language_of(question), arguments)


def done(step: Step, data: dict[str, Any], *, failed: str = "") -> Result:
    status = "not_found" if failed else "ok"
    return Result(step.tool, dict(step.arguments), status, failed, data)


def plan(question: str, *rows: dict[str, Any], last: bool = True) -> Step | None:
    """The last call that is made when every one before it went well."""
    results: list[Result] = []
    one = asked(question)
    while steps := budgets(one, results):
        [step] = steps
        if step.tool in (ADD, CHANGE, REMOVE):
            return step
        results.append(done(step, {"rows": list(rows)} if step.tool == BUDGETS else {}))
    return None if last else Step(results[-1].tool, results[-1].arguments)


@pytest.mark.parametrize(
    ("question", "arguments"),
    [
        (
            "set a budget of 500 USD a month for namespace shop, tell ops",
            {"name": "shop", "namespace": "shop", "amount": "500", "currency": "USD",
             "period": "month", "channels": ["ops"]},
        ),
        (
            "给 shop 命名空间设置每月 500 美元的预算，通知 ops",
            {"name": "shop", "namespace": "shop", "amount": "500", "currency": "USD",
             "period": "month", "channels": ["ops"]},
        ),
        (
            "create a quarterly budget of $12,000 for team payments and notify finance at 50% and 90%",
            {"name": "payments", "label": "team=payments", "amount": "12000", "period": "quarter",
             "channels": ["finance"], "thresholds": [50, 90]},
        ),
        (
            "为 search 团队建立年度 5 万元的预算",
            {"name": "search", "label": "team=search", "amount": "50000", "currency": "CNY",
             "period": "year", "channels": None},
        ),
        (
            "set a budget of 300 USD a month for the llm usage of team search",
            {"name": "search-models", "label": "team=search", "spend": "models", "amount": "300"},
        ),
        (
            "给整个集群设 2000 美元的月度预算，告诉 finance",
            {"name": "cluster", "amount": "2000", "channels": ["finance"]},
        ),
    ],
)  # fmt: skip
def test_a_budget_is_tried_out_and_then_added(question: str, arguments: dict[str, Any]) -> None:
    step = plan(question)
    assert step is not None
    assert step.tool == ADD
    assert {key: step.arguments.get(key) for key in arguments} == arguments


@pytest.mark.parametrize(
    ("question", "amount"),
    [
        ("raise the budget of namespace shop from 500 to 800 dollars", "800"),
        ("把 shop 命名空间的预算从 500 调到 800 美元", "800"),
        ("change the budget of namespace shop to 1,250.50 USD", "1250.5"),
    ],
)
def test_one_that_is_there_is_changed(question: str, amount: str) -> None:
    step = plan(question, SHOP)
    assert step is not None
    assert (step.tool, step.arguments["name"], step.arguments["amount"]) == (CHANGE, "shop", amount)


@pytest.mark.parametrize(
    ("question", "amount"),
    [
        ("raise the budget of namespace shop by 200", "1200"),
        ("cut the budget of namespace shop by 20%", "800"),
        ("shop 命名空间的预算再加 500", "1500"),
        ("shop 命名空间的预算砍掉一半", "500"),
        ("give namespace shop a budget of 300 dollars more", "1300"),
    ],
)
def test_so_much_more_or_less_is_counted_from_the_budget_there_is(
    question: str, amount: str
) -> None:
    step = plan(question, {**SHOP, "amount": 1000.0})
    assert step is not None
    assert (step.tool, step.arguments["name"], step.arguments["amount"]) == (CHANGE, "shop", amount)
    assert plan(question) is None  # there is none of which that would be more


@pytest.mark.parametrize("scope", ["label team=otter", "team=otter", "namespace/otter"])
def test_a_plain_name_means_the_budget_that_is_kept_for_what_is_called_so(scope: str) -> None:
    kept = {"name": "river", "scope": scope, "amount": 1000.0}
    step = plan("bump otter's budget by 500", kept)
    assert step is not None
    assert (step.tool, step.arguments["name"], step.arguments["amount"]) == (
        CHANGE,
        "river",
        "1500",
    )


def test_a_budget_that_is_called_so_goes_before_those_kept_for_what_is() -> None:
    team = {"name": "river", "scope": "team=otter", "amount": 100.0}
    called = {"name": "otter", "scope": "team=river", "amount": 1000.0}
    step = plan("bump otter's budget by 500", team, called)
    assert step is not None
    assert (step.arguments["name"], step.arguments["amount"]) == ("otter", "1500")


def test_the_namespace_that_is_called_one_has_no_budget_of_a_team() -> None:
    team = {"name": "river", "scope": "team=otter", "amount": 100.0}
    assert plan("raise the budget of namespace otter by 500", team) is None


def test_nobody_is_told_at_a_share_by_which_a_budget_is_raised() -> None:
    step = plan("raise the budget of namespace shop by 20%", {**SHOP, "amount": 1000.0})
    assert step is not None
    assert step.arguments["thresholds"] is None


@pytest.mark.parametrize(
    "question", ["delete the budget of namespace shop", "删除 shop 命名空间的预算"]
)
def test_one_is_removed_only_when_it_is_known_which(question: str) -> None:
    assert plan(question, SHOP) == Step(REMOVE, {"name": "shop"})
    assert plan(question) is None
    assert plan(question, SHOP, {**SHOP, "name": "shop-2"}) is None


@pytest.mark.parametrize(
    "question",
    [
        "what if we set a budget of 500 USD a month for namespace shop?",
        "如果给 shop 命名空间设每月 500 美元的预算会怎样？",
    ],
)
def test_what_is_only_considered_is_tried_out_and_not_done(question: str) -> None:
    assert plan(question) is None
    tried = plan(question, last=False)
    assert tried is not None
    assert tried.tool == PREVIEW


@pytest.mark.parametrize(
    "question",
    ["which budget is over?", "set a budget of 500 USD", "raise the budget of shop by 20%"],
)
def test_without_an_amount_or_a_scope_budgets_are_only_shown(question: str) -> None:
    shown = plan(question, SHOP, last=False)
    assert shown is not None
    assert shown.tool == BUDGETS


def test_a_name_that_is_no_channel_may_be_a_tag() -> None:
    one = asked("set a budget of 500 USD a month for namespace shop, tell ops")
    [listing] = budgets(one, [])
    results = [done(listing, {"rows": []})]
    [first] = budgets(one, results)
    results.append(done(first, {}, failed="There is no channel 'ops'."))
    [second] = budgets(one, results)
    assert second.arguments["channels"] == ["tag:ops"]
    assert budgets(one, [*results, done(second, {}, failed="There is no channel 'tag:ops'.")]) == []
    [third] = budgets(one, [*results, done(second, {})])
    assert (third.tool, third.arguments["channels"]) == (ADD, ["tag:ops"])


def test_a_name_that_another_budget_has_gets_a_number() -> None:
    step = plan(
        "set a budget of 9 USD for namespace shop", {"name": "shop", "scope": "team=shop"},
    )  # fmt: skip
    assert step is not None
    # It was named, so the one that is called so is meant.
    assert (step.tool, step.arguments["name"]) == (CHANGE, "shop")
    other = plan("set a budget of 9 USD for team data", {"name": "data", "scope": "namespace/data"})
    assert other is not None
    assert other.arguments["name"] == "data-2"


@pytest.mark.parametrize(
    ("question", "amount"),
    [
        ("把 shop 命名空间的预算改成 -5", "-5"),
        ("change the budget of namespace shop to -300 USD", "-300"),
        ("set the budget of namespace shop to minus 5 usd", "-5"),
        ("把 shop 命名空间的预算改成负 5 美元", "-5"),
        ("把 shop 命名空间的预算设为 0 美元", "0"),
    ],
)
def test_a_sum_that_no_budget_can_have_is_tried_as_it_was_said(question: str, amount: str) -> None:
    tried = plan(question, SHOP, last=False)
    assert tried is None or tried.arguments["amount"] == amount
    step = plan(question, SHOP)
    assert step is None or step.arguments["amount"] == amount
