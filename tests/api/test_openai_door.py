"""OpenAI's API as a door, by OpenAI's own library over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from openai import (
    APIError,
    AsyncOpenAI,
    AuthenticationError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    UnprocessableEntityError,
)

from api.turns.runs import Ending, Interrupted, Run
from core.errors import UpstreamUnavailable
from tests.api.conftest import Midwatch, Stage
from tests.api.repairs import QUESTION, Repairs, repairing

QUESTIONS = ["Why is checkout failing?", "checkout 为什么报错？"]


Openai = Callable[..., AsyncOpenAI]


@pytest.fixture
async def openai() -> AsyncIterator[Openai]:
    """Clients of a running service, by its administrator's token or another."""
    async with AsyncExitStack() as stack:
        opened = list[AsyncOpenAI]()

        def client(midwatch: Midwatch, token: str = "") -> AsyncOpenAI:
            key, address = token or midwatch.token, f"{midwatch.address}/v1"
            opened.append(AsyncOpenAI(api_key=key, base_url=address, max_retries=0))
            stack.push_async_callback(opened[-1].close)
            return opened[-1]

        yield client


def user(*said: str) -> list[Any]:
    """Messages by turns: the user's, the assistant's, the user's…"""
    roles = ("user", "assistant")
    return [{"role": roles[n % 2], "content": text} for n, text in enumerate(said)]


async def completed(client: AsyncOpenAI, *said: str) -> Any:
    return await client.chat.completions.create(model="midwatch", messages=user(*said))


@pytest.fixture
async def repairs(tmp_path: Path) -> AsyncIterator[Repairs]:
    async with repairing(tmp_path) as repairs:
        yield repairs


async def test_there_is_one_model_and_it_is_midwatch(openai: Openai, midwatch: Midwatch) -> None:
    client = openai(midwatch)
    assert [model.id async for model in client.models.list()] == ["midwatch"]
    assert (await client.models.retrieve("midwatch")).id == "midwatch"


@pytest.mark.parametrize("question", QUESTIONS)
async def test_a_completion_names_the_cause_and_its_sources(
    openai: Openai, midwatch: Midwatch, question: str
) -> None:
    answer = await completed(openai(midwatch), question)
    [choice] = answer.choices
    assert (choice.finish_reason, choice.message.role) == ("stop", "assistant")
    assert "256Mi" in choice.message.content
    assert "- [1] " in choice.message.content
    assert answer.usage.total_tokens == 0, "no model was used, and the text says so"
    assert ("no model" in choice.message.content) or ("没有使用模型" in choice.message.content)
    assert answer.midwatch["route"] == ["rca"]


async def test_the_stream_tells_the_work_and_then_the_same_text(
    openai: Openai, midwatch: Midwatch
) -> None:
    stream = await openai(midwatch).chat.completions.create(
        model="midwatch",
        messages=user(QUESTIONS[0]),
        stream=True,
        stream_options={"include_usage": True},
    )
    work, text, reasons, usage = "", "", list[str](), list[Any]()
    async for chunk in stream:
        usage += [chunk.usage] if chunk.usage else []
        for choice in chunk.choices:
            work += getattr(choice.delta, "reasoning_content", None) or ""
            text += choice.delta.content or ""
            reasons += [choice.finish_reason] if choice.finish_reason else []
    assert "rca_investigate(" in work
    assert "256Mi" in text
    assert "- [1] " in text
    assert (reasons, len(usage)) == (["stop"], 1)


@pytest.mark.parametrize("question", QUESTIONS)
async def test_a_response_streams_from_created_to_completed(
    openai: Openai, midwatch: Midwatch, question: str
) -> None:
    kinds = list[str]()
    async with openai(midwatch).responses.stream(model="midwatch", input=question) as stream:
        numbers = list[int]()
        async for event in stream:
            kinds.append(event.type)
            numbers.append(event.sequence_number)
        final = await stream.get_final_response()
    assert (kinds[0], kinds[-1], final.status) == (
        "response.created",
        "response.completed",
        "completed",
    )
    assert numbers == list(range(len(numbers)))
    assert [item.type for item in final.output] == ["reasoning", "message"]
    assert "256Mi" in final.output_text
    plain = await openai(midwatch).responses.create(model="midwatch", input=question)
    assert "256Mi" in plain.output_text


async def test_a_response_that_follows_another_knows_what_was_asked(
    openai: Openai, midwatch: Midwatch
) -> None:
    client = openai(midwatch)
    first = await client.responses.create(model="midwatch", input=QUESTIONS[0])
    second = await client.responses.create(
        model="midwatch", input="and show me its logs", previous_response_id=first.id
    )
    assert "checkout" in second.output_text
    assert second.midwatch["thread_id"] == first.midwatch["thread_id"]  # pyright: ignore
    other = await client.responses.create(
        model="midwatch", input="and its events?", previous_response_id=first.id
    )
    assert other.midwatch["thread_id"] != first.midwatch["thread_id"]  # pyright: ignore
    assert "checkout" in other.output_text


async def test_a_conversation_is_recognised_by_its_messages(
    openai: Openai, midwatch: Midwatch
) -> None:
    client = openai(midwatch)
    first = await completed(client, QUESTIONS[0])
    told = first.choices[0].message.content
    second = await completed(client, QUESTIONS[0], told, "and show me its logs")
    assert second.midwatch["thread_id"] == first.midwatch["thread_id"]
    assert "checkout" in second.choices[0].message.content


async def test_another_question_under_the_same_answer_is_another_conversation(
    openai: Openai,
    midwatch: Midwatch,
) -> None:
    client = openai(midwatch)
    first = await completed(client, QUESTIONS[0])
    told = first.choices[0].message.content
    stranger = await completed(client, "Something else entirely?", told, "and show me its logs")
    assert stranger.midwatch["thread_id"] != first.midwatch["thread_id"]


async def test_nobody_goes_on_with_anothers_conversation(
    openai: Openai, midwatch: Midwatch
) -> None:
    mine = await completed(openai(midwatch), QUESTIONS[0])
    eve = openai(midwatch, await midwatch.token_of("eve-openai"))
    told = mine.choices[0].message.content
    theirs = await completed(eve, QUESTIONS[0], told, "and show me its logs")
    assert theirs.midwatch["thread_id"] != mine.midwatch["thread_id"]
    own = await openai(midwatch).responses.create(model="midwatch", input=QUESTIONS[0])
    with pytest.raises(NotFoundError):
        await eve.responses.create(model="midwatch", input="and?", previous_response_id=own.id)


async def test_an_edited_message_begins_a_branch(openai: Openai, midwatch: Midwatch) -> None:
    client = openai(midwatch)
    first = await completed(client, QUESTIONS[0])
    told = first.choices[0].message.content
    await completed(client, QUESTIONS[0], told, "and show me its logs")
    edited = await completed(client, QUESTIONS[0], told, "and its events?")
    assert edited.midwatch["thread_id"] != first.midwatch["thread_id"]
    assert "checkout" in edited.choices[0].message.content


async def test_what_is_wrong_is_told_in_openais_shape(openai: Openai, midwatch: Midwatch) -> None:
    client = openai(midwatch)
    with pytest.raises(AuthenticationError) as refused:
        await completed(openai(midwatch, "mw_not-a-token"), QUESTIONS[0])
    assert refused.value.code == "invalid_api_key"
    with pytest.raises(NotFoundError) as missing:
        await client.chat.completions.create(model="gpt-9", messages=user("hello"))
    assert missing.value.code == "model_not_found"
    assert "Use 'midwatch'" in missing.value.message
    with pytest.raises(UnprocessableEntityError) as several:
        await client.chat.completions.create(model="midwatch", messages=user("hello"), n=2)
    assert several.value.param == "n"
    with pytest.raises(APIError) as silent:
        await client.chat.completions.create(
            model="midwatch", messages=[{"role": "system", "content": "You are a pirate."}]
        )
    assert "role user" in silent.value.message
    with pytest.raises(NotFoundError):
        await client.responses.create(
            model="midwatch", input="and?", previous_response_id="resp_unknown"
        )


async def test_parts_that_are_no_text_are_left_out(openai: Openai, midwatch: Midwatch) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    content = [{"type": "text", "text": QUESTIONS[0]}, image]
    messages: list[Any] = [{"role": "user", "content": content}]
    answer = await openai(midwatch).chat.completions.create(model="midwatch", messages=messages)
    assert "256Mi" in (answer.choices[0].message.content or "")


async def test_what_is_not_served_is_told_in_the_shape_that_clients_raise_from(
    openai: Openai, stage: Stage
) -> None:
    with pytest.raises(NotFoundError, match="There is no POST /v1/embeddings here") as refused:
        await openai(stage).embeddings.create(model="midwatch", input="x")
    assert (refused.value.code, refused.value.type) == ("not_found", "invalid_request_error")
    async with stage.client(**{"Accept-Language": "zh"}) as http:
        wrong = (await http.get("/v1/chat/completions")).json()
    assert "这里没有 GET /v1/chat/completions" in wrong["error"]["message"]
    assert "POST /v1/chat/completions" in wrong["error"]["message"]


async def test_an_error_in_the_middle_ends_the_stream_as_one(openai: Openai, stage: Stage) -> None:
    stage.script.error = UpstreamUnavailable("The cluster went away.", hint="Look at it.")
    stage.script.events = stage.script.events[:3]
    stream = await openai(stage).chat.completions.create(
        model="midwatch", messages=user("why?"), stream=True
    )
    with pytest.raises(APIError, match="went away"):
        async for _ in stream:
            pass
    with pytest.raises(APIError, match="went away"):
        await completed(openai(stage), "why?")
    response = await openai(stage).responses.create(model="midwatch", input="why?", stream=True)
    last = [event async for event in response][-1]
    assert last.type == "response.failed"


@pytest.mark.parametrize("streams", [True, False])
async def test_who_hangs_up_ends_the_turn(openai: Openai, stage: Stage, streams: bool) -> None:
    stage.script.wait_after = 3
    asking = asyncio.create_task(_listened(openai(stage), streams))
    run = await _begun(stage, 1)
    await run.more(2)
    asking.cancel()
    with pytest.raises(Interrupted):
        async for _ in run.follow():
            pass
    assert run.ending is Ending.CANCELLED


async def _begun(stage: Stage, count: int) -> Run:
    """The newest run, once there are so many."""
    async with asyncio.timeout(20):
        while len(runs := list(stage.turns.runs.by_id.values())) < count:  # noqa: ASYNC110 - runs tell nobody when they begin
            await asyncio.sleep(0.01)
    return runs[-1]


async def _listened(client: AsyncOpenAI, streams: bool) -> None:
    if not streams:
        await completed(client, "why?")
        return
    stream = await client.chat.completions.create(
        model="midwatch", messages=user("why?"), stream=True
    )
    async for _ in stream:
        pass


async def test_a_change_is_approved_by_a_reply_that_names_it_and_done_once(
    openai: Openai,
    repairs: Repairs,
) -> None:
    client = openai(repairs)
    waiting = await completed(client, QUESTION)
    [approval] = waiting.midwatch["approvals"]
    told = waiting.choices[0].message.content
    assert f"approve {approval['id']}" in told
    bare = await completed(client, QUESTION, told, "yes, do it")
    assert approval["id"] in bare.choices[0].message.content
    assert repairs.ledger.done == []
    yes = f"approve {approval['id']}"
    done = await completed(client, QUESTION, told, yes)
    assert done.choices[0].message.content.startswith("Done.")
    assert repairs.ledger.done == ["restart checkout"]
    with pytest.raises(NotFoundError):
        await completed(client, QUESTION, told, yes)
    assert repairs.ledger.done == ["restart checkout"]


async def test_a_programs_token_cannot_approve_by_a_reply(openai: Openai, repairs: Repairs) -> None:
    waiting = await completed(openai(repairs), QUESTION)
    [approval] = waiting.midwatch["approvals"]
    _, program = await repairs.opened.sign_in.make_api_token("admin", label="nightly job")
    with pytest.raises(PermissionDeniedError, match="own hand"):
        await completed(openai(repairs, program), f"approve {approval['id']}")
    denied = await completed(openai(repairs, program), f"拒绝 {approval['id']}")
    assert denied.midwatch["status"] == "done"
    assert repairs.ledger.done == []


async def test_two_at_once_in_one_conversation_are_a_conflict(openai: Openai, stage: Stage) -> None:
    client = openai(stage)
    first = await client.responses.create(model="midwatch", input="why?")
    stage.script.wait_after = 3

    async def answered(question: str) -> Any:
        return await client.responses.create(
            model="midwatch", input=question, previous_response_id=first.id
        )

    begun = asyncio.create_task(answered("and?"))
    await _begun(stage, 2)
    with pytest.raises(ConflictError):
        await answered("and now?")
    stage.script.gate.set()
    assert (await begun).status == "completed"
