"""Pinning by REST, and `midwatch threads` as a program against a running service."""

import asyncio
import json
from subprocess import CompletedProcess

from tests.api.conftest import Stage
from tests.api.test_command_line import midwatch as run

QUESTIONS = ("Why is checkout failing?", "Who owns shop?", "What fires?")


async def test_conversations_are_pinned_listed_renamed_and_deleted(stage: Stage) -> None:
    async def there(*words: str) -> CompletedProcess[str]:
        more = ("--server", stage.address, "--token", stage.token)
        return await asyncio.to_thread(run, "threads", *words, *more)

    assert (await there("list", "--lang", "zh")).stdout == "没有会话。\n"
    async with stage.client() as http:
        for n, question in enumerate(QUESTIONS):
            asked = {"question": question, "thread_id": f"t{n}"}
            assert (await http.post("/api/v1/query", json=asked)).status_code == 200
        answer = await http.patch("/api/v1/threads/t0", json={"pinned": True})
        assert (answer.json()["pinned"], answer.json()["title"]) == (True, QUESTIONS[0])
        assert (
            await http.patch("/api/v1/threads/nowhere", json={"pinned": True})
        ).status_code == 404
    listed = (await there("list")).stdout.splitlines()
    assert [line[:4] for line in listed] == ["★ t0", "  t2", "  t1"]
    assert (await there("unpin", "t0")).returncode == 0
    assert (await there("pin", "t1")).returncode == 0
    assert (await there("rename", "t2", "Alerts")).returncode == 0
    items = json.loads((await there("list", "-o", "json")).stdout)["items"]
    assert [one["id"] for one in items] == ["t1", "t2", "t0"]
    assert items[1]["title"] == "Alerts"
    assert (await there("delete", "t0")).returncode == 0
    assert "failing" not in (await there("list", "--search", "failing")).stdout
    gone = await there("pin", "t0")
    assert (gone.returncode, "Traceback" in gone.stderr) == (2, False)
    assert "t0" in gone.stderr


async def test_a_pin_of_others_is_not_there(stage: Stage) -> None:
    async with stage.client() as http:
        await http.post("/api/v1/query", json={"question": "Why?", "thread_id": "mine"})
    async with stage.client(await stage.token_of("eve")) as http:
        assert (await http.patch("/api/v1/threads/mine", json={"pinned": True})).status_code == 404
        nothing = await http.patch("/api/v1/threads/mine", json={"title": ""})
        assert nothing.status_code == 422


def test_without_a_service_it_is_said_where_conversations_are_kept() -> None:
    done = run("threads", "list")
    assert (done.returncode, done.stdout) == (2, "")
    assert (
        done.stderr == "Conversations are kept by a running Midwatch. Name it with --server URL.\n"
    )
