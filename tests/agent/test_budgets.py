"""A budget that is used up ends what models do, not the answer."""

from dataclasses import replace
from decimal import Decimal

import pytest

from agent.accounts import UsedUp
from agent.limits import Limits
from agent.models import Lineup, ModelChoice
from evals.providers.saying import Say
from evals.providers.serving import provider_serving
from mcp_servers.client import Sessions
from tests.agent.conftest import assistant_with
from tests.agent.turns import BOTH, Notes, Vendor, ask, choice_of

QUESTION = "Why is checkout failing?"
PODS = ("kubernetes_list_pods", {"namespace": "shop"})

both = pytest.mark.parametrize("vendor", BOTH)


@both
async def test_out_of_budget_rules_give_the_whole_answer_and_say_so(
    vendor: Vendor, sessions: Sessions
) -> None:
    with provider_serving(Say("Not asked.")) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            told = await ask(assistant, QUESTION, account=Notes(used_up_after=0))
            alone = await ask(assistant, "为什么 checkout 报错？", account=Notes(used_up_after=0))
    assert provider.requests == []
    assert "256Mi" in told.answer
    assert told.done.citations
    assert told.done.incomplete_code == "budget_day"
    assert "rules answered" in told.done.incomplete
    assert "由规则回答" in alone.done.incomplete
    assert [(one.provider, one.cost_usd) for one in told.done.usage] == [("offline", 0.0)]


@pytest.mark.parametrize("code", ["budget_thread", "budget_user", "budget_day"])
async def test_each_budget_has_its_code(code: UsedUp, sessions: Sessions) -> None:
    with provider_serving(Say("Not asked.")) as provider:
        async with assistant_with(sessions, choice_of("openai", provider)) as assistant:
            account = Notes(used_up_after=0, says=code)
            told = await ask(assistant, QUESTION, account=account)
    assert told.done.incomplete_code == code
    assert code.removeprefix("budget_").upper() in told.done.incomplete


@both
async def test_a_budget_that_ends_within_a_turn_lets_rules_go_on_from_what_was_found(
    vendor: Vendor, sessions: Sessions
) -> None:
    with provider_serving(Say("", [PODS])) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            told = await ask(assistant, QUESTION, account=Notes(used_up_after=1))
    assert len(provider.requests) == 1
    assert told.calls[0].tool == "kubernetes_list_pods"
    assert "256Mi" in told.answer
    assert told.done.incomplete_code == "budget_day"
    assert [one.provider for one in told.done.usage] == [vendor, "offline"]


@both
async def test_a_turn_spends_no_more_than_its_budget_and_the_call_that_passes_it(
    vendor: Vendor, sessions: Sessions
) -> None:
    name = {"anthropic": "claude-haiku-4-5", "openai": "gpt-4.1"}[vendor]
    dear = Say("", [PODS], input_tokens=10_000, output_tokens=0)
    with provider_serving(dear) as provider:
        choice = replace(choice_of(vendor, provider), model=name)
        limits = Limits(usd=Decimal("0.01"))
        async with assistant_with(sessions, choice, limits=limits) as assistant:
            told = await ask(assistant, QUESTION)
    assert len(provider.requests) == 1
    assert told.done.incomplete_code == "budget_turn"
    assert "MIDWATCH_BUDGETS__TURN_USD" in told.done.incomplete


async def test_out_of_budget_no_model_is_asked_to_route(sessions: Sessions) -> None:
    with provider_serving(Say("Not asked.")) as provider:
        async with assistant_with(sessions, choice_of("openai", provider)) as assistant:
            account = Notes(used_up_after=0)
            told = await ask(assistant, "the purple elephant of the platform", account=account)
    assert provider.requests == []
    assert told.done.route == ("none",)


async def test_a_decision_alone_is_charged_too_and_stops_with_the_budget(
    sessions: Sessions,
) -> None:
    account, unclear = Notes(used_up_after=1), "the purple elephant of the platform"
    with provider_serving(Say("", [("route", {"subagent": "rag"})])) as provider:
        async with assistant_with(sessions, choice_of("openai", provider)) as assistant:
            [by_model] = await assistant.route(unclear, account=account)
            [by_rules] = await assistant.route(unclear, account=account)
    assert [one.subagent for one in account.charged] == ["supervisor"]
    assert [one.by == "model" for one in (by_model, by_rules)] == [True, False]
    assert len(provider.requests) == 1


async def test_a_subagent_that_works_by_rules_needs_no_budget(sessions: Sessions) -> None:
    with provider_serving(Say("Not asked.")) as provider:
        own = Lineup(subagents={"rca": ModelChoice()})
        async with assistant_with(sessions, choice_of("openai", provider), lineup=own) as assistant:
            told = await ask(assistant, QUESTION, account=Notes(used_up_after=0))
    assert told.done.incomplete_code == ""


@both
async def test_every_call_is_charged_also_those_that_failed(
    vendor: Vendor, sessions: Sessions
) -> None:
    script = (
        Say("", [("route", {"subagent": "rca"})]),
        Say(status=529),
        Say("", [PODS]),
        Say("word " * 80, cut_after=60),
    )
    account = Notes()
    with provider_serving(*script) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            await ask(assistant, "the purple elephant of the platform", account=account)
    told = [(one.subagent, one.outcome, one.tokens.estimated) for one in account.charged]
    assert told == [
        ("supervisor", "ok", False),
        ("rca", "overloaded", False),
        ("rca", "ok", False),
        ("rca", "cut", True),
    ]
    assert [one.first_token_ms is None for one in account.charged] == [False, True, False, False]
    assert all(one.duration_ms >= (one.first_token_ms or 0) for one in account.charged)


@both
async def test_the_first_token_is_timed_when_it_comes(vendor: Vendor, sessions: Sessions) -> None:
    account = Notes()
    with provider_serving(Say("It is memory.", pause_s=0.5)) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            await ask(assistant, QUESTION, account=account)
    [call] = account.charged
    assert call.first_token_ms is not None
    assert call.first_token_ms >= 500
