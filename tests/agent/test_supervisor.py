"""One message, several subagents; and what happens when it is not clear which."""

import pytest

from agent.choices import choices, picked
from agent.events import Planned, SubagentFinished, SubagentStarted
from agent.graph import Assistant
from agent.intents import Language, read
from tests.agent.turns import Told, ask

pytestmark = pytest.mark.anyio


def order(told: Told) -> list[str]:
    return [
        f"{'+' if isinstance(one, SubagentStarted) else '-'}{one.name}"
        for one in told.events
        if isinstance(one, SubagentStarted | SubagentFinished)
    ]


async def test_a_fault_and_its_price_are_looked_into_side_by_side(assistant: Assistant) -> None:
    told = await ask(assistant, "Why is checkout failing, and how much does it cost us?")
    assert set(told.done.route) == {"rca", "cost"}
    assert order(told)[:2] == ["+rca", "+cost"]
    [both] = [one for one in told.events if isinstance(one, Planned)][:1]
    assert [step.status for step in both.steps] == ["in_progress", "in_progress"]


async def test_the_plan_tells_of_each_step_side_by_side_when_it_is_done(
    assistant: Assistant,
) -> None:
    told = await ask(assistant, "Why is checkout failing and what did it cost us last week?")
    plans = [
        tuple(step.status for step in one.steps) for one in told.events if isinstance(one, Planned)
    ]
    assert plans[0] == ("in_progress", "in_progress")
    assert set(plans[1]) == {"in_progress", "done"}
    assert plans[-1] == ("done", "done")


async def test_answers_given_side_by_side_come_in_the_order_of_the_question(
    assistant: Assistant,
) -> None:
    told = await ask(assistant, "查一下 checkout 为什么报错？再找找 CrashLoopBackOff 的手册")
    assert told.answer.index("根因") < told.answer.index("CrashLoopBackOff", 300)
    assert told.answer == told.spoken
    assert {one.source for one in told.done.citations} >= {"object", "document"}


async def test_a_change_waits_for_what_was_asked_before_it(assistant: Assistant) -> None:
    told = await ask(assistant, "Why is checkout failing? Also restart it")
    assert told.done.route == ("rca", "autofix")
    assert order(told) == ["+rca", "-rca", "+autofix", "-autofix"]


@pytest.mark.parametrize(
    "words", ["checkout keeps crashing, roll it back", "checkout 一直崩溃，回滚它"]
)
async def test_an_order_goes_to_who_carries_it_out_whatever_reason_stands_before_it(
    words: str, assistant: Assistant
) -> None:
    assert (await ask(assistant, words, thread=words)).done.route == ("autofix",)


async def test_a_second_turn_starts_anew(assistant: Assistant) -> None:
    await ask(assistant, "list pods in shop", thread="again")
    assert (await ask(assistant, "node status", thread="again")).done.route == ("rca",)


@pytest.mark.parametrize(("words", "language"), [("mumble mumble", "en"), ("咕噜咕噜", "zh")])
async def test_what_is_not_understood_is_answered_with_choices(
    words: str, language: str, assistant: Assistant
) -> None:
    told = await ask(assistant, words, thread=words)
    assert told.done.route == ("none",)
    assert "1. " in told.answer
    assert told.done.language == language


async def test_a_choice_is_picked_by_its_number(assistant: Assistant) -> None:
    await ask(assistant, "mumble mumble", thread="pick")
    told = await ask(assistant, "the second one", thread="pick")
    assert told.calls[-1].tool == "kubernetes_what_changed"


async def test_a_bare_name_is_looked_into_and_other_meanings_are_offered(
    assistant: Assistant,
) -> None:
    told = await ask(assistant, "cart-0 hm", thread="name")
    assert "Show the logs of cart-0" in told.answer
    again = await ask(assistant, "2", thread="name")
    assert again.calls[-1].tool == "kubernetes_get_logs"


def test_a_number_picks_only_what_was_offered() -> None:
    assert picked("2", ["a", "b"]) == picked("第二个", ["a", "b"]) == "b"
    assert picked("4", ["a", "b"]) == picked("2 replicas", ["a", "b"]) == picked("2", ()) == ""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_choice_is_a_question_that_is_understood(language: Language) -> None:
    offered = [*choices("cart-api", language), *choices("", language)]
    assert [one for one in offered if not read(one).sure] == []


async def test_two_asks_of_one_subagent_are_both_answered(assistant: Assistant) -> None:
    told = await ask(assistant, "Why is checkout down, and is payments healthy?")
    assert told.done.route == ("rca",)
    assert order(told)[:2] == ["+rca", "+rca"]
    looked = {str(one.arguments) for one in told.calls if one.tool == "rca_investigate"}
    assert any("checkout" in one for one in looked)
    assert any("payments" in one for one in looked)
    first, second = told.answer.index("OOMKilled"), told.answer.index("No fault found in payments")
    assert first < second
    assert "\n\n**No fault" in told.answer


async def test_two_changes_of_one_message_are_made_one_after_the_other(
    assistant: Assistant,
) -> None:
    told = await ask(assistant, "restart cart and scale payments to 3")
    assert order(told) == ["+autofix", "-autofix"] * 2


async def test_what_is_healthy_itself_is_said_before_what_is_wrong_beside_it(
    assistant: Assistant,
) -> None:
    told = await ask(assistant, "cart 健康吗")
    assert told.answer.startswith("**`cart` 没有发现问题**")
    assert not (await ask(assistant, "is checkout healthy?", thread="ill")).answer.startswith(
        "**Nothing"
    )
