"""Several models: who is asked when one fails, how often, and how that is told."""

import asyncio
from collections.abc import Callable
from email.utils import formatdate

import pytest

from agent.events import FellBack
from agent.limits import Limits
from agent.models import Lineup, ModelChoice
from core.clock import utc_now
from core.errors import Invalid, UpstreamUnavailable
from evals.providers.saying import Say
from evals.providers.serving import Provider, provider_serving
from mcp_servers.client import Sessions
from tests.agent.conftest import assistant_with
from tests.agent.turns import BOTH, Told, Vendor, ask, choice_of

QUESTION = "Why is checkout failing?"
PODS = ("kubernetes_list_pods", {"namespace": "shop"})
ANSWER = "It is memory."

both = pytest.mark.parametrize("vendor", BOTH)


def second(provider: Provider, vendor: Vendor = "openai") -> ModelChoice:
    """Another model behind another server."""
    suffix = "/v1" if vendor == "openai" else ""
    return ModelChoice(vendor, "model-y", "key-y", provider.base_url + suffix, 10.0)


def lineup(
    *fallbacks: ModelChoice, retries: int = 0, failures: int = 3, rest_s: float = 30.0
) -> Lineup:
    return Lineup(fallbacks, retries=retries, pause_s=0.01, failures=failures, rest_s=rest_s)


def fallbacks(told: Told) -> list[tuple[str, str]]:
    return [(one.failed, one.asked) for one in told.events if isinstance(one, FellBack)]


@both
@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (Say(status=429), "fewer requests"),
        (Say(status=503), "overloaded"),
        (Say(status=529), "overloaded"),
        (Say(status=401), "accept the key"),
        (Say(status=400, error="too_long"), "longer than the model can read"),
        (Say("", [PODS], cut_after=3), "broke off"),
        (Say("Sorry.", error_after=1, error="overloaded_error"), "overloaded"),
        (Say(raw="<html>no</html>"), ""),
        (Say("", declines=True), "declined to answer"),
    ],
    ids=["429", "503", "529", "401", "too long", "cut", "error in stream", "html", "refusal"],
)
async def test_the_next_model_answers_when_one_fails(
    vendor: Vendor, bad: Say, why: str, sessions: Sessions
) -> None:
    with provider_serving(bad) as one, provider_serving(Say(ANSWER)) as other:
        both_of = lineup(second(other))
        async with assistant_with(sessions, choice_of(vendor, one), lineup=both_of) as assistant:
            told = await ask(assistant, QUESTION)
    assert (told.answer, told.done.incomplete_code) == (ANSWER, "")
    assert fallbacks(told) == [(f"{vendor}/model-x", "openai/model-y")]
    [fell] = [one for one in told.events if isinstance(one, FellBack)]
    assert why in fell.why
    assert [one.model for one in told.done.usage] == ["model-x", "model-y"]


async def test_why_another_model_was_asked_is_said_in_the_language_of_the_question(
    sessions: Sessions,
) -> None:
    with provider_serving(Say(status=429)) as one, provider_serving(Say("是内存。")) as other:
        both_of = lineup(second(other))
        async with assistant_with(sessions, choice_of("openai", one), lineup=both_of) as assistant:
            told = await ask(assistant, "checkout 为什么报错？")
    [fell] = [one for one in told.events if isinstance(one, FellBack)]
    assert "请求" in fell.why
    assert "fewer" not in fell.why


@both
async def test_a_passing_failure_is_tried_again_before_another_model_is_asked(
    vendor: Vendor, sessions: Sessions
) -> None:
    script = Say(status=529), Say(ANSWER)
    with provider_serving(*script) as one, provider_serving(Say("Not needed.")) as other:
        both_of = lineup(second(other), retries=1)
        async with assistant_with(sessions, choice_of(vendor, one), lineup=both_of) as assistant:
            told = await ask(assistant, QUESTION)
    assert told.answer == ANSWER
    assert (len(one.requests), len(other.requests)) == (2, 0)
    assert fallbacks(told) == []


@both
@pytest.mark.parametrize("status", [400, 401, 404])
async def test_a_failure_that_stays_is_not_tried_again(
    vendor: Vendor, status: int, sessions: Sessions
) -> None:
    with provider_serving(Say(status=status)) as provider:
        choice = choice_of(vendor, provider)
        async with assistant_with(sessions, choice, lineup=lineup(retries=5)) as assistant:
            with pytest.raises(UpstreamUnavailable):
                await ask(assistant, QUESTION)
    assert len(provider.requests) == 1


async def test_a_used_up_credit_is_not_tried_again(sessions: Sessions) -> None:
    with provider_serving(Say(status=429, error="insufficient_quota")) as provider:
        choice = choice_of("openai", provider)
        async with assistant_with(sessions, choice, lineup=lineup(retries=5)) as assistant:
            with pytest.raises(UpstreamUnavailable):
                await ask(assistant, QUESTION)
    assert len(provider.requests) == 1


def in_two_seconds() -> str:
    return formatdate(utc_now().timestamp() + 2, usegmt=True)


@both
@pytest.mark.parametrize("wait", [lambda: "1", in_two_seconds], ids=["seconds", "date"])
async def test_a_rate_limit_is_waited_for_when_the_turn_has_the_time(
    vendor: Vendor, wait: Callable[[], str], sessions: Sessions
) -> None:
    began_s = asyncio.get_running_loop().time()  # before a date is named that has to come
    with provider_serving(Say(status=429, retry_after=wait()), Say(ANSWER)) as provider:
        choice = choice_of(vendor, provider)
        async with assistant_with(sessions, choice, lineup=lineup(retries=1)) as assistant:
            told = await ask(assistant, QUESTION)
            took_s = asyncio.get_running_loop().time() - began_s
    assert told.answer == ANSWER
    assert took_s > 0.9


@both
async def test_a_rate_limit_that_outlasts_the_turn_is_not_waited_for(
    vendor: Vendor, sessions: Sessions
) -> None:
    with provider_serving(Say(status=429, retry_after="60")) as provider:
        choice, limits = choice_of(vendor, provider), Limits(time_s=20)
        tried = lineup(retries=3)
        async with assistant_with(sessions, choice, lineup=tried, limits=limits) as assistant:
            with pytest.raises(UpstreamUnavailable, match="fewer requests"):
                await ask(assistant, QUESTION)
            with pytest.raises(UpstreamUnavailable, match="left alone for 60 s more"):
                await ask(assistant, QUESTION)
    assert len(provider.requests) == 1


@both
async def test_a_model_that_wants_a_long_wait_is_passed_over_when_another_is_ready(
    vendor: Vendor, sessions: Sessions
) -> None:
    slow = Say(status=429, retry_after="30")
    with provider_serving(slow) as one, provider_serving(Say(ANSWER)) as other:
        both_of = lineup(second(other), retries=3)
        async with assistant_with(sessions, choice_of(vendor, one), lineup=both_of) as assistant:
            told = await ask(assistant, QUESTION)
    assert (told.answer, len(one.requests)) == (ANSWER, 1)


@both
async def test_a_model_that_keeps_failing_is_left_alone_and_tried_again_later(
    vendor: Vendor, sessions: Sessions
) -> None:
    bad = [Say(status=500)] * 2
    with provider_serving(*bad, Say("Back.")) as one, provider_serving(Say(ANSWER)) as other:
        both_of = lineup(second(other), failures=2, rest_s=4.0)
        async with assistant_with(sessions, choice_of(vendor, one), lineup=both_of) as assistant:
            answers = [(await ask(assistant, QUESTION)).answer for _ in range(3)]
            asked = len(one.requests)
            await asyncio.sleep(4.1)
            later = await ask(assistant, QUESTION)
    assert answers == [ANSWER] * 3
    assert asked == 2
    assert later.answer == "Back."


async def test_when_all_models_fail_what_was_found_is_answered_and_said_so(
    sessions: Sessions,
) -> None:
    script = Say("", [("rca_investigate", {"name": "checkout"})]), Say(status=500)
    with provider_serving(*script) as one, provider_serving(Say(status=401)) as other:
        both_of = lineup(second(other))
        async with assistant_with(sessions, choice_of("openai", one), lineup=both_of) as assistant:
            told = await ask(assistant, QUESTION)
    assert "256Mi" in told.answer
    assert told.done.incomplete_code == "model_failed"


async def test_when_all_models_fail_before_anything_was_found_the_last_failure_is_told(
    sessions: Sessions,
) -> None:
    with provider_serving(Say(status=500)) as one, provider_serving(Say(status=401)) as other:
        both_of = lineup(second(other))
        async with assistant_with(sessions, choice_of("openai", one), lineup=both_of) as assistant:
            with pytest.raises(UpstreamUnavailable, match=r"model-y \(openai\).*accept the key"):
                await ask(assistant, QUESTION)


@both
async def test_an_answer_that_people_already_read_is_not_begun_again_by_another_model(
    vendor: Vendor, sessions: Sessions
) -> None:
    cut = Say("word " * 80, cut_after=60)
    with provider_serving(cut) as one, provider_serving(Say(ANSWER)) as other:
        both_of = lineup(second(other), retries=2)
        async with assistant_with(sessions, choice_of(vendor, one), lineup=both_of) as assistant:
            told = await ask(assistant, QUESTION)
    assert told.answer == told.spoken
    assert told.answer.startswith("word word")
    assert (told.done.incomplete_code, other.requests) == ("model_failed", [])


async def test_one_provider_may_step_in_for_the_other_in_the_middle_of_a_turn(
    sessions: Sessions,
) -> None:
    script = Say("", [("rca_investigate", {"name": "checkout"})]), Say(status=529)
    with provider_serving(*script) as one, provider_serving(Say("Memory [1].")) as other:
        choice, both_of = choice_of("anthropic", one), lineup(second(other))
        async with assistant_with(sessions, choice, lineup=both_of) as assistant:
            told = await ask(assistant, QUESTION)
    assert (told.answer, told.done.incomplete_code) == ("Memory [1].", "")
    roles = [one["role"] for one in other.requests[0]["messages"]]
    assert roles == ["system", "user", "assistant", "tool"]


@both
async def test_a_subagent_may_have_a_model_of_its_own(vendor: Vendor, sessions: Sessions) -> None:
    with provider_serving(Say("By the first.")) as one, provider_serving(Say("By mine.")) as other:
        own = Lineup(subagents={"rag": second(other)}, pause_s=0.01)
        async with assistant_with(sessions, choice_of(vendor, one), lineup=own) as assistant:
            rca = await ask(assistant, QUESTION)
            rag = await ask(assistant, "what is our runbook for OOMKilled?", thread="other")
    assert (rca.done.route, rca.answer) == (("rca",), "By the first.")
    assert (rag.done.route, rag.answer) == (("rag",), "By mine.")
    assert {one["model"] for one in other.requests} == {"model-y"}


async def test_a_subagent_may_work_by_rules_while_others_have_a_model(sessions: Sessions) -> None:
    with provider_serving(Say("By the model.")) as provider:
        own = Lineup(subagents={"rca": ModelChoice()})
        async with assistant_with(sessions, choice_of("openai", provider), lineup=own) as assistant:
            told = await ask(assistant, QUESTION)
    assert "256Mi" in told.answer
    assert provider.requests == []


@both
async def test_a_slow_first_token_is_waited_for(vendor: Vendor, sessions: Sessions) -> None:
    with provider_serving(Say(ANSWER, pause_s=1.0)) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            told = await ask(assistant, QUESTION)
    assert told.answer == ANSWER


@both
async def test_a_model_that_is_silent_for_too_long_is_passed_over(
    vendor: Vendor, sessions: Sessions
) -> None:
    with provider_serving(Say("Late.", pause_s=30)) as one, provider_serving(Say(ANSWER)) as other:
        choice, both_of = choice_of(vendor, one, timeout_s=0.5), lineup(second(other), retries=3)
        async with assistant_with(sessions, choice, lineup=both_of) as assistant:
            told = await ask(assistant, QUESTION)
    assert (told.answer, len(one.requests)) == (ANSWER, 1)


async def test_the_newer_openai_api_tells_a_refusal(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        provider_serving(Say("I cannot.", declines=True)) as one,
        provider_serving(Say(ANSWER)) as other,
    ):
        monkeypatch.setenv("OPENAI_BASE_URL", f"{one.base_url}/v1")
        choice = ModelChoice("openai", "gpt-6.1-terra", "key-x", "", 10.0)
        async with assistant_with(sessions, choice, lineup=lineup(second(other))) as assistant:
            told = await ask(assistant, QUESTION)
    assert told.answer == ANSWER


async def test_a_model_for_a_subagent_that_does_not_exist_is_refused(sessions: Sessions) -> None:
    with pytest.raises(Invalid, match=r"SUBAGENTS__RACA names no subagent.*rca"):
        async with assistant_with(
            sessions, ModelChoice(), lineup=Lineup(subagents={"raca": ModelChoice()})
        ):
            pass


async def test_many_turns_that_meet_a_rate_limit_together_all_get_their_answer(
    sessions: Sessions,
) -> None:
    script = [Say(status=429, retry_after="1")] * 12
    with provider_serving(*script, Say(ANSWER)) as provider:
        choice = choice_of("openai", provider)
        async with assistant_with(sessions, choice, lineup=lineup(retries=2)) as assistant:
            turns = [ask(assistant, QUESTION, thread=f"t{n}") for n in range(12)]
            told = await asyncio.gather(*turns)
    assert [one.answer for one in told] == [ANSWER] * 12


@both
@pytest.mark.parametrize(
    "bad",
    [Say(status=429), Say(status=401), Say(raw="<html>no</html>"), Say(""), Say("", declines=True)],
    ids=["429", "401", "html", "empty", "refusal"],
)
@pytest.mark.parametrize(
    ("question", "said"),
    [(QUESTION, "No model answered, so rules did."), ("checkout 为什么报错？", "由规则作答")],
)
async def test_rules_answer_when_every_model_failed_and_they_may(
    vendor: Vendor, bad: Say, question: str, said: str, sessions: Sessions
) -> None:
    with provider_serving(bad) as one:
        choice = choice_of(vendor, one)
        async with assistant_with(sessions, choice, lineup=lineup(ModelChoice())) as assistant:
            told = await ask(assistant, question)
    assert "256Mi" in told.answer
    assert told.done.incomplete_code == "rules_answered"
    assert said in told.done.incomplete
    assert fallbacks(told)[-1][1] == "offline/rules"


async def test_why_the_models_failed_is_told_where_rules_answer(sessions: Sessions) -> None:
    with provider_serving(Say(status=401)) as one:
        choice = choice_of("openai", one)
        async with assistant_with(sessions, choice, lineup=lineup(ModelChoice())) as assistant:
            told = await ask(assistant, QUESTION)
            again = await ask(assistant, "and the logs of cart?")
    assert "model-x (openai) failed" in told.done.incomplete
    assert [one.tool for one in again.calls][-1:] == ["kubernetes_get_logs"]


async def test_rules_do_not_begin_again_what_a_model_said_half(sessions: Sessions) -> None:
    long = Say("It is memory, and here is at length why that is so. " * 8, cut_after=60)
    with provider_serving(long) as one:
        choice = choice_of("anthropic", one)
        async with assistant_with(sessions, choice, lineup=lineup(ModelChoice())) as assistant:
            told = await ask(assistant, QUESTION)
    assert told.done.incomplete_code == "model_failed"
    assert "256Mi" not in told.answer
