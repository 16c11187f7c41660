""" "Apply it" after a plan was shown means that plan; anything else means what it says."""

import pytest

from agent.choices import wanted

PLAN, OTHER, CHANGE = "fix-0123456789ab", "fix-ba9876543210", "chg-0123456789ab"
SHOWN = f"Plan `{PLAN}` waits. Say “apply {PLAN}” and a card asks a person."


@pytest.mark.parametrize(
    "said",
    [
        "apply it",
        "OK, do it.",
        "yes please apply the plan",
        "go ahead",
        "go ahead and apply it now",
        "carry out that fix",
    ],
)
def test_a_plan_is_wanted_in_english(said: str) -> None:
    assert wanted(said, SHOWN) == f"apply {PLAN}"


@pytest.mark.parametrize(
    "said", ["执行吧", "好，应用这个方案", "就这么办", "按这个方案来", "那就执行它"]
)
def test_a_plan_is_wanted_in_chinese(said: str) -> None:
    assert wanted(said, SHOWN) == f"应用 {PLAN}"


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("apply that plan", f"apply {PLAN}"),
        ("就按刚才那个方案执行", f"应用 {PLAN}"),
        ("dry run first", f"rehearse {PLAN}"),
        ("can you try it out first", f"rehearse {PLAN}"),
        ("run it on a copy first", f"rehearse {PLAN}"),
        ("先演练一下", f"演练 {PLAN}"),
        ("show me that plan again", f"show {PLAN}"),
        ("方案给我看看", f"查看 {PLAN}"),
    ],
)
def test_a_plan_is_carried_out_tried_or_shown_as_is_said(said: str, means: str) -> None:
    assert wanted(said, SHOWN) == means


@pytest.mark.parametrize(
    ("said", "means"),
    [("undo that", f"roll back {CHANGE}"), ("roll it back please", f"roll back {CHANGE}"), ("撤回刚才的操作", f"回滚 {CHANGE}")],
)  # fmt: skip
def test_what_was_just_done_is_taken_back_by_its_own_id(said: str, means: str) -> None:
    assert wanted(said, f"`{CHANGE}` of `{PLAN}` is verified.") == means
    assert wanted(said, SHOWN) == ""


@pytest.mark.parametrize("said", ["don't apply it", "别执行了", "undo cart", "roll back cart"])
def test_what_is_forbidden_or_of_something_else_means_no_plan(said: str) -> None:
    assert wanted(said, f"{SHOWN} `{CHANGE}`") == ""


@pytest.mark.parametrize(
    "said",
    ["yes", "apply a fix to cart", "do it on staging", "why", "执行历史", "restart it", "好"],
)
def test_what_says_something_else_is_left_as_it_is(said: str) -> None:
    assert wanted(said, SHOWN) == ""


def test_nothing_is_wanted_where_no_plan_or_more_than_one_was_shown() -> None:
    assert wanted("apply it", "Nothing is wrong.") == ""
    assert wanted("apply it", f"{SHOWN} Or `{OTHER}`.") == ""
