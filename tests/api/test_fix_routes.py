"""Repairs by REST: anybody may propose, a person decides, and programs do not."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest

from api.app import create_app, running
from api.editions import prepared
from core.http import Client
from tests.api.conftest import Midwatch, offline, serving
from tests.api.test_command_line import midwatch
from tests.proxy import Reset, proxying

ROUTE = "/api/v1/autofix"
CHECKOUT = {"namespace": "shop", "kind": "Deployment", "name": "checkout"}


@dataclass(frozen=True)
class People:
    """A program with the administrator's rights, and two people with a right to approve."""

    midwatch: Midwatch
    bob: str
    sue: str

    def of(self, token: str) -> Client:
        return self.midwatch.client(token)

    async def plan(self) -> str:
        async with self.midwatch.client() as http:
            return str((await http.post(f"{ROUTE}/plan", json=CHECKOUT)).json()["plan_id"])


@pytest.fixture(scope="module")
async def people(
    anyio_backend: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[People]:
    data = tmp_path_factory.mktemp("fixes")
    settings = offline(data)
    app = create_app(settings)
    async with (
        prepared(settings) as ready,
        running(app, ready) as opened,
        serving(app) as address,
    ):
        sign_in = opened.sign_in
        admin = await sign_in.ensure_admin()
        _, token = await sign_in.make_api_token(admin.name, label="program")
        scopes = frozenset({"fixes:plan", "fixes:approve"})
        hands: list[str] = []
        for name in ("bob", "sue"):
            await sign_in.add_user(name, role="manager")
            hands.append((await sign_in.make_api_token(name, label="hand", scopes=scopes))[1])
        yield People(Midwatch(address, opened, token, app.state.turns), *hands)


async def test_every_door_of_the_contract_is_there(people: People) -> None:
    async with people.midwatch.client() as http:
        paths = (await http.get("/openapi.json")).json()["paths"]
    doors = ("diagnose", "plan", "approve", "apply", "rollback", "config", "rehearse", "batch")
    assert {f"{ROUTE}/{one}" for one in doors} <= set(paths)


async def test_a_plan_is_proposed_and_found_again(people: People) -> None:
    async with people.midwatch.client() as http:
        found = (await http.post(f"{ROUTE}/diagnose", json={"namespace": "shop"})).json()
        plan = (await http.post(f"{ROUTE}/plan", json=CHECKOUT)).json()
        again = (await http.get(f"{ROUTE}/plans/{plan['plan_id']}")).json()
        listed = (await http.get(f"{ROUTE}/plans")).json()
    assert any((one["fix"] or {}).get("id") == "fix.memory" for one in found["findings"])
    assert again == plan
    assert plan["plan_id"] in [one["plan_id"] for one in listed["rows"]]
    assert {"target", "patch", "diff", "inverse", "risk"} <= set(plan["steps"][0])


@pytest.mark.parametrize(
    ("door", "body"),
    [
        ("plan", {**CHECKOUT, "change": "scale", "replica": 3}),
        ("apply", {"plan_id": "fix-000000000000", "patch": {"spec": {"replicas": 0}}}),
        ("approve", {"plan_id": "fix-000000000000", "approver": "sue"}),
    ],
)
async def test_a_field_that_nobody_knows_is_refused_and_not_left_aside(
    people: People, door: str, body: dict[str, Any]
) -> None:
    able = people.midwatch.client() if door == "apply" else people.of(people.bob)
    async with able as http:
        answer = await http.post(f"{ROUTE}/{door}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert list(body)[-1] in answer.text


async def test_a_refusal_is_read_in_the_language_the_reader_asks_for(people: People) -> None:
    async with people.midwatch.client() as http:
        refused = await http.post(
            f"{ROUTE}/apply", json={"plan_id": "fix-none"}, headers={"Accept-Language": "zh-CN"}
        )
        invalid = await http.post(
            "/api/v1/tools/alerting_create_silence",
            json={"matchers": ['alertname=~".*"'], "comment": "x"},
            headers={"Accept-Language": "zh"},
        )
    assert refused.json()["detail"].startswith("没有方案 'fix-none'。")
    assert (refused.status_code, refused.json()["reason"]) == (404, "no_plan")
    assert "至少需要一个等于某个值的匹配条件" in invalid.json()["detail"]


async def test_a_programs_token_decides_nothing(people: People) -> None:
    plan_id = await people.plan()
    async with people.midwatch.client() as http:
        refused = await http.post(f"{ROUTE}/approve", json={"plan_id": plan_id})
        around = await http.post("/api/v1/tools/autofix_approve", json={"plan_id": plan_id})
        early = await http.post(f"{ROUTE}/apply", json={"plan_id": plan_id})
    assert (refused.status_code, around.status_code) == (403, 403)
    assert "person's own hand" in refused.json()["detail"]
    assert "person's own hand" in around.json()["detail"]
    assert (early.status_code, early.json()["code"]) == (409, "conflict")


async def test_whoever_decides_second_gets_409_with_who_was_first(people: People) -> None:
    plan_id = await people.plan()
    async with people.of(people.bob) as bob, people.of(people.sue) as sue:
        first = await bob.post(f"{ROUTE}/deny", json={"plan_id": plan_id, "reason": "not now"})
        second = await sue.post(f"{ROUTE}/approve", json={"plan_id": plan_id})
    assert (first.status_code, first.json()["status"]) == (200, "denied")
    assert (second.status_code, second.json()["code"]) == (409, "conflict")
    assert "denied by bob" in second.json()["detail"]


async def test_an_approval_is_taken_by_rest(people: People) -> None:
    plan_id = await people.plan()
    async with people.of(people.bob) as bob:
        approved = (await bob.post(f"{ROUTE}/approve", json={"plan_id": plan_id})).json()
    assert (approved["status"], approved["approval"]["given"]) == ("approved", ["bob"])


async def test_a_command_that_hears_no_more_of_a_change_says_how_to_look(people: People) -> None:
    with proxying(people.midwatch.address) as proxy:
        proxy.fail("POST .*/autofix_apply", Reset())
        there = ("--server", proxy.url, "--token", people.midwatch.token)
        done = await asyncio.to_thread(midwatch, "fix", "apply", "fix-x", *there, "--lang", "zh")
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("无法确定是否已开始。查看：midwatch fix list")


async def test_who_may_not_apply_or_stop_is_refused(people: People) -> None:
    plan_id = await people.plan()
    async with people.of(people.bob) as bob:
        applied = await bob.post(f"{ROUTE}/apply", json={"plan_id": plan_id})
        stopped = await bob.post(f"{ROUTE}/stop", json={"reason": "no"})
    assert (applied.status_code, stopped.status_code) == (403, 403)


async def test_writing_is_stopped_and_told_and_resumed_only_by_hand(people: People) -> None:
    async with people.midwatch.client() as http:
        stopped = (await http.post(f"{ROUTE}/stop", json={"reason": "fire drill"})).json()
        told = (await http.get(f"{ROUTE}/config")).json()
        resumed = await http.post(f"{ROUTE}/resume", json={"reason": "over"})
        listed = (await http.get(f"{ROUTE}/changes")).json()
        absent = await http.get(f"{ROUTE}/changes/chg-none/report")
    assert (stopped["writing"], told["writing"]) == (False, False)
    assert told["reason"].endswith("fire drill")
    assert resumed.status_code == 403
    assert (listed["total"], absent.status_code) == (0, 404)
