"""A tool that changes something waits for a person, whoever asks and however long it takes."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.approvals import Decision, reversed_diff
from agent.events import ApprovalNeeded
from agent.graph import Assistant
from agent.limits import Limits
from agent.models import ModelChoice
from core.errors import NotFound
from core.principal import Permission, Principal
from evals.providers.saying import Say
from evals.providers.serving import Provider, provider_serving
from tests.agent.changing_server import DIFF, Ledger, changing
from tests.agent.conftest import assistant_with
from tests.agent.turns import ANN, Told, choice_of

RESTART = ("autofix_restart", {"name": "checkout"})
APPLY = ("autofix_apply", {"plan_id": "plan-1"})
QUESTION = "restart checkout"
IN_PERSON = replace(ANN, present=True)


@asynccontextmanager
async def scene(
    ledger: Ledger, *script: Say, memory: Path | None = None, limits: Limits | None = None
) -> AsyncGenerator[tuple[Assistant, Provider]]:
    with provider_serving(*script) as provider:
        async with (
            changing(ledger) as sessions,
            assistant_with(
                sessions, choice_of("openai", provider), memory=memory, limits=limits or Limits()
            ) as assistant,
        ):
            yield assistant, provider


async def begun(assistant: Assistant, *, can_ask: bool = True) -> Told:
    told = Told()
    await told.collect(assistant.run(QUESTION, principal=ANN, thread_id="thread", can_ask=can_ask))
    return told


async def resumed(
    assistant: Assistant, *decisions: Decision, principal: Principal = IN_PERSON
) -> Told:
    told = Told()
    await told.collect(assistant.resume("thread", principal=principal, decisions=decisions))
    return told


def yes(told: Told, typed: str = "") -> list[Decision]:
    return [Decision(one["id"], approved=True, typed=typed) for one in told.done.approvals]


async def test_a_change_is_made_once_and_only_after_a_persons_yes() -> None:
    ledger = Ledger()
    async with scene(ledger, Say("", [RESTART]), Say("It is restarted.")) as (assistant, _):
        told = await begun(assistant)
        assert ledger.done == []
        [asked] = told.done.approvals
        assert (asked["tool"], asked["arguments"]) == ("autofix_restart", {"name": "checkout"})
        assert asked["id"] in told.answer
        assert [one for one in told.events if isinstance(one, ApprovalNeeded)]
        after = await resumed(assistant, *yes(told))
    assert ledger.done == ["restart checkout"]
    assert after.answer == "It is restarted."
    assert [call.status for call in after.calls] == ["ok"]


async def test_nobody_is_asked_about_a_change_that_cannot_be_read() -> None:
    ledger, half = Ledger(), Say("", [("autofix_restart", '{"name": "check')])
    async with scene(ledger, half, Say("I could not.")) as (assistant, _):
        told = await begun(assistant)
    assert told.done.approvals == ()
    assert [call.status for call in told.calls] == ["invalid"]
    assert ledger.done == []


async def test_a_no_is_told_to_the_model_and_nothing_is_done() -> None:
    ledger = Ledger()
    async with scene(ledger, Say("", [RESTART]), Say("I left it alone.")) as (assistant, provider):
        told = await begun(assistant)
        after = await resumed(assistant, Decision(told.done.approvals[0]["id"], approved=False))
        heard = str(provider.requests[-1]["messages"][-1])
    assert ledger.done == []
    assert after.answer == "I left it alone."
    assert "A person said no" in heard


async def test_why_somebody_said_no_is_told_to_the_model() -> None:
    async with scene(Ledger(), Say("", [RESTART]), Say("Later then.")) as (assistant, provider):
        told = await begun(assistant)
        no = Decision(told.done.approvals[0]["id"], approved=False, reason="not before the sale")
        await resumed(assistant, no)
        heard = str(provider.requests[-1]["messages"][-1])
    assert "Why: not before the sale" in heard


@pytest.mark.parametrize(
    ("question", "reason", "told"),
    [
        ("apply fix-0123456789ab", "", "This was not done: a person said no."),
        ("执行 fix-0123456789ab", "", "没有执行：有人拒绝了这项变更。"),
        ("apply fix-0123456789ab", "on sale", "This was not done: a person said no (on sale)."),
        ("执行 fix-0123456789ab", "大促", "没有执行：有人拒绝了（大促）。"),
    ],
)
async def test_a_no_is_told_to_people_in_their_language(
    question: str, reason: str, told: str
) -> None:
    async with (
        changing(Ledger()) as sessions,
        Assistant.opened(model=ModelChoice(), sessions=sessions, memory=None) as assistant,
    ):
        begun = Told()
        await begun.collect(
            assistant.run(question, principal=ANN, thread_id="thread", can_ask=True)
        )
        no = [Decision(one["id"], approved=False, reason=reason) for one in begun.done.approvals]
        after = await resumed(assistant, *no)
    assert len(no) == 1
    assert after.answer.endswith(told)


async def test_without_an_answer_the_answer_is_no() -> None:
    ledger = Ledger()
    async with scene(ledger, Say("", [RESTART]), Say("Not done.")) as (assistant, _):
        await begun(assistant)
        after = await resumed(assistant)
    assert (ledger.done, [call.status for call in after.calls]) == ([], ["denied"])


async def test_an_answer_to_another_question_is_no_answer_to_this_one() -> None:
    ledger = Ledger()
    async with scene(ledger, Say("", [RESTART]), Say("Not done.")) as (assistant, _):
        await begun(assistant)
        await resumed(assistant, Decision("apr_of_yesterday", approved=True))
    assert ledger.done == []


async def test_where_nobody_can_be_asked_the_change_is_refused_at_once() -> None:
    ledger = Ledger()
    async with scene(ledger, Say("", [RESTART]), Say("I cannot.")) as (assistant, _):
        told = await begun(assistant, can_ask=False)
    assert (ledger.done, told.done.approvals) == ([], ())
    assert [call.status for call in told.calls] == ["cannot_ask"]


async def test_a_yes_that_comes_too_late_changes_nothing() -> None:
    ledger, limits = Ledger(), Limits(approval=timedelta(0))
    async with scene(ledger, Say("", [RESTART]), Say("Too late."), limits=limits) as (assistant, _):
        told = await begun(assistant)
        after = await resumed(assistant, *yes(told))
    assert (ledger.done, [call.status for call in after.calls]) == ([], ["expired"])


async def test_the_same_yes_a_second_time_changes_nothing() -> None:
    ledger = Ledger()
    async with scene(ledger, Say("", [RESTART]), Say("Done.")) as (assistant, _):
        told = await begun(assistant)
        await resumed(assistant, *yes(told))
        with pytest.raises(NotFound):
            await resumed(assistant, *yes(told))
    assert ledger.done == ["restart checkout"]


async def test_a_model_that_asks_again_after_a_no_is_not_heard() -> None:
    ledger = Ledger()
    script = Say("", [RESTART]), Say("", [RESTART]), Say("All right.")
    async with scene(ledger, *script) as (assistant, _):
        told = await begun(assistant)
        after = await resumed(assistant, Decision(told.done.approvals[0]["id"], approved=False))
    assert (ledger.done, after.done.approvals) == ([], ())


async def test_a_model_is_never_offered_to_decide_for_a_person() -> None:
    own = ("autofix_approve", {"plan_id": "plan-1"})
    ledger = Ledger()
    script = Say("", [own]), Say("", [APPLY]), Say("Done?")
    async with scene(ledger, *script) as (assistant, provider):
        told = await begun(assistant, can_ask=False)
        offered = [tool["function"]["name"] for tool in provider.requests[0]["tools"]]
    assert "autofix_approve" not in offered
    assert "autofix_apply" in offered
    assert [call.status for call in told.calls] == ["not_found", "cannot_ask"]
    assert ledger.approved == {}


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("I would raise the memory a little. Shall I?", 1),
        (f"plan-1 does this:\n\n```diff\n{DIFF}\n```\n", 1),
        ("plan-1 does this:\n\n```diff\n-  memory: 256Mi\n+  memory: 300Mi\n```\n", 1),
    ],
)
async def test_a_plan_is_shown_in_full_whatever_a_model_makes_of_it(words: str, shown: int) -> None:
    look = ("autofix_get_plan", {"plan_id": "plan-1"})
    async with scene(Ledger(), Say("", [look]), Say(words)) as (assistant, _):
        told = await begun(assistant)
    assert told.answer.count("+  memory: 512Mi") == shown
    assert ("2 pods restart" in told.answer) == (DIFF not in words)


def test_the_way_back_is_shown_as_a_diff_of_its_own() -> None:
    there = (
        "--- before\n+++ after\n@@ -1 +1 @@\n   a: 1\n-  b: 2\n-  c: 3\n+  b: 4\n   d: 5\n+  e: 6"
    )
    back = (
        "--- before\n+++ after\n@@ -1 +1 @@\n   a: 1\n-  b: 4\n+  b: 2\n+  c: 3\n   d: 5\n-  e: 6"
    )
    assert reversed_diff(there) == back
    assert reversed_diff("") == ""


async def test_a_stored_plan_is_shown_and_approved_in_the_persons_own_name() -> None:
    ledger = Ledger()
    async with scene(ledger, Say("", [APPLY]), Say("Applied.")) as (assistant, _):
        told = await begun(assistant)
        [asked] = told.done.approvals
        shown = {key: asked[key] for key in ("plan_id", "risk", "facts", "diff", "approvers")}
        await resumed(assistant, *yes(told))
    assert shown == {
        "plan_id": "plan-1",
        "risk": "medium",
        "facts": ["2 pods restart", "PDB allows 1"],
        "diff": DIFF,
        "approvers": "managers",
    }
    assert ledger.approved == {"plan-1": "ann:"}
    assert ledger.done == ["apply plan-1 for ann"]


@pytest.mark.parametrize(
    ("typed", "done"), [("chekout", []), ("", []), ("checkout", ["apply plan-1 for ann"])]
)
async def test_a_high_risk_takes_the_name_of_the_object(typed: str, done: list[str]) -> None:
    ledger = Ledger(risk="high")
    async with scene(ledger, Say("", [APPLY]), Say("Well.")) as (assistant, _):
        told = await begun(assistant)
        assert told.done.approvals[0]["typed"] == "checkout"
        await resumed(assistant, *yes(told, typed))
    assert ledger.done == done


async def test_a_person_who_may_not_approve_is_told_why_and_nothing_is_done() -> None:
    nobody = Principal(subject="bob", permissions=frozenset({Permission.CHAT_USE}))
    ledger = Ledger()
    async with scene(ledger, Say("", [APPLY]), Say("Well.")) as (assistant, _):
        told = await begun(assistant)
        after = await resumed(assistant, *yes(told), principal=nobody)
    assert ledger.done == []
    assert ledger.approved == {}
    assert after.done.approvals == ()


async def test_a_turn_that_waits_survives_a_restart(tmp_path: Path) -> None:
    ledger, memory = Ledger(), tmp_path / "memory.db"
    look = ("autofix_look", {"name": "checkout"})
    async with scene(ledger, Say("", [look]), Say("", [RESTART]), memory=memory) as (assistant, _):
        told = await begun(assistant)
    async with scene(ledger, Say("It had 256Mi [1]."), memory=memory) as (assistant, _):
        standing = await assistant.standing("thread")
        assert standing
        assert standing.waits
        assert [one.shape() for one in standing.approvals] == list(told.done.approvals)
        after = await resumed(assistant, *yes(told))
        left = await assistant.standing("thread")
        exchanges = await assistant.exchanges("thread")
    assert ledger.done == ["look checkout", "restart checkout"]
    assert after.answer == "It had 256Mi [1]."
    assert after.done.citations[0].ref == "autofix_look name=checkout"
    assert left is None
    assert [(one["question"], one["answer"].endswith(after.answer)) for one in exchanges] == [
        (QUESTION, True)
    ]


@pytest.mark.parametrize(
    ("first", "done", "statuses"),
    [
        ("checkout", ["restart checkout", "restart cart"], ["ok", "ok"]),
        ("broken-checkout", ["restart broken-checkout"], ["ok", "held_back"]),
    ],
)
async def test_changes_of_one_reply_are_made_in_turn_up_to_the_first_that_does_not_hold(
    first: str, done: list[str], statuses: list[str]
) -> None:
    calls = [("autofix_restart", {"name": first}), ("autofix_restart", {"name": "cart"})]
    ledger = Ledger(slow_s=0.05)
    async with scene(ledger, Say("", calls), Say("I tried.")) as (assistant, _):
        told = await begun(assistant)
        after = await resumed(assistant, *yes(told))
    assert ledger.done == done
    assert [call.status for call in after.calls] == statuses


async def test_two_changes_of_one_reply_are_two_questions() -> None:
    ledger = Ledger()
    other: tuple[str, dict[str, Any]] = ("autofix_restart", {"name": "cart"})
    async with scene(ledger, Say("", [RESTART, other]), Say("One of two.")) as (assistant, _):
        told = await begun(assistant)
        first, second = told.done.approvals
        await resumed(
            assistant, Decision(first["id"], approved=True), Decision(second["id"], approved=False)
        )
    assert ledger.done == ["restart checkout"]
