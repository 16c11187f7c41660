"""A model that fails, loops or talks rubbish: bounded, told in the stream, the thread usable after."""

import asyncio

import pytest

from agent.events import ToolStarted, Usage
from agent.limits import Limits
from agent.models import ModelChoice
from core.errors import Invalid, UpstreamUnavailable
from core.principal import Permission, Principal
from evals.providers.saying import Say
from evals.providers.serving import provider_serving
from mcp_servers.client import Sessions
from tests.agent.conftest import assistant_with
from tests.agent.turns import ANN, BOTH, Told, Vendor, ask, choice_of

PODS = ("kubernetes_list_pods", {"namespace": "shop"})
QUESTION = "Why is checkout failing?"

both = pytest.mark.parametrize("vendor", BOTH)


@both
@pytest.mark.parametrize("status", [401, 429, 500, 529])
async def test_a_provider_that_refuses_is_one_sentence(
    vendor: Vendor, status: int, sessions: Sessions
) -> None:
    with provider_serving(Say(status=status)) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            with pytest.raises(
                UpstreamUnavailable, match=rf"model-x \({vendor}\) failed: .*{status}"
            ):
                await ask(assistant, QUESTION)
    assert len(provider.requests) <= 2


@both
async def test_a_provider_s_own_words_are_told_without_the_body_they_came_in(
    vendor: Vendor, sessions: Sessions
) -> None:
    with provider_serving(Say(status=500)) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            with pytest.raises(UpstreamUnavailable) as failed:
                await ask(assistant, QUESTION)
    assert failed.value.message.endswith("failed: Scripted failure 500 (status 500).")


@both
async def test_a_provider_that_is_not_there_is_one_sentence(
    vendor: Vendor, sessions: Sessions
) -> None:
    with provider_serving(Say("Never heard.")) as provider:
        choice = choice_of(vendor, provider, timeout_s=2)
    async with assistant_with(sessions, choice) as assistant:
        with pytest.raises(UpstreamUnavailable, match="Connection error"):
            await ask(assistant, QUESTION)


@both
async def test_the_thread_is_usable_after_a_failure(vendor: Vendor, sessions: Sessions) -> None:
    refusals = [Say(status=400)]
    with provider_serving(*refusals, Say("It is memory.")) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            with pytest.raises(UpstreamUnavailable):
                await ask(assistant, QUESTION)
            told = await ask(assistant, "Why is checkout failing now?")
    assert told.answer == "It is memory."


@both
async def test_what_was_found_before_a_failure_is_answered_by_rules(
    vendor: Vendor, sessions: Sessions
) -> None:
    script = Say("", [("rca_investigate", {"name": "checkout"})]), Say(status=400)
    with provider_serving(*script) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            told = await ask(assistant, QUESTION)
    assert "256Mi" in told.answer
    assert told.done.citations
    assert told.done.incomplete_code == "model_failed"
    assert told.done.incomplete.startswith("The model failed")


@both
@pytest.mark.filterwarnings("ignore:Pydantic serializer")  # a provider's package on a wrong shape
@pytest.mark.parametrize(
    "rubbish",
    ["<html>not what you wanted</html>", "data: {broken\n\n", 'data: {"choices": 7}\n\n', ""],
    ids=["html", "half a JSON", "wrong shape", "nothing"],
)
async def test_rubbish_instead_of_events_is_one_sentence(
    vendor: Vendor, rubbish: str, sessions: Sessions
) -> None:
    events = (
        rubbish if vendor == "openai" else rubbish.replace("data:", "event: message_start\ndata:")
    )
    with provider_serving(Say(raw=events)) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            with pytest.raises(UpstreamUnavailable, match="model-x"):
                await ask(assistant, QUESTION)


@both
async def test_an_answer_that_breaks_off_keeps_what_was_said(
    vendor: Vendor, sessions: Sessions
) -> None:
    long = "word " * 80
    with provider_serving(Say(long, cut_after=60)) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            told = await ask(assistant, QUESTION)
    assert told.done.incomplete_code == "model_failed"
    assert told.answer.startswith("word word")
    assert told.answer == told.spoken


@both
async def test_a_tool_call_that_breaks_off_is_not_made(vendor: Vendor, sessions: Sessions) -> None:
    with provider_serving(Say("", [PODS], cut_after=3)) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            with pytest.raises(UpstreamUnavailable, match="broke off"):
                await ask(assistant, QUESTION)


@both
async def test_empty_replies_are_asked_again_once_and_then_given_up(
    vendor: Vendor, sessions: Sessions
) -> None:
    with provider_serving(Say("")) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            with pytest.raises(UpstreamUnavailable, match="answered with nothing"):
                await ask(assistant, QUESTION)
    assert len(provider.requests) == 2


@both
async def test_a_tool_that_does_not_exist_is_answered_with_those_that_do(
    vendor: Vendor, sessions: Sessions
) -> None:
    script = Say("", [("kubernetes_list_podz", {})]), Say("I was wrong about that tool.")
    with provider_serving(*script) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            told = await ask(assistant, QUESTION)
    [call] = told.calls
    assert call.status == "not_found"
    assert "kubernetes_list_pods" in call.result
    assert told.answer == "I was wrong about that tool."


@both
async def test_a_tool_of_another_subagent_is_not_reachable(
    vendor: Vendor, sessions: Sessions
) -> None:
    script = Say("", [("knowledge_search", {"query": "x"})]), Say("Not mine.")
    with provider_serving(*script) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            told = await ask(assistant, QUESTION)
    assert [call.status for call in told.calls] == ["not_found"]


@both
async def test_arguments_that_cannot_be_read_are_answered_and_the_turn_goes_on(
    vendor: Vendor, sessions: Sessions
) -> None:
    script = Say("", [("kubernetes_list_pods", "[not, an object")]), Say("Sorry.")
    with provider_serving(*script) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            told = await ask(assistant, QUESTION)
    assert [call.status for call in told.calls] == ["invalid"]
    assert told.answer == "Sorry."


@both
async def test_arguments_of_the_wrong_type_are_answered_by_the_tool(
    vendor: Vendor, sessions: Sessions
) -> None:
    script = Say("", [("kubernetes_get_logs", {"tail": "many"})]), Say("Sorry.")
    with provider_serving(*script) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            told = await ask(assistant, QUESTION)
    assert told.calls[0].status != "ok"
    assert told.answer == "Sorry."


@both
async def test_the_same_call_again_is_answered_from_memory_and_soon_ends_the_turn(
    vendor: Vendor, sessions: Sessions
) -> None:
    with provider_serving(Say("", [PODS])) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            told = await ask(assistant, QUESTION)
    assert [call.cached for call in told.calls] == [False, True, True, True]
    assert "3 pods" in told.answer
    assert told.done.incomplete_code == "tool_limit"
    assert len(provider.requests) == 4


def _every_page(n: int) -> Say:
    return Say("", [("kubernetes_list_pods", {"namespace": "shop", "status": f"state-{n}"})])


@both
async def test_calls_over_the_limit_are_refused_and_the_model_has_the_last_word(
    vendor: Vendor, sessions: Sessions
) -> None:
    script = [*(_every_page(n) for n in range(3)), Say("That is all I could see [1].")]
    with provider_serving(*script) as provider:
        choice = choice_of(vendor, provider)
        async with assistant_with(sessions, choice, limits=Limits(tool_calls=2)) as assistant:
            told = await ask(assistant, QUESTION)
    assert [call.status for call in told.calls] == ["ok", "ok", "tool_limit"]
    assert told.answer == "That is all I could see [1]."
    assert told.done.incomplete_code == "tool_limit"
    assert "MIDWATCH_LIMITS__TOOL_CALLS" in told.done.incomplete


@both
async def test_a_model_that_never_stops_calling_is_stopped(
    vendor: Vendor, sessions: Sessions
) -> None:
    with provider_serving(*(_every_page(n) for n in range(30))) as provider:
        choice = choice_of(vendor, provider)
        async with assistant_with(sessions, choice, limits=Limits(tool_calls=3)) as assistant:
            told = await ask(assistant, "为什么 checkout 报错？")
    assert [call.status for call in told.calls] == [*["ok"] * 3, "tool_limit", "tool_limit"]
    assert told.answer.startswith("到那时为止查到的内容")
    assert told.done.incomplete.startswith("已达到一次问答的工具调用上限")


@both
async def test_the_token_limit_ends_a_turn_with_what_was_found(
    vendor: Vendor, sessions: Sessions
) -> None:
    hungry = Say("", [PODS], input_tokens=900, output_tokens=200)
    with provider_serving(hungry) as provider:
        choice = choice_of(vendor, provider)
        async with assistant_with(sessions, choice, limits=Limits(tokens=1000)) as assistant:
            told = await ask(assistant, QUESTION)
    assert len(provider.requests) == 1
    assert told.done.incomplete_code == "token_limit"
    assert "3 pods" in told.answer


@both
async def test_the_time_limit_ends_a_slow_model_with_what_was_found(
    vendor: Vendor, sessions: Sessions
) -> None:
    script = Say("", [PODS]), Say("Too late.", pause_s=30)
    with provider_serving(*script) as provider:
        choice = choice_of(vendor, provider, timeout_s=60)
        async with assistant_with(sessions, choice, limits=Limits(time_s=1.5)) as assistant:
            told = await ask(assistant, QUESTION)
    assert told.done.incomplete_code == "time_limit"
    assert "3 pods" in told.answer
    assert [(usage.provider, usage.input_tokens > 0) for usage in told.done.usage] == [
        (vendor, True),
        ("offline", False),
    ]


@both
async def test_the_time_limit_with_nothing_found_says_so(
    vendor: Vendor, sessions: Sessions
) -> None:
    with provider_serving(Say("Too late.", pause_s=30)) as provider:
        choice = choice_of(vendor, provider, timeout_s=60)
        async with assistant_with(sessions, choice, limits=Limits(time_s=0.5)) as assistant:
            told = await ask(assistant, QUESTION)
    assert told.answer == "Nothing was found out before it ended."
    assert told.done.incomplete_code == "time_limit"


@both
async def test_a_model_that_says_nothing_for_too_long_is_one_sentence(
    vendor: Vendor, sessions: Sessions
) -> None:
    with provider_serving(Say("Too late.", pause_s=30)) as provider:
        choice = choice_of(vendor, provider, timeout_s=0.3)
        async with assistant_with(sessions, choice) as assistant:
            with pytest.raises(UpstreamUnavailable, match="did not answer in time"):
                await ask(assistant, QUESTION)


@both
async def test_why_a_model_failed_is_said_in_chinese_too(
    vendor: Vendor, sessions: Sessions
) -> None:
    with provider_serving(Say(status=401)) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            with pytest.raises(UpstreamUnavailable) as refused:
                await ask(assistant, QUESTION)
    assert refused.value.told("zh") == (
        f"模型 model-x（{vendor}）出错：服务商不接受这个密钥（状态码 401）。"
    )
    assert str(refused.value).endswith("the provider does not accept the key (status 401).")


@both
async def test_cancelling_the_reader_ends_the_request_to_the_provider(
    vendor: Vendor, sessions: Sessions
) -> None:
    slow = Say("word " * 400, drip_s=0.02)
    with provider_serving(slow, Say("Back again.")) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            reading = asyncio.create_task(ask(assistant, QUESTION))
            await asyncio.to_thread(provider.speaking.wait, 10)
            reading.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reading
            told = await ask(assistant, "Why is checkout failing now?")
            assert await asyncio.to_thread(provider.abandoned.wait, 10)
    assert told.answer == "Back again."


@both
async def test_a_reader_that_leaves_in_the_middle_ends_the_turn(
    vendor: Vendor, sessions: Sessions
) -> None:
    with provider_serving(Say("", [PODS]), Say("Unheard.", pause_s=30)) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            events = assistant.run(QUESTION, principal=ANN, thread_id="t")
            async for event in events:
                if isinstance(event, ToolStarted):
                    break
            await events.aclose()
            left = [one for one in asyncio.all_tasks() if "Assistant._work" in repr(one)]
            assert left == []
    assert len(provider.requests) <= 2


async def test_a_failed_subagent_is_told_as_failed(sessions: Sessions) -> None:
    told = Told()
    with provider_serving(Say(status=400)) as provider:
        async with assistant_with(sessions, choice_of("anthropic", provider)) as assistant:
            with pytest.raises(UpstreamUnavailable):
                await told.collect(assistant.run(QUESTION, principal=ANN, thread_id="t"))
    assert told.subagents == [("rca", "error")]


async def test_an_empty_and_an_endless_question_are_refused(sessions: Sessions) -> None:
    with provider_serving() as provider:
        async with assistant_with(sessions, choice_of("openai", provider)) as assistant:
            with pytest.raises(Invalid, match="empty"):
                await ask(assistant, "   ")
            with pytest.raises(Invalid, match="characters"):
                await ask(assistant, "why " * 4000)


async def test_who_may_use_no_tool_is_told_so(sessions: Sessions) -> None:
    nobody = Principal("nobody", permissions=frozenset({Permission.CHAT_USE}))
    async with assistant_with(sessions, ModelChoice()) as assistant:
        told = await ask(assistant, QUESTION, principal=nobody)
    assert told.answer.startswith("None of the tools that would answer this may be used")
    assert told.calls == []


@both
async def test_a_turn_that_failed_tells_what_it_used(vendor: Vendor, sessions: Sessions) -> None:
    told = Told()
    with provider_serving(Say("", [PODS], cut_after=3)) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            with pytest.raises(UpstreamUnavailable):
                await told.collect(assistant.run(QUESTION, principal=ANN, thread_id="t"))
    [usage] = [one for one in told.events if isinstance(one, Usage)]
    assert (usage.calls, usage.failed, usage.estimated) == (2, 2, True)
    assert usage.input_tokens > 1000


@both
async def test_a_request_that_was_refused_cost_no_tokens(
    vendor: Vendor, sessions: Sessions
) -> None:
    told = Told()
    with provider_serving(Say(status=429)) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            with pytest.raises(UpstreamUnavailable):
                await told.collect(assistant.run(QUESTION, principal=ANN, thread_id="t"))
    [usage] = [one for one in told.events if isinstance(one, Usage)]
    assert (usage.calls, usage.input_tokens, usage.output_tokens) == (2, 0, 0)
