"""A plan is tried on a copy of the cluster, and what became of that stands where it is decided about."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from core.http import Client
from tests.api.conftest import Midwatch, offline, served
from tests.api.test_command_line import midwatch

ROUTE = "/api/v1/autofix"
CHECKOUT = {"namespace": "shop", "kind": "Deployment", "name": "checkout"}


@pytest.fixture(scope="module")
async def service(
    anyio_backend: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Midwatch]:
    async with served(offline(tmp_path_factory.mktemp("rehearsals"))) as made:
        yield made


async def planned(http: Client, **more: Any) -> str:
    plan = (await http.post(f"{ROUTE}/plan", json={**CHECKOUT, **more})).json()
    assert plan["plan_id"], plan["refused"]
    return str(plan["plan_id"])


async def rehearsed(http: Client, plan_id: str) -> dict[str, Any]:
    asked = {"plan_id": plan_id, "wait_s": 120}
    found = await http.post(f"{ROUTE}/rehearse", json=asked, timeout=180)
    assert found.status_code == 200, found.text
    return found.json()


async def tried_by_chat(http: Client, plan_id: str) -> str:
    """What the chat answers at the end: on a slow machine it first says that it is still trying."""
    for _ in range(5):
        asked = await http.post("/api/v1/query", json={"question": f"演练 {plan_id}"}, timeout=120)
        answer = str(asked.json()["answer"])
        if "正在集群副本上演练" not in answer:
            break
    return answer


async def test_a_plan_says_that_it_was_not_tried_until_it_was(service: Midwatch) -> None:
    async with service.client() as http:
        plan_id = await planned(http)
        before = (await http.get(f"{ROUTE}/plans/{plan_id}")).json()
        tried = await rehearsed(http, plan_id)
        after = (await http.get(f"{ROUTE}/plans/{plan_id}")).json()
        changes = (await http.get(f"{ROUTE}/changes")).json()
        async with service.opened.database.session() as session:
            await session.execute(text("UPDATE fix_rehearsals SET outcome = 'rolled_back'"))
        altered = (await http.get(f"{ROUTE}/plans/{plan_id}")).json()
    assert before["rehearsal"]["outcome"] == "not_rehearsed"
    assert f"midwatch fix rehearse {plan_id}" in before["rehearsal"]["said"]
    assert tried["outcome"] == "verified", tried
    assert "real traffic" in tried["cannot_know"]
    assert after["rehearsal"] == tried
    assert (after["status"], changes["total"]) == ("proposed", 0)  # nothing live was touched
    assert altered["rehearsal"]["outcome"] == "not_rehearsed"  # whoever wrote that, it was not us


async def test_a_chat_and_its_card_say_how_it_went(service: Midwatch) -> None:
    async with service.client() as http:
        change = {"change": "restart", "name": "catalog", "language": "zh"}
        plan_id = await planned(http, **change)
        answer = await tried_by_chat(http, plan_id)
        card = (await http.post("/api/v1/query", json={"question": f"执行 {plan_id}"})).json()
    assert "已在集群副本上演练：执行成功并通过验证" in answer
    [approval] = card["approvals"]
    assert (approval["objects"], len(approval["actions"])) == ("Deployment shop/catalog", 1)
    assert approval["cluster"]
    assert "已在集群副本上演练" in approval["rehearsal"]
    assert "演练无法预知" in approval["cannot_know"]


async def test_what_is_decided_against_is_not_tried_any_more(service: Midwatch) -> None:
    await service.opened.sign_in.add_user("bob", role="manager")
    scopes = frozenset({"fixes:plan", "fixes:approve"})
    _, bob = await service.opened.sign_in.make_api_token("bob", label="hand", scopes=scopes)
    async with service.client() as http, service.client(bob) as hand:
        plan_id = await planned(http)
        await hand.post(f"{ROUTE}/deny", json={"plan_id": plan_id})
        refused = await http.post(f"{ROUTE}/rehearse", json={"plan_id": plan_id})
    assert (refused.status_code, refused.json()["reason"]) == (409, "closed")


async def test_a_kept_plan_is_tried_by_command(tmp_path: Path) -> None:
    def fix(*command: str) -> tuple[int, str, str]:
        done = midwatch("fix", *command, "--snapshot", "shop", cwd=tmp_path)
        return done.returncode, done.stdout, done.stderr

    scale = ("catalog", "-n", "shop", "--change", "scale", "--replicas", "3")
    _, told, _ = await asyncio.to_thread(fix, "plan", *scale, "-o", "json")
    plan_id = json.loads(told)["plan_id"]
    code, told, said = await asyncio.to_thread(fix, "rehearse", plan_id, "--lang", "en")
    assert code == 0, said
    assert "it was carried out and verified there" in told
    assert "What a rehearsal cannot know" in told
