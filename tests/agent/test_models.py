"""Real SDKs over real HTTP: streaming with tool calls, from Anthropic's API and OpenAI's."""

import json
from dataclasses import replace

import pytest

from evals.providers.saying import Say
from evals.providers.serving import provider_serving
from mcp_servers.client import Sessions
from tests.agent.conftest import assistant_with
from tests.agent.turns import BOTH, Vendor, ask, choice_of

INVESTIGATE = ("rca_investigate", {"namespace": "shop", "name": "checkout"})
ANSWER = "checkout is OOMKilled: it outgrows its limit of 256Mi [1]. Raise the limit."

both = pytest.mark.parametrize("vendor", BOTH)


@both
async def test_a_model_calls_a_tool_and_its_answer_is_streamed_word_by_word(
    vendor: Vendor, sessions: Sessions
) -> None:
    with provider_serving(Say("Let me look.", [INVESTIGATE]), Say(ANSWER)) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            told = await ask(assistant, "Why is checkout failing?")
    assert told.answer == ANSWER == told.spoken
    assert [(call.tool, call.status) for call in told.calls] == [("rca_investigate", "ok")]
    assert told.calls[0].arguments == INVESTIGATE[1]
    assert told.done.route == ("rca",)
    assert told.subagents == [("rca", "ok")]


@both
async def test_citations_are_those_the_answer_used_and_no_others(
    vendor: Vendor, sessions: Sessions
) -> None:
    script = Say("", [INVESTIGATE]), Say("The limit is 256Mi [2], as [1] and [99] show [1, 98].")
    with provider_serving(*script) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            told = await ask(assistant, "Why is checkout failing?")
    assert told.answer == "The limit is 256Mi [2], as [1] and show [1]." == told.spoken
    assert [one.n for one in told.done.citations] == [1, 2]


@both
async def test_what_a_model_claims_without_evidence_is_marked_in_the_stream(
    vendor: Vendor, sessions: Sessions
) -> None:
    answer = "It outgrows 256Mi [2].\n\nThe payments team caused 40% of it.\n\nShall I look closer?"
    with provider_serving(Say("", [INVESTIGATE]), Say(answer)) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            told = await ask(assistant, "Why is checkout failing?")
    marked = answer.replace("40% of it.", "40% of it. *(no evidence cited)*")
    assert told.answer == marked == told.spoken


@both
async def test_usage_is_what_the_provider_counted_over_all_calls(
    vendor: Vendor, sessions: Sessions
) -> None:
    script = (
        Say("", [INVESTIGATE], input_tokens=1200, output_tokens=30),
        Say(ANSWER, input_tokens=2100, output_tokens=40),
    )
    with provider_serving(*script) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            told = await ask(assistant, "Why is checkout failing?")
    [usage] = told.done.usage
    assert (usage.provider, usage.model) == (vendor, "model-x")
    assert (usage.input_tokens, usage.output_tokens) == (3300, 70)
    assert usage.cost_usd is None


@both
async def test_the_model_reads_tool_results_as_numbered_data(
    vendor: Vendor, sessions: Sessions
) -> None:
    with provider_serving(Say("", [INVESTIGATE]), Say(ANSWER)) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            told = await ask(assistant, "Why is checkout failing?")
    sent = json.dumps(provider.requests[-1], ensure_ascii=False)
    assert "<tool_data tool=" in sent
    assert "[1] object" in sent
    assert "[e1]" not in sent
    assert told.calls[0].result_tokens < 1500


@both
async def test_calls_of_one_reply_are_made_side_by_side_and_each_is_answered(
    vendor: Vendor, sessions: Sessions
) -> None:
    calls = [INVESTIGATE, ("kubernetes_list_pods", {"namespace": "shop"})]
    with provider_serving(Say("", calls), Say("Both looked at [1].")) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            told = await ask(assistant, "Why is checkout failing?")
    assert [call.tool for call in told.started] == ["rca_investigate", "kubernetes_list_pods"]
    assert [call.status for call in told.calls] == ["ok", "ok"]
    assert len({call.call_id for call in told.calls}) == 2


@both
async def test_the_next_turn_remembers_questions_and_answers_but_not_the_evidence(
    vendor: Vendor, sessions: Sessions
) -> None:
    script = Say("", [INVESTIGATE]), Say(ANSWER), Say("As I said: memory.")
    with provider_serving(*script) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            await ask(assistant, "Why is checkout failing?")
            told = await ask(assistant, "Why is checkout failing, in one word?")
    sent = json.dumps(provider.requests[-1])
    assert "Raise the limit." in sent
    assert "tool_data" not in sent.replace("<tool_data> marks", "")
    assert told.done.citations == ()


@both
async def test_words_that_rules_are_unsure_of_are_routed_by_the_model(
    vendor: Vendor, sessions: Sessions
) -> None:
    script = Say("", [("route", {"subagent": "rag"})]), Say("Nothing is written about it.")
    with provider_serving(*script) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            told = await ask(assistant, "the purple elephant of the platform")
    assert told.done.route == ("rag",)
    assert told.done.state["asked"]["by"] == "model"


@both
async def test_words_that_rules_are_sure_of_cost_no_model_call_to_route(
    vendor: Vendor, sessions: Sessions
) -> None:
    with provider_serving(Say("Restarts need an approval.")) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            [route] = await assistant.route("restart the checkout deployment")
    assert (route.subagent, provider.requests) == ("autofix", [])


@both
async def test_a_router_that_fails_leaves_the_decision_to_the_rules(
    vendor: Vendor, sessions: Sessions
) -> None:
    with provider_serving(Say(status=500)) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            told = await ask(assistant, "the purple elephant of the platform")
    assert told.done.route == ("none",)
    assert "I did not understand" in told.answer


async def test_anthropic_is_told_which_part_of_the_prompt_is_worth_caching(
    sessions: Sessions,
) -> None:
    with provider_serving(Say(ANSWER)) as provider:
        async with assistant_with(sessions, choice_of("anthropic", provider)) as assistant:
            await ask(assistant, "Why is checkout failing?")
    [system] = provider.requests[0]["system"]
    assert system["cache_control"] == {"type": "ephemeral"}
    assert provider.headers[0]["authorization"] == "Bearer key-x"


async def test_anthropic_itself_is_told_to_cache_the_conversation_so_far(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    with provider_serving(Say("", [INVESTIGATE]), Say(ANSWER)) as provider:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", provider.base_url)
        choice = replace(choice_of("anthropic", provider), base_url="")
        async with assistant_with(sessions, choice) as assistant:
            await ask(assistant, "Why is checkout failing?")
    told = [body["cache_control"] for body in provider.requests]
    assert told == [{"type": "ephemeral"}] * 2


async def test_openai_itself_is_spoken_to_through_its_newer_api(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    with provider_serving(Say("", [INVESTIGATE]), Say(ANSWER)) as provider:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{provider.base_url}/v1")
        choice = choice_of("openai", provider)
        choice = type(choice)("openai", "gpt-6.1-terra", "key-x", "", 10.0)
        async with assistant_with(sessions, choice) as assistant:
            told = await ask(assistant, "Why is checkout failing?")
    assert "input" in provider.requests[0]
    assert told.answer == ANSWER == told.spoken
    assert [(call.tool, call.status) for call in told.calls] == [("rca_investigate", "ok")]
    assert told.done.usage[0].input_tokens == 200


async def test_a_compatible_server_that_gives_no_call_ids_is_understood(
    sessions: Sessions,
) -> None:
    with provider_serving(Say("", [INVESTIGATE], no_ids=True), Say(ANSWER)) as provider:
        async with assistant_with(sessions, choice_of("openai", provider)) as assistant:
            told = await ask(assistant, "Why is checkout failing?")
    assert told.answer == ANSWER
    answered = [one for one in provider.requests[-1]["messages"] if one["role"] == "tool"]
    assert answered[0]["tool_call_id"].startswith("call_")


@both
async def test_tokens_are_told_by_kind_with_their_price(vendor: Vendor, sessions: Sessions) -> None:
    name = {"anthropic": "claude-haiku-4-5", "openai": "gpt-4.1"}[vendor]
    say = Say(ANSWER, input_tokens=1000, output_tokens=100, cache_read=600, cache_write=100)
    with provider_serving(say) as provider:
        choice = replace(choice_of(vendor, provider), model=name)
        async with assistant_with(sessions, choice) as assistant:
            told = await ask(assistant, "Why is checkout failing?")
    [usage] = told.done.usage
    assert (usage.input_tokens, usage.output_tokens) == (1000, 100)
    assert (usage.cache_read_tokens, usage.cache_write_tokens) == (600, 100)
    assert usage.cost_usd == {"anthropic": 0.000985, "openai": 0.0019}[vendor]
    assert not usage.estimated


@pytest.mark.parametrize("api", ["chat", "responses"])
async def test_openai_tells_its_reasoning_apart(
    api: str, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    with provider_serving(Say(ANSWER, output_tokens=100, reasoning=70)) as provider:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{provider.base_url}/v1")
        choice = choice_of("openai", provider)
        choice = choice if api == "chat" else replace(choice, model="gpt-6.1-terra", base_url="")
        async with assistant_with(sessions, choice) as assistant:
            told = await ask(assistant, "Why is checkout failing?")
    [usage] = told.done.usage
    assert (usage.output_tokens, usage.reasoning_tokens) == (100, 70)


@both
async def test_a_provider_that_does_not_count_is_estimated_and_that_is_said(
    vendor: Vendor, sessions: Sessions
) -> None:
    script = Say("", [INVESTIGATE], uncounted=True), Say(ANSWER, uncounted=True)
    with provider_serving(*script) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            told = await ask(assistant, "Why is checkout failing?")
    [usage] = told.done.usage
    sent = sum(len(json.dumps(one)) for one in provider.requests) / 4
    assert 0.6 * sent < usage.input_tokens < 1.4 * sent
    assert 20 < usage.output_tokens < 80
    assert usage.estimated


@both
@pytest.mark.parametrize("cursor", [10**30, "\ud800"], ids=["endless number", "half a character"])
async def test_arguments_that_cannot_be_handed_on_are_answered_with_a_sentence(
    vendor: Vendor, cursor: object, sessions: Sessions
) -> None:
    calls = [("kubernetes_list_pods", {"namespace": "shop", "cursor": cursor})]
    with provider_serving(Say("", calls), Say("There is nothing to see.")) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            told = await ask(assistant, "Why is checkout failing?")
    assert [call.status for call in told.calls] == ["invalid"]
    assert "cannot be read" in told.calls[0].result
    assert told.answer == "There is nothing to see."
