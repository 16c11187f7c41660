"""Requests to Anthropic: those that are made like the first one are told apart by nobody."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from agent.faults import Fault, fault_of
from agent.models import ModelChoice, Speaker, built_speaker
from agent.streaming import pieces
from evals.providers.saying import Say
from evals.providers.serving import provider_serving
from tests.agent.turns import choice_of

FINE = Say("Fine.")


@asynccontextmanager
async def speaking(choice: ModelChoice) -> AsyncGenerator[Speaker]:
    speaker = built_speaker(choice)
    try:
        yield speaker
    finally:
        if speaker.close:
            await speaker.close()


async def said(speaker: Speaker) -> str:
    told = pieces(speaker.model, [HumanMessage("How is it?")], {})
    return "".join([one.text async for one in told])


async def fault(speaker: Speaker) -> tuple[str, Fault]:
    """What is raised by whom, and what it means."""
    with pytest.raises(speaker.failures) as caught:
        await said(speaker)
    return type(caught.value).__name__, fault_of(caught.value)


async def first_fault(choice: ModelChoice) -> tuple[str, Fault]:
    async with speaking(choice) as speaker:
        return await fault(speaker)


async def test_what_later_answers_say_is_read_as_the_sdk_reads_it() -> None:
    """The first answer is read by the SDK alone, the same one after it in part by us."""
    calls = [("rca_investigate", {"name": "checkout", "namespace": "shop"})]
    answer = Say("Checkout lacks memory. " * 20, calls)
    with provider_serving(answer) as provider:
        async with speaking(choice_of("anthropic", provider)) as speaker:
            first, second = [await heard(speaker) for _ in range(2)]
    assert len(first) > 20
    assert second == first


async def heard(speaker: Speaker) -> list[dict[str, Any]]:
    """All that pieces of an answer say, but for names that the provider draws anew."""
    tool = {"name": "rca_investigate", "description": "Why", "input_schema": {"type": "object"}}
    asked = pieces(speaker.model, [HumanMessage("How is it?")], {"tools": [tool]})
    told = [one async for one in asked]
    said = [one.model_dump(exclude={"id"}) for one in told]
    drawn = {call["id"] for one in told for call in one.tool_call_chunks if call["id"]}
    return [_without_names(one, drawn) for one in said]


def _without_names(shape: Any, drawn: set[str]) -> Any:
    text = json.dumps(shape, default=str)
    for one in drawn:
        text = text.replace(one, "drawn")
    return json.loads(text)


async def test_later_requests_are_sent_as_the_first_is() -> None:
    with provider_serving(FINE) as provider:
        choice = choice_of("anthropic", provider)
        async with speaking(choice) as speaker:
            assert [await said(speaker) for _ in range(3)] == ["Fine."] * 3
    first, *others = provider.headers
    assert others == [first] * 2
    assert choice.api_key in (first.get("x-api-key"), first.get("authorization", "")[7:])
    assert provider.requests[1:] == provider.requests[:1] * 2


async def test_a_later_request_has_the_length_of_its_own_body() -> None:
    question = "How is it now? " * 100
    with provider_serving(FINE) as provider:
        async with speaking(choice_of("anthropic", provider)) as speaker:
            await said(speaker)
            longer = pieces(speaker.model, [HumanMessage(question)], {})
            assert "".join([one.text async for one in longer]) == "Fine."
    assert question in str(provider.requests[1]["messages"])


@pytest.mark.parametrize("status", [400, 401, 404, 413, 429, 500, 529])
async def test_a_later_request_is_refused_as_a_first_one_is(status: int) -> None:
    refused = Say(status=status, retry_after="7")
    with provider_serving(refused) as provider:
        first = await first_fault(choice_of("anthropic", provider))
    with provider_serving(FINE, refused) as provider:
        async with speaking(choice_of("anthropic", provider)) as speaker:
            await said(speaker)
            assert await fault(speaker) == first


async def test_a_provider_that_went_away_is_missed_by_later_requests_as_by_a_first_one() -> None:
    with provider_serving(FINE) as provider:
        choice = choice_of("anthropic", provider)
        speaker = built_speaker(choice)
        await said(speaker)
    assert speaker.close
    later = await fault(speaker)
    await speaker.close()
    assert later == await first_fault(choice)


async def test_a_silent_provider_is_left_by_later_requests_as_by_a_first_one() -> None:
    with provider_serving(FINE, Say("Too late.", pause_s=30)) as provider:
        choice = replace(choice_of("anthropic", provider), timeout_s=0.3)
        async with speaking(choice) as speaker:
            await said(speaker)
            assert await fault(speaker) == await first_fault(choice)
