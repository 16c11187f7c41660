# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
"""LangGraph's own SDK, unmodified, against a running Midwatch: threads, runs, states, interrupts."""

import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import pytest
from langgraph_sdk.client import LangGraphClient, get_client

from tests.api.conftest import Midwatch, Stage
from tests.api.repairs import QUESTION, Repairs, repairing

# The service, which lives in this process too, keeps the package's own `__init__` out (agent/untraced.py).
vars(sys.modules["langgraph_sdk"]).setdefault("__version__", version("langgraph-sdk"))
Wire = dict[str, Any]
ASKED: Any = {"messages": [{"type": "human", "content": "Why is checkout failing?"}]}
RESTART: Any = {"messages": [{"role": "user", "content": [{"type": "text", "text": QUESTION}]}]}
Sdk = Callable[..., LangGraphClient]
REFUSED = httpx.HTTPStatusError
MODES = ["values", "messages-tuple", "updates", "custom"]


@pytest.fixture
async def sdk() -> AsyncGenerator[Sdk]:
    """A client as anybody makes it: the address, and an API token as the key."""
    async with AsyncExitStack() as stack:

        def opened(midwatch: Midwatch, token: str = "") -> LangGraphClient:
            made = get_client(url=f"{midwatch.address}/langgraph", api_key=token or midwatch.token)
            stack.push_async_callback(made.aclose)
            return made

        yield opened


@pytest.fixture
async def repairs(tmp_path: Path) -> AsyncGenerator[Repairs]:
    async with repairing(tmp_path) as opened:
        yield opened


async def streamed(client: LangGraphClient, thread_id: str | None, **run: Any) -> list[Any]:
    return [one async for one in client.runs.stream(thread_id, "midwatch", **run)]


async def test_messages_state_and_history_agree_with_what_was_streamed(
    sdk: Sdk, midwatch: Midwatch
) -> None:
    client = sdk(midwatch)
    thread = await client.threads.create()
    parts = await streamed(client, thread["thread_id"], input=ASKED, stream_mode=MODES)
    assert parts[0].event == "metadata"
    assert {one.event for one in parts} >= {"values", "messages", "updates", "custom"}
    last = [one.data for one in parts if one.event == "values"][-1]["messages"]
    kinds = [one["type"] for one in last]
    assert (kinds[0], kinds[-1]) == ("human", "ai")
    assert "256Mi" in last[-1]["content"]
    state = await client.threads.get_state(thread["thread_id"])
    assert (state["values"]["messages"], state["next"]) == (last, [])
    [now, asked, before] = await client.threads.get_history(thread["thread_id"])
    assert now["values"]["messages"] == last
    assert (asked["values"]["messages"], before["values"]["messages"]) == (last[:1], [])
    assert now["parent_checkpoint"] == asked["checkpoint"]
    assert asked["parent_checkpoint"] == before["checkpoint"]
    at = now["checkpoint"]["checkpoint_id"]
    assert await client.threads.get_state(thread["thread_id"], checkpoint_id=at) == now
    said = {one.data[0]["id"] for one in parts if one.event == "messages"}
    assert said <= {one["id"] for one in last}
    assert (await client.threads.get(thread["thread_id"]))["status"] == "idle"


async def test_each_call_of_a_tool_is_a_message_with_its_result(
    sdk: Sdk, midwatch: Midwatch
) -> None:
    values: Any = await sdk(midwatch).runs.wait(None, "agent", input=ASKED)
    calls = [call["id"] for one in values["messages"] for call in one.get("tool_calls", [])]
    results = [one["tool_call_id"] for one in values["messages"] if one["type"] == "tool"]
    assert calls == results != []


async def test_threads_are_found_titled_by_their_first_question_and_deleted(
    sdk: Sdk,
    midwatch: Midwatch,
) -> None:
    client = sdk(midwatch)
    thread = await client.threads.create(metadata={"graph_id": "midwatch"})
    await client.runs.wait(thread["thread_id"], "midwatch", input=ASKED)
    [found, *_] = await client.threads.search(metadata={"graph_id": "midwatch"}, limit=1)
    assert found["thread_id"] == thread["thread_id"]
    assert (found["metadata"] or {})["title"] == "Why is checkout failing?"
    assert (found["values"] or {})["messages"]
    assert await client.threads.search(metadata={"graph_id": "other"}) == []
    await client.threads.update(thread["thread_id"], metadata={"title": "Checkout"})
    renamed = await client.threads.get(thread["thread_id"])
    assert (renamed["metadata"] or {})["title"] == "Checkout"
    await client.threads.delete(thread["thread_id"])
    with pytest.raises(REFUSED) as gone:
        await client.threads.get(thread["thread_id"])
    assert gone.value.response.status_code == 404


async def test_the_assistant_is_found_and_no_other(sdk: Sdk, midwatch: Midwatch) -> None:
    client = sdk(midwatch)
    [only] = await client.assistants.search()
    assert (await client.assistants.get("agent"))["assistant_id"] == only["assistant_id"]
    assert (
        "messages"
        in (await client.assistants.get_schemas("midwatch"))["input_schema"]["properties"]
    )
    with pytest.raises(REFUSED, match=r"no assistant|404"):
        await client.assistants.get("other")
    with pytest.raises(REFUSED, match=r"no assistant|404"):
        await client.runs.wait(None, "other", input=ASKED)


async def test_a_run_is_created_joined_and_streamed_again(sdk: Sdk, midwatch: Midwatch) -> None:
    client = sdk(midwatch)
    thread_id = (await client.threads.create())["thread_id"]
    run = await client.runs.create(thread_id, "midwatch", input=ASKED)
    values: Any = await client.runs.join(thread_id, run["run_id"])
    assert "256Mi" in values["messages"][-1]["content"]
    again = [one async for one in client.runs.join_stream(thread_id, run["run_id"])]
    assert again[0].event == "metadata"
    assert [one.data for one in again if one.event == "values"][-1] == values
    later = client.runs.join_stream(thread_id, run["run_id"], last_event_id="1")
    assert len([one async for one in later]) == len(again) - 1
    # What `useStream` asks for is all that there was.
    whole = client.runs.join_stream(thread_id, run["run_id"], last_event_id="-1")
    assert len([one async for one in whole]) == len(again)
    assert (await client.runs.get(thread_id, run["run_id"]))["status"] == "success"
    assert [one["run_id"] for one in await client.runs.list(thread_id)] == [run["run_id"]]


async def test_an_interrupt_is_in_the_state_and_a_person_answers_it(
    sdk: Sdk, repairs: Repairs
) -> None:
    client = sdk(repairs)
    thread_id = (await client.threads.create())["thread_id"]
    parts = await streamed(client, thread_id, input=RESTART)
    [waits] = [one.data for one in parts if one.event == "values"][-1]["__interrupt__"]
    assert waits["value"]["action_requests"][0]["name"] == "autofix_restart"
    assert waits["value"]["review_configs"][0]["allowed_decisions"] == ["approve", "reject"]
    [state, *_] = await client.threads.get_history(thread_id)
    assert state["next"]
    assert state["tasks"][0]["interrupts"] == [waits]
    assert (await client.threads.get(thread_id))["status"] == "interrupted"
    assert not repairs.ledger.done
    resumed = {"resume": {"decisions": [{"type": "approve"}]}}
    values: Any = await client.runs.wait(thread_id, "midwatch", command=resumed)
    assert len(repairs.ledger.done) == 1
    assert "__interrupt__" not in values
    assert (await client.threads.get_state(thread_id))["next"] == []


async def test_a_client_that_knows_one_request_in_the_old_words_may_answer_it(
    sdk: Sdk, repairs: Repairs
) -> None:
    client = sdk(repairs)
    thread_id = (await client.threads.create())["thread_id"]
    values: Any = await client.runs.wait(thread_id, "midwatch", input=RESTART)
    [waits] = values["__interrupt__"]
    assert waits["value"]["action_request"] == {
        "action": "autofix_restart",
        "args": {"name": "checkout"},
    }
    able = {name for name, one in waits["value"]["config"].items() if one}
    assert able == {"allow_accept", "allow_ignore"}
    said: Any = [{"type": "accept", "args": None}]
    await client.runs.wait(thread_id, "midwatch", input={}, command={"resume": said})
    assert len(repairs.ledger.done) == 1


NOES: list[Any] = [
    {"resume": False},
    {"resume": [{"type": "reject"}]},
    {"resume": {"decisions": ["ignore"]}},
    {"goto": "__end__"},
]


@pytest.mark.parametrize("command", NOES)
async def test_a_no_changes_nothing(sdk: Sdk, repairs: Repairs, command: Any) -> None:
    client = sdk(repairs)
    thread_id = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread_id, "midwatch", input=RESTART)
    await client.runs.wait(thread_id, "midwatch", command=command)
    assert not repairs.ledger.done
    assert (await client.threads.get(thread_id))["status"] == "idle"


@pytest.mark.parametrize("resume", ["yes", [], [{"type": "approve"}] * 2, {"decisions": [{}]}])
async def test_what_is_no_answer_is_refused_and_still_waits(
    sdk: Sdk, repairs: Repairs, resume: Any
) -> None:
    client = sdk(repairs)
    thread_id = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread_id, "midwatch", input=RESTART)
    with pytest.raises(REFUSED) as refused:
        await client.runs.wait(thread_id, "midwatch", command={"resume": resume})
    assert refused.value.response.status_code == 422
    assert (await client.threads.get(thread_id))["status"] == "interrupted"
    assert not repairs.ledger.done


async def test_another_message_while_a_person_is_waited_for_is_a_conflict(
    sdk: Sdk, repairs: Repairs
) -> None:
    client = sdk(repairs)
    thread_id = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread_id, "midwatch", input=RESTART)
    with pytest.raises(REFUSED) as refused:
        await client.runs.wait(thread_id, "midwatch", input=ASKED)
    assert refused.value.response.status_code == 409


async def test_a_run_is_cancelled_or_makes_room_for_the_next(sdk: Sdk, stage: Stage) -> None:
    stage.script.wait_after = 1
    client = sdk(stage)
    thread_id = (await client.threads.create())["thread_id"]
    first = await client.runs.create(thread_id, "midwatch", input=ASKED)
    with pytest.raises(REFUSED) as busy:
        await client.runs.create(thread_id, "midwatch", input=ASKED)
    assert busy.value.response.status_code == 409
    assert (await client.threads.get(thread_id))["status"] == "busy"
    second = await client.runs.create(
        thread_id, "midwatch", input=ASKED, multitask_strategy="interrupt"
    )
    assert (await client.runs.get(thread_id, first["run_id"]))["status"] == "interrupted"
    await client.runs.cancel(thread_id, second["run_id"])
    assert (await client.runs.get(thread_id, second["run_id"]))["status"] == "interrupted"


async def test_a_failed_run_says_why_in_its_stream(sdk: Sdk, stage: Stage) -> None:
    stage.script.error = RuntimeError("a mistake of ours")
    parts = await streamed(sdk(stage), None, input=ASKED)
    [error] = [one.data for one in parts if one.event == "error"]
    assert error["error"]
    assert "a mistake of ours" not in error["message"]


async def test_threads_of_others_are_not_there(sdk: Sdk, stage: Stage) -> None:
    mine, theirs = sdk(stage), sdk(stage, await stage.token_of("eve"))
    thread_id = (await mine.threads.create())["thread_id"]
    await mine.runs.wait(thread_id, "midwatch", input=ASKED)
    run_id = (await mine.runs.list(thread_id))[0]["run_id"]
    attempts = (
        theirs.threads.get(thread_id),
        theirs.threads.get_state(thread_id),
        theirs.threads.get_history(thread_id),
        theirs.threads.update(thread_id, metadata={"title": "x"}),
        theirs.threads.delete(thread_id),
        theirs.runs.wait(thread_id, "midwatch", input=ASKED),
        theirs.runs.wait(thread_id, "midwatch", input=ASKED, if_not_exists="create"),
        theirs.runs.get(thread_id, run_id),
        theirs.runs.join(thread_id, run_id),
        theirs.runs.cancel(thread_id, run_id),
    )
    for attempt in attempts:
        with pytest.raises(REFUSED) as refused:
            await attempt
        assert refused.value.response.status_code == 404
    assert await theirs.threads.search() == []
    assert await theirs.runs.list(thread_id) == []


async def test_without_a_key_nobody_comes_in_and_a_guest_does_not_ask(
    sdk: Sdk, stage: Stage
) -> None:
    guest = sdk(stage, await stage.token_of("gus", role="guest"))
    for client, status in ((sdk(stage, "mw_wrong"), 401), (guest, 403)):
        with pytest.raises(REFUSED) as refused:
            await client.threads.create()
        assert refused.value.response.status_code == status


async def said(client: LangGraphClient, thread_id: str) -> list[str]:
    """The questions of a thread as it is now."""
    messages = (await client.threads.get_state(thread_id))["values"]["messages"]
    return [one["content"] for one in messages if one["type"] == "human"]


async def asked_twice(client: LangGraphClient) -> tuple[str, list[Any]]:
    """A thread with two answers about pods, and its history."""
    thread_id = (await client.threads.create())["thread_id"]
    for question in ("list pods in shop", "and in payments?"):
        await client.runs.wait(thread_id, "midwatch", input=human(question))
    return thread_id, await client.threads.get_history(thread_id)


def human(text: str) -> Any:
    return {"messages": [{"type": "human", "content": text}]}


async def test_an_earlier_question_is_edited_in_its_own_thread(
    sdk: Sdk, midwatch: Midwatch
) -> None:
    client = sdk(midwatch)
    thread_id, before = await asked_twice(client)
    first = before[2]["checkpoint"]
    parts = await streamed(
        client, thread_id, input=human("and in kube-system?"), checkpoint=first,
        stream_mode=["values"],
    )  # fmt: skip
    values = [one.data["messages"] for one in parts if one.event == "values"]
    [call] = [one for one in values[-1] if one.get("tool_calls")][1:]
    assert call["tool_calls"][0]["args"] == {"namespace": "kube-system"}
    assert [one["content"] for one in values[0] if one["type"] == "human"][1:] == [
        "and in kube-system?"
    ]
    assert await said(client, thread_id) == ["list pods in shop", "and in kube-system?"]
    history = await client.threads.get_history(thread_id)
    assert [one["checkpoint"] for one in history[2:]] == [one["checkpoint"] for one in before]
    assert history[1]["parent_checkpoint"] == history[3]["parent_checkpoint"] == first
    assert history[2]["values"] == before[0]["values"]


async def test_a_question_is_answered_once_more_beside_its_answer(
    sdk: Sdk, midwatch: Midwatch
) -> None:
    client = sdk(midwatch)
    thread_id, before = await asked_twice(client)
    asked = before[1]["checkpoint"]
    values: Any = await client.runs.wait(thread_id, "midwatch", checkpoint=asked)
    assert await said(client, thread_id) == ["list pods in shop", "and in payments?"]
    history = await client.threads.get_history(thread_id)
    assert len(history) == len(before) + 1
    assert history[0]["parent_checkpoint"] == history[1]["parent_checkpoint"] == asked
    old = history[1]["values"]["messages"]
    assert [one["id"] == other["id"] for one, other in zip(values["messages"], old, strict=True)][
        -4:
    ] == [True, False, False, False]
    assert values["messages"][-1]["content"] == old[-1]["content"]


async def test_a_fork_that_was_left_is_gone_on_with_and_remembers_its_own(
    sdk: Sdk, midwatch: Midwatch
) -> None:
    client = sdk(midwatch)
    thread_id, before = await asked_twice(client)
    await client.runs.wait(thread_id, "midwatch", input=human("list nodes"), checkpoint_id="start")
    assert await said(client, thread_id) == ["list nodes"]
    await client.runs.wait(
        thread_id, "midwatch", input=human("list nodes"), checkpoint=before[0]["checkpoint"]
    )
    questions = ["list pods in shop", "and in payments?", "list nodes"]
    assert await said(client, thread_id) == questions
    subject = (await midwatch.opened.sign_in.principal(midwatch.token)).subject
    kept = await midwatch.turns.assistant.exchanges(f"{subject}/{thread_id}")
    assert [one["question"] for one in kept] == questions
    async with midwatch.client() as http:
        page = (await http.get(f"/api/v1/threads/{thread_id}")).json()["messages"]
    assert [one["content"] for one in page if one["role"] == "user"] == questions


async def test_a_branch_of_a_forked_thread_is_read_like_any_other(
    sdk: Sdk, midwatch: Midwatch
) -> None:
    client = sdk(midwatch)
    thread_id, before = await asked_twice(client)
    await client.runs.wait(thread_id, "midwatch", checkpoint=before[1]["checkpoint"])
    async with midwatch.client() as http:
        body = {"question": "list nodes", "thread_id": thread_id}
        third = (await http.post("/api/v1/query", json=body)).json()
        messages = (await http.get(f"/api/v1/threads/{thread_id}/messages")).json()["items"]
        edit = {**body, "question": "list pods in shop", "edit": messages[-2]["id"]}
        branch = (await http.post("/api/v1/query", json=edit)).json()["thread_id"]
    assert third["thread_id"] == thread_id != branch
    assert await said(client, branch) == [
        "list pods in shop", "and in payments?", "list pods in shop"
    ]  # fmt: skip
    assert len(await client.threads.get_history(branch)) == 7


async def test_what_is_no_fork_or_does_not_exist_is_told(sdk: Sdk, stage: Stage) -> None:
    client = sdk(stage)
    thread_id = (await client.threads.create())["thread_id"]
    await client.runs.wait(thread_id, "midwatch", input=ASKED)
    asked = (await client.threads.get_history(thread_id))[1]["checkpoint"]
    with pytest.raises(REFUSED) as twice_asked:
        await client.runs.wait(thread_id, "midwatch", input=ASKED, checkpoint=asked)
    with pytest.raises(REFUSED) as nothing:
        await client.runs.wait(thread_id, "midwatch", checkpoint_id="start")
    with pytest.raises(REFUSED) as unknown:
        await client.runs.wait(thread_id, "midwatch", input=ASKED, checkpoint_id="asked-never")
    with pytest.raises(REFUSED) as twice:
        await client.threads.create(thread_id=thread_id)
    with pytest.raises(REFUSED) as nowhere:
        await client.runs.wait("never-made", "midwatch", input=ASKED)
    refused = (twice_asked, nothing, unknown, twice, nowhere)
    assert [one.value.response.status_code for one in refused] == [422, 422, 404, 409, 404]
    assert "the same question once more" in twice_asked.value.response.json()["detail"]
    assert "no checkpoint 'asked-never'" in unknown.value.response.json()["detail"]
    same = await client.threads.create(thread_id=thread_id, if_exists="do_nothing")
    assert same["thread_id"] == thread_id
