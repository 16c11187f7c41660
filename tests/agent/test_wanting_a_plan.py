""" "Apply it" after a plan was shown means that plan; anything else means what it says."""

import pytest

from agent.choices import wanted

PLAN, OTHER = "fix-0123456789ab", "fix-ba9876543210"
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
    "said",
    ["yes", "apply a fix to cart", "do it on staging", "why", "执行历史", "restart it", "好"],
)
def test_what_says_something_else_is_left_as_it_is(said: str) -> None:
    assert wanted(said, SHOWN) == ""


def test_nothing_is_wanted_where_no_plan_or_more_than_one_was_shown() -> None:
    assert wanted("apply it", "Nothing is wrong.") == ""
    assert wanted("apply it", f"{SHOWN} Or `{OTHER}`.") == ""
