"""Editing an earlier question: answered in a branch that remembers what was before it."""

from typing import Any
from uuid import uuid4

import orjson

from tests.api.conftest import Midwatch

Shape = dict[str, Any]


async def ask(midwatch: Midwatch, question: str, **given: str) -> Shape:
    async with midwatch.client() as http:
        answer = await http.post("/api/v1/query", json={"question": question, **given})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def read(midwatch: Midwatch, thread_id: str) -> Shape:
    async with midwatch.client() as http:
        return (await http.get(f"/api/v1/threads/{thread_id}")).json()


def questions(thread: Shape) -> list[str]:
    return [one["content"] for one in thread["messages"] if one["role"] == "user"]


async def conversation(midwatch: Midwatch) -> tuple[str, Shape]:
    thread = (await ask(midwatch, "list pods in shop"))["thread_id"]
    await ask(midwatch, "and in payments?", thread_id=thread)
    await ask(midwatch, "list nodes", thread_id=thread)
    return thread, await read(midwatch, thread)


async def test_an_edited_question_is_answered_in_a_branch(midwatch: Midwatch) -> None:
    thread, before = await conversation(midwatch)
    edited = before["messages"][2]["id"]
    answer = await ask(midwatch, "and in kube-system?", thread_id=thread, edit=edited)
    branch, after = await read(midwatch, answer["thread_id"]), await read(midwatch, thread)
    assert answer["tool_calls"][0]["arguments"] == {"namespace": "kube-system"}
    assert questions(branch) == ["list pods in shop", "and in kube-system?"]
    assert (branch["branch_of"], branch["branched_at"]) == (thread, edited)
    assert after["messages"] == before["messages"]


async def test_a_branch_remembers_only_what_was_before_it(midwatch: Midwatch) -> None:
    thread, before = await conversation(midwatch)
    first = before["messages"][0]["id"]
    answer = await ask(midwatch, "hello", thread_id=thread, edit=first)
    principal = await midwatch.opened.sign_in.principal(midwatch.token)
    memory = midwatch.turns.assistant
    kept = await memory.exchanges(f"{principal.subject}/{answer['thread_id']}")
    assert [one["question"] for one in kept] == ["hello"]


async def test_both_branches_go_on_by_themselves(midwatch: Midwatch) -> None:
    thread, before = await conversation(midwatch)
    branch = (
        await ask(
            midwatch, "and in kube-system?", thread_id=thread, edit=before["messages"][2]["id"]
        )
    )["thread_id"]
    old = await ask(midwatch, "list pods in shop", thread_id=thread)
    new = await ask(midwatch, "and in payments?", thread_id=branch)
    assert (old["thread_id"], new["thread_id"]) == (thread, branch)
    assert new["tool_calls"][0]["arguments"] == {"namespace": "payments"}


async def streamed(midwatch: Midwatch, **body: Any) -> list[Shape]:
    async with midwatch.client() as http, http.stream("POST", "/agui", json=body) as response:
        lines = [line async for line in response.aiter_lines() if line.startswith("data: ")]
    return [orjson.loads(line[6:]) for line in lines]


async def test_agui_branches_after_a_parent_run(midwatch: Midwatch) -> None:
    thread, before = await conversation(midwatch)
    parent = before["messages"][1]["run_id"]
    said = [{"id": "1", "role": "user", "content": "and in kube-system?"}]
    body = {"threadId": thread, "runId": str(uuid4()), "messages": said, "parentRunId": parent}
    events = await streamed(midwatch, **body)
    told = events[0]["threadId"]
    assert told != thread
    assert questions(await read(midwatch, told)) == ["list pods in shop", "and in kube-system?"]
    last = before["messages"][-1]["run_id"]
    body = {**body, "runId": str(uuid4()), "parentRunId": last}
    assert (await streamed(midwatch, **body))[0]["threadId"] == thread


async def test_agui_edits_by_run_in_a_thread_the_client_names(midwatch: Midwatch) -> None:
    thread, before = await conversation(midwatch)
    branch, run_id = str(uuid4()), before["messages"][3]["run_id"]
    said = [{"id": "1", "role": "user", "content": "list nodes"}]
    body = {"threadId": thread, "runId": str(uuid4()), "messages": said}
    props = {"edit": run_id, "branch": branch}
    events = await streamed(midwatch, **body, forwardedProps=props)
    assert events[0]["threadId"] == branch
    assert questions(await read(midwatch, branch)) == ["list pods in shop", "list nodes"]


async def test_only_a_question_of_ones_own_can_be_edited(midwatch: Midwatch) -> None:
    thread, before = await conversation(midwatch)
    body = {"question": "hello", "thread_id": thread, "edit": before["messages"][0]["id"]}
    other = await midwatch.token_of(f"eve-{uuid4().hex[:6]}")
    async with midwatch.client(other) as http:
        theirs = await http.post("/api/v1/query", json=body)
    async with midwatch.client() as http:
        unknown = await http.post("/api/v1/query", json={**body, "edit": "m-1"})
    assert (theirs.status_code, unknown.status_code) == (404, 404)
