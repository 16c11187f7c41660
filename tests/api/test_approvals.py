"""A change that waits for a person, over HTTP: shown, answered from any door, done once."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from api.turns.questions import Question
from evals.providers.saying import Say
from tests.agent.changing_server import DIFF
from tests.api.doors import printed
from tests.api.repairs import QUESTION, Repairs, repairing

APPLY = ("autofix_apply", {"plan_id": "plan-1"})
Wire = dict[str, Any]


@pytest.fixture
async def repairs(tmp_path: Path) -> AsyncIterator[Repairs]:
    async with repairing(tmp_path) as repairs:
        yield repairs


def said(text: str) -> list[Wire]:
    return [{"id": "1", "role": "user", "content": text}]


async def test_a_query_that_waits_says_for_what_and_goes_on_by_rest(repairs: Repairs) -> None:
    waiting = await repairs.asked()
    [approval] = waiting["approvals"]
    assert (waiting["status"], approval["tool"]) == ("interrupted", "autofix_restart")
    assert repairs.ledger.done == []
    async with repairs.client() as http:
        listed = (await http.get("/api/v1/approvals")).json()["items"]
        after = await http.post(f"/api/v1/approvals/{approval['id']}", json={"approved": True})
        again = await http.post(f"/api/v1/approvals/{approval['id']}", json={"approved": True})
    assert [(one["id"], one["thread_id"]) for one in listed] == [
        (approval["id"], waiting["thread_id"])
    ]
    assert (after.json()["answer"], after.json()["status"]) == ("Done.", "done")
    assert again.status_code == 404
    assert repairs.ledger.done == ["restart checkout"]


async def test_a_programs_token_may_say_no_but_never_yes(repairs: Repairs) -> None:
    waiting = await repairs.asked()
    [approval] = waiting["approvals"]
    place = f"/api/v1/threads/{waiting['thread_id']}/resume"
    said = [{"approval_id": approval["id"], "approved": True}]
    resumed = {
        "threadId": waiting["thread_id"],
        "resume": [
            {
                "interruptId": approval["id"],
                "status": "resolved",
                "payload": {"approved": True},
            }
        ],
    }
    _, program = await repairs.opened.sign_in.make_api_token("admin", label="nightly job")
    async with repairs.client(program) as http:
        refused = [
            await http.post(f"/api/v1/approvals/{approval['id']}", json={"approved": True}),
            await http.post(place, json={"decisions": said}),
            await http.post("/agui", json=resumed),
        ]
        done = list(repairs.ledger.done)
        denied = await http.post(f"/api/v1/approvals/{approval['id']}", json={"approved": False})
    for one in refused:
        assert "own hand" in one.text
    assert done == []
    assert denied.json()["tool_calls"][0]["status"] == "denied"


async def test_why_somebody_said_no_is_kept_and_told_to_whoever_goes_on(repairs: Repairs) -> None:
    waiting = await repairs.asked()
    no = {"approved": False, "reason": "not before the sale"}
    async with repairs.client() as http:
        await http.post(f"/api/v1/approvals/{waiting['approvals'][0]['id']}", json=no)
        lines = (await http.get("/api/v1/audit")).json()["items"]
        thread = await http.get(f"/api/v1/threads/{waiting['thread_id']}")
    [kept] = [one["detail"] for one in lines if one["action"] == "approval.deny"]
    assert kept["reason"] == "not before the sale"
    assert "not before the sale" in thread.text
    assert repairs.ledger.done == []


async def test_a_conversation_says_what_stands_in_it_and_reads_as_one(repairs: Repairs) -> None:
    waiting = await repairs.asked()
    place = f"/api/v1/threads/{waiting['thread_id']}"
    decisions = [{"approval_id": waiting["approvals"][0]["id"], "approved": False}]
    async with repairs.client() as http:
        standing = (await http.get(place)).json()["standing"]
        blocked = await http.post(
            "/api/v1/query", json={"question": "list pods", "thread_id": waiting["thread_id"]}
        )
        after = await http.post(f"{place}/resume", json={"decisions": decisions})
        thread = (await http.get(place)).json()
    assert (standing["state"], standing["question"]) == ("waiting", QUESTION)
    assert (blocked.status_code, blocked.json()["code"]) == (409, "conflict")
    assert after.json()["tool_calls"][0]["status"] == "denied"
    assert [one["role"] for one in thread["messages"]] == ["user", "assistant", "assistant"]
    assert thread["standing"] is None
    assert repairs.ledger.done == []


async def test_agui_interrupts_and_resumes_once(repairs: Repairs) -> None:
    repairs.provider.script[0] = Say("", [APPLY])
    thread = str(uuid4())
    first = await repairs.streamed(threadId=thread, messages=said(QUESTION))
    [interrupt] = first[-1]["outcome"]["interrupts"]
    shown = {name: interrupt["metadata"][name] for name in ("plan_id", "diff", "risk")}
    assert shown == {"plan_id": "plan-1", "diff": DIFF, "risk": "medium"}
    answer = {"interruptId": interrupt["id"], "status": "resolved", "payload": {"approved": True}}
    resumed = {"threadId": thread, "runId": str(uuid4()), "resume": [answer]}
    after = await repairs.streamed(**resumed)
    replayed = await repairs.streamed(**resumed)
    assert after[-1]["outcome"] == {"type": "success"}
    assert replayed == after
    assert len(repairs.ledger.done) == 1


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("list pods", "First I need your yes or no: `autofix_restart`"),
        ("列出 Pod", "需要先得到您的答复：`autofix_restart`"),
    ],
)
async def test_agui_answers_another_message_by_what_waits(
    question: str, told: str, repairs: Repairs
) -> None:
    thread, run = str(uuid4()), str(uuid4())
    first = await repairs.streamed(threadId=thread, messages=said(QUESTION))
    [interrupt] = first[-1]["outcome"]["interrupts"]
    blocked = await repairs.streamed(threadId=thread, runId=run, messages=said(question))
    assert [one["type"] for one in blocked] == [
        "RUN_STARTED",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "RUN_ERROR",
    ]
    assert (blocked[0]["threadId"], blocked[0]["runId"]) == (thread, run)
    assert blocked[2]["delta"].startswith(told)
    assert f"midwatch approve {interrupt['id']}" in blocked[2]["delta"]
    assert (blocked[-1]["code"], blocked[-1]["message"]) == (
        "interrupt_pending",
        blocked[2]["delta"],
    )
    answer = {"interruptId": interrupt["id"], "status": "resolved", "payload": {"approved": True}}
    after = await repairs.streamed(threadId=thread, resume=[answer])
    assert after[-1]["outcome"] == {"type": "success"}
    late = await repairs.streamed(threadId=thread, resume=[answer])
    assert [one["type"] for one in late] == ["RUN_STARTED", "RUN_ERROR"]
    assert late[-1]["code"] == "not_found"
    assert repairs.ledger.done == ["restart checkout"]


async def test_the_audit_trail_says_who_decided(repairs: Repairs) -> None:
    waiting = await repairs.asked()
    async with repairs.client() as http:
        await http.post(
            f"/api/v1/approvals/{waiting['approvals'][0]['id']}", json={"approved": True}
        )
    lines = await repairs.opened.audit.latest()
    assert ("admin", "approval.approve", "autofix_restart") in [
        (one.subject, one.action, one.target) for one in lines
    ]


async def test_nobody_answers_what_another_person_is_asked(repairs: Repairs) -> None:
    waiting = await repairs.asked()
    other = await repairs.token_of("eve", role="admin")
    answer = {"approval_id": waiting["approvals"][0]["id"], "approved": True}
    async with repairs.client(other) as http:
        place = f"/api/v1/approvals/{answer['approval_id']}"
        direct = await http.post(place, json={"approved": True})
        by_thread = await http.post(
            f"/api/v1/threads/{waiting['thread_id']}/resume", json={"decisions": [answer]}
        )
    assert (direct.status_code, by_thread.status_code) == (404, 404)
    assert repairs.ledger.done == []


async def test_a_door_that_cannot_ask_changes_nothing(repairs: Repairs) -> None:
    principal = await repairs.opened.sign_in.principal(repairs.token)
    shape = await repairs.turns.answer(principal, Question(QUESTION))
    assert (shape["status"], shape["tool_calls"][0]["status"]) == ("done", "cannot_ask")
    assert repairs.ledger.done == []


async def test_the_command_line_approves_what_waits_in_a_service(repairs: Repairs) -> None:
    reach = ["--server", repairs.address, "--token", repairs.token]
    waiting = await printed("ask", QUESTION, "-o", "json", *reach)
    assert waiting["status"] == "interrupted"
    text = await _text("approve", waiting["approvals"][0]["id"], *reach)
    assert text.startswith("Done.")
    assert repairs.ledger.done == ["restart checkout"]


async def _text(*arguments: str) -> str:
    import asyncio
    import sys

    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "api.cli", *arguments), stdout=asyncio.subprocess.PIPE
    )
    return (await process.communicate())[0].decode()
