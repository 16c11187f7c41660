"""A turn goes on without its watcher, one at a time for a thread, and is kept."""

import asyncio
from typing import Any

import orjson
import pytest

from agent.events import Planned, PlanStep, SubagentFinished, SubagentStarted
from api.turns.questions import Question
from core.errors import Conflict, NotFound, UpstreamUnavailable
from core.principal import Permission, Principal
from tests.api.conftest import TURN, Stage

ANN = Principal("ann", frozenset({"user"}), frozenset({Permission.CHAT_USE}))
TURN_END = TURN[-1]
INPUT: dict[str, Any] = {
    "threadId": "t1",
    "runId": "r1",
    "messages": [{"id": "u1", "role": "user", "content": "Why?"}],
}


async def events(response: Any) -> list[tuple[int, dict[str, Any]]]:
    """(id, event) of a finished stream."""
    told: list[tuple[int, dict[str, Any]]] = []
    number = 0
    async for line in response.aiter_lines():
        if line.startswith("id: "):
            number = int(line[4:])
        if line.startswith("data: "):
            told.append((number, orjson.loads(line[6:])))
    return told


async def first(response: Any, count: int) -> int:
    """Read `count` events and hang up; the id of the last one."""
    last = 0
    async for line in response.aiter_lines():
        if line.startswith("id: "):
            last = int(line[4:])
        if last == count and line.startswith("data: "):
            break
    return last


async def messages(stage: Stage, thread_id: str = "t1") -> list[dict[str, Any]]:
    async with stage.client() as http:
        return (await http.get(f"/api/v1/threads/{thread_id}")).json()["messages"]


async def test_a_turn_is_kept_with_its_tool_calls_and_usage(stage: Stage) -> None:
    async with stage.client() as http, http.stream("POST", "/agui", json=INPUT) as response:
        told = await events(response)
    assert told[-1][1]["type"] == "RUN_FINISHED"
    question, answer = await messages(stage)
    assert (question["role"], question["content"]) == ("user", "Why?")
    assert (answer["content"], answer["ending"]) == ("Out of memory.", "done")
    assert answer["usage"][0]["provider"] == "offline"
    [call] = answer["tool_calls"]
    assert (call["tool"], call["subagent"], call["status"]) == ("rca_investigate", "rca", "ok")


async def test_who_worked_and_by_which_plan_is_kept_with_the_answer(stage: Stage) -> None:
    steps = PlanStep("Find the cause", "done"), PlanStep("What it costs", "failed")
    rca, cost = SubagentFinished("s1", "rca", "ok"), SubagentStarted("s2", "cost", "asked, too")
    stage.script.events = [Planned(steps), *TURN[:3], rca, cost, TURN_END]
    async with stage.client() as http, http.stream("POST", "/agui", json=INPUT) as response:
        await events(response)
    answer = (await messages(stage))[1]
    assert answer["plan"] == [
        {"title": "Find the cause", "status": "done"},
        {"title": "What it costs", "status": "failed"},
    ]
    told = [(one["name"], one["why"], one["status"]) for one in answer["lanes"]]
    assert told == [("rca", "it asks why", "ok"), ("cost", "asked, too", "error")]
    assert answer["lanes"][0]["calls"] == [answer["tool_calls"][0]["id"]]


async def test_a_turn_stands_in_the_audit_trail(stage: Stage) -> None:
    async with stage.client() as http:
        await http.post("/api/v1/query", json={"question": "Why?", "thread_id": "t1"})
        [line] = (await http.get("/api/v1/audit?limit=1")).json()["items"]
    assert (line["subject"], line["action"], line["target"]) == ("admin", "turn.ask", "t1")
    assert (line["outcome"], line["detail"]["route"]) == ("done", ["rca"])


async def test_a_secret_in_a_call_reaches_neither_stream_nor_store(stage: Stage) -> None:
    async with stage.client() as http, http.stream("POST", "/agui", json=INPUT) as response:
        told = orjson.dumps([event for _, event in await events(response)]).decode()
    assert "rca_investigate" in told
    assert "hunter2" not in told + str(await messages(stage))


async def test_a_dropped_connection_is_resumed_where_it_broke_off(stage: Stage) -> None:
    stage.script.wait_after = 3
    async with stage.client() as http:
        async with http.stream("POST", "/agui", json=INPUT) as response:
            last = await first(response, 5)
        stage.script.gate.set()
        again = {"Last-Event-ID": str(last)}
        async with http.stream("POST", "/agui", json=INPUT, headers=again) as response:
            rest = await events(response)
        async with http.stream("GET", "/api/v1/runs/r1/events?after=0") as response:
            whole = await events(response)
    assert [number for number, _ in rest] == list(range(6, len(whole) + 1))
    assert rest == whole[5:]
    assert len(await messages(stage)) == 2


async def test_a_resume_of_a_run_that_is_gone_begins_no_new_turn(stage: Stage) -> None:
    async with stage.client() as http:
        response = await http.post("/agui", json=INPUT, headers={"Last-Event-ID": "3"})
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert stage.script.asked == []


async def test_a_second_turn_on_a_thread_gets_409(stage: Stage) -> None:
    stage.script.wait_after = 1
    run = await stage.turns.start(ANN, Question("Why?", thread_id="t1"))
    with pytest.raises(Conflict, match="still answering"):
        await stage.turns.start(ANN, Question("And now?", thread_id="t1"))
    stage.script.gate.set()
    assert [event async for event in run.follow()]
    await stage.turns.start(ANN, Question("And now?", thread_id="t1"))


async def test_a_second_turn_over_http_is_a_problem_document(stage: Stage) -> None:
    stage.script.wait_after = 1
    async with stage.client() as http, http.stream("POST", "/agui", json=INPUT) as response:
        await first(response, 2)
        second = {"question": "And now?", "thread_id": "t1"}
        refused = await http.post("/api/v1/query", json=second)
        stage.script.gate.set()
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")


async def test_cancelling_keeps_what_was_finished_and_says_so(stage: Stage) -> None:
    stage.script.wait_after = 4
    async with stage.client() as http, http.stream("POST", "/agui", json=INPUT) as response:
        cancelling = asyncio.create_task(_cancel_when_begun(stage))
        told = await events(response)
        assert (await cancelling).json()["ending"] == "cancelled"
    assert told[-1][1]["outcome"] == {"type": "cancelled"}
    _, answer = await messages(stage)
    assert (answer["content"], answer["ending"]) == ("Out of ", "cancelled")
    assert len(answer["tool_calls"]) == 1


async def _begun(stage: Stage) -> None:
    """Until the script waits at its gate."""
    run = stage.turns.find("r1", "admin")
    while len(run.log) < stage.script.wait_after:
        await run.more(len(run.log))


async def _cancel_when_begun(stage: Stage) -> Any:
    await _begun(stage)
    async with stage.client() as http:
        return await http.post("/api/v1/runs/r1/cancel")


async def test_a_watcher_who_leaves_does_not_end_the_turn(stage: Stage) -> None:
    stage.script.wait_after = 2
    async with stage.client() as http, http.stream("POST", "/agui", json=INPUT) as response:
        await first(response, 2)
    stage.script.gate.set()
    run = stage.turns.find("r1", "admin")
    assert [event async for event in run.follow()]
    assert (await messages(stage))[1]["content"] == "Out of memory."


async def test_going_down_ends_the_stream_and_loses_nothing(stage: Stage) -> None:
    stage.script.wait_after = 4
    async with stage.client() as http, http.stream("POST", "/agui", json=INPUT) as response:
        stopping = asyncio.create_task(_stop_when_begun(stage))
        told = await events(response)
        await stopping
    assert (told[-1][1]["type"], told[-1][1]["code"]) == ("RUN_ERROR", "interrupted")
    _, answer = await messages(stage)
    assert (answer["ending"], answer["error"]["code"]) == ("stopped", "interrupted")


async def _stop_when_begun(stage: Stage) -> None:
    await _begun(stage)
    await stage.turns.stop()


async def test_an_upstream_that_is_away_is_told_and_the_thread_stays_usable(stage: Stage) -> None:
    stage.script.events = stage.script.events[:1]
    stage.script.error = UpstreamUnavailable("The model did not answer.")
    async with stage.client() as http:
        refused = await http.post("/api/v1/query", json={"question": "Why?", "thread_id": "t1"})
        assert (refused.status_code, refused.json()["code"]) == (503, "upstream_unavailable")
        stage.script.error = None
        stage.script.events = [*stage.script.events, TURN_END]
        again = await http.post("/api/v1/query", json={"question": "Why?", "thread_id": "t1"})
    assert again.json()["answer"] == "Out of memory."
    assert [one["role"] for one in await messages(stage)] == ["user", "assistant"] * 2


async def test_why_a_turn_failed_is_kept_in_the_language_of_its_question(stage: Stage) -> None:
    stage.script.events = stage.script.events[:1]
    stage.script.error = UpstreamUnavailable(
        "The model did not answer.", texts={"zh": "模型没有应答。"}
    )
    async with stage.client() as http:
        body = {"question": "checkout 为什么报错", "thread_id": "t1"}
        refused = await http.post("/api/v1/query", json=body, headers={"Accept-Language": "zh-CN"})
    _, answer = await messages(stage)
    assert refused.json()["detail"] == "模型没有应答。"
    assert answer["error"] == {"code": "upstream_unavailable", "message": "模型没有应答。"}


async def test_another_persons_thread_looks_like_none(stage: Stage) -> None:
    run = await stage.turns.start(ANN, Question("Why?", thread_id="t1"))
    assert [event async for event in run.follow()]
    bob = Principal("bob", frozenset({"user"}), frozenset({Permission.CHAT_USE}))
    with pytest.raises(NotFound, match="no conversation 't1'"):
        await stage.turns.start(bob, Question("What did ann ask?", thread_id="t1"))
    with pytest.raises(NotFound):
        stage.turns.find(run.id, "bob")


async def test_two_peoples_memories_have_different_keys(stage: Stage) -> None:
    for name in ("ann", "bob"):
        person = Principal(name, frozenset({"user"}), frozenset({Permission.CHAT_USE}))
        run = await stage.turns.start(person, Question("Why?", thread_id=f"{name}-1"))
        assert [event async for event in run.follow()]
    assert stage.script.asked == ["ann/ann-1", "bob/bob-1"]


async def test_a_mistake_of_ours_ends_the_stream_and_frees_the_thread(stage: Stage) -> None:
    stage.script.events = stage.script.events[:1]
    stage.script.error = ZeroDivisionError("a mistake")
    async with stage.client() as http:
        async with http.stream("POST", "/agui", json=INPUT) as response:
            told = await events(response)
        assert told[-1][1]["code"] == "internal"
        stage.script.events, stage.script.error = [TURN_END], None
        again = await http.post("/api/v1/query", json={"question": "Why?", "thread_id": "t1"})
    assert again.status_code == 200
