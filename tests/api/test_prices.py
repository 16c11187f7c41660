"""Prices of models set over the wire: what goes before what, since when, and what a call then costs."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.clock import utc_now
from core.http import Client
from tests.api.conftest import Stage
from tests.api.repairs import repairing
from tests.api.test_command_line import midwatch
from tests.api.test_usage import CALL as MODEL_CALL
from tests.api.test_usage import QUESTION, calls

ROUTE = "/api/v1/usage/prices"
OWN = {"model": "qwen3*", "input": "0.25", "output": "1.5", "note": "our contract"}
PAID = {"model": "claude-opus-5", "provider": "anthropic", "input": "4.5", "output": "20"}


async def effective(http: Client, model: str, **more: Any) -> dict[str, Any] | None:
    asked = {"provider": "anthropic", "model": model, **more}
    return (await http.get(f"{ROUTE}/effective", params=asked)).json()["price"]


async def test_a_price_is_set_read_changed_by_its_etag_and_taken_away(stage: Stage) -> None:
    async with stage.client() as http:
        made = await http.post(ROUTE, json=OWN)
        assert made.status_code == 201, made.text
        told = made.json()
        assert (told["source"], told["provider"], told["since"]) == ("kept", "*", None)
        assert (told["cache_read"], told["changed_by"]) == ("0.25", "admin")
        at = f"{ROUTE}/{told['id']}"
        as_read = {"If-Match": (await http.get(at)).headers["ETag"]}
        changed = await http.put(at, json={**OWN, "input": "0.3"}, headers=as_read)
        assert (changed.status_code, changed.json()["input"]) == (200, "0.3")
        late = await http.put(at, json=OWN, headers=as_read)
        assert (late.status_code, late.json()["code"]) == (412, "stale")
        assert (await http.delete(at)).status_code == 204
        assert (await http.get(at)).status_code == 404
        trail = (await http.get("/api/v1/audit")).json()["items"]
    assert {"price.add", "price.change", "price.remove"} <= {one["action"] for one in trail}


async def test_of_many_who_change_a_price_at_the_same_moment_one_does(stage: Stage) -> None:
    async with stage.client() as http:
        at = f"{ROUTE}/{(await http.post(ROUTE, json=OWN)).json()['id']}"
        as_read = {"If-Match": (await http.get(at)).headers["ETag"]}
        bodies = [{**OWN, "input": f"0.{n}"} for n in range(1, 7)]
        sent = (http.put(at, json=one, headers=as_read) for one in bodies)
        answers = await asyncio.gather(*sent)
        assert sorted(one.status_code for one in answers) == [200, *[412] * 5]
        [kept] = [one.json()["input"] for one in answers if one.status_code == 200]
        assert (await http.get(at)).json()["input"] == kept


async def test_a_kept_price_goes_before_the_shipped_one_from_its_day_on(stage: Stage) -> None:
    tomorrow = utc_now().date() + timedelta(days=1)
    async with stage.client() as http:
        shipped = await effective(http, "claude-opus-5")
        assert shipped is not None
        assert shipped["source"] == "shipped"
        await http.post(ROUTE, json={**PAID, "since": "2026-01-01"})
        await http.post(ROUTE, json={**PAID, "since": str(tomorrow), "input": "3"})
        now = await effective(http, "claude-opus-5-20260724")
        later = await effective(http, "claude-opus-5", on=str(tomorrow))
        before = await effective(http, "claude-opus-5", on="2025-12-31")
        unknown = await effective(http, "nobody-knows")
        listed = (await http.get(ROUTE)).json()["items"]
    assert now is not None
    assert (now["source"], now["input"]) == ("kept", "4.5")
    assert later is not None
    assert later["input"] == "3"
    assert before is None or before["source"] == "shipped"
    assert unknown is None
    assert [one["source"] for one in listed[:2]] == ["kept", "kept"]
    assert {one["source"] for one in listed} == {"kept", "shipped"}


async def test_one_model_has_one_price_from_a_day_on(stage: Stage) -> None:
    async with stage.client(**{"Accept-Language": "zh"}) as http:
        await http.post(ROUTE, json=PAID)
        twin = await http.post(ROUTE, json=PAID)
        larger = await http.post(ROUTE, json={**PAID, "above_input_tokens": 200_000})
    assert (twin.status_code, larger.status_code) == (409, 201)
    assert "已有价格" in twin.json()["detail"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"input": "-1"},
        {"input": "free"},
        {"output": "NaN"},
        {"model": ""},
        {"model": "a b"},
        {"since": "soon"},
        {"above_input_tokens": -1},
        {"cents": 3},
    ],
)
async def test_what_is_no_price_is_refused(stage: Stage, wrong: dict[str, Any]) -> None:
    async with stage.client() as http:
        assert (await http.post(ROUTE, json={**OWN, **wrong})).status_code == 422


async def test_who_reads_usage_sets_no_prices(stage: Stage) -> None:
    role = {"name": "reader", "permissions": ["usage:read"]}
    async with stage.client() as admin:
        await admin.post("/api/v1/roles", json=role)
    async with stage.client(await stage.token_of("rita", role="reader")) as rita:
        assert (await rita.get(ROUTE)).status_code == 200
        assert (await rita.post(ROUTE, json=OWN)).status_code == 403


async def test_a_call_after_a_price_was_set_is_counted_with_it(tmp_path: Path) -> None:
    async with repairing(tmp_path) as service, service.client() as http:
        await service.asked()
        made = (await http.post(ROUTE, json={"model": "*", "input": "1000", "output": "0"})).json()
        await service.asked()
        await http.delete(f"{ROUTE}/{made['id']}")
        await service.asked()
        await service.turns.accounts.log.flush()
        found = (await http.get("/api/v1/usage/calls?limit=200")).json()["items"]
    costs = [one["cost_usd"] for one in reversed(found)]
    priced = [one for one in costs if one is not None]
    assert priced
    assert costs[0] is None
    assert costs[-1] is None
    [first, *_] = [one for one in reversed(found) if one["cost_usd"] is not None]
    assert first["cost_usd"] == pytest.approx(first["input_tokens"] / 1000)


async def test_usage_is_told_by_what_people_came_in_with(stage: Stage) -> None:
    stage.script.calls = [replace(MODEL_CALL, at=utc_now())]
    _, ci = await stage.opened.sign_in.make_api_token("admin", label="ci")
    _, signed = await stage.opened.sign_in.make_api_token("admin", label="nightly")
    for token in (ci, ci, signed):
        async with stage.client(token) as http:
            await http.post("/api/v1/query", json=QUESTION)
    await calls(stage, at_least=3)
    async with stage.client() as http:
        told = (await http.get("/api/v1/usage/statistics?days=1")).json()
        of_ci = (await http.get("/api/v1/usage/statistics?days=1&app=key:ci")).json()
    assert {one["name"]: one["calls"] for one in told["by_app"]} == {"key:ci": 2, "key:nightly": 1}
    assert of_ci["totals"]["calls"] == sum(one["calls"] for one in of_ci["series"]) == 2


async def test_a_page_and_a_sign_in_are_apps_of_their_own(stage: Stage) -> None:
    stage.script.calls = [MODEL_CALL]
    await stage.opened.sign_in.add_user("pia", role="manager", password="correct horse battery")
    form = {"username": "pia", "password": "correct horse battery"}
    async with stage.client("") as http:
        access = (await http.post("/auth/token", data=form)).json()["access_token"]
    async with stage.client(access) as http:
        await http.post("/api/v1/query", json=QUESTION)
    [call] = (await calls(stage))["items"]
    assert call["app"] == "sign-in"


def test_prices_are_set_listed_and_taken_away_at_the_terminal(tmp_path: Path) -> None:
    data = {"MIDWATCH_DATA_DIR": str(tmp_path)}
    added = midwatch("prices", "add", "qwen3*", "0.25", "1.5", "--from", "2026-02-01", **data)
    assert added.returncode == 0, added.stderr
    listed = midwatch("prices", "list", **data).stdout.splitlines()
    number = added.stdout.strip()
    assert listed[1].split() == [number, "*/qwen3*", "2026-02-01", *("0.25", "1.5", "0.25", "0.25")]
    [row] = json.loads(midwatch("prices", "list", "-o", "json", **data).stdout)["items"]
    assert row["model"] == "qwen3*"
    wrong = midwatch("prices", "add", "m", "free", "1", **data)
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)
    assert "input" in wrong.stderr
    assert midwatch("prices", "remove", number, **data).returncode == 0
    assert midwatch("prices", "remove", number, **data).returncode == 2
