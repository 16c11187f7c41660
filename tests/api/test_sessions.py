"""Who is signed in is seen and ended; who asks too often is told when to come back."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app, running
from api.editions import prepared
from core.http import Client, client
from core.security.signin import SignIn
from core.security.tokens import Signer
from core.storage.database import Database
from tests.api.conftest import KEY, Stage, offline, serving
from tests.api.test_command_line import midwatch

PASSWORD = "correct horse battery"
PLACE = "/api/v1/sessions"


async def entered(http: Client, name: str) -> None:
    answer = await http.post("/auth/session", json={"username": name, "password": PASSWORD})
    assert answer.status_code == 200


async def listed(http: Client, **asked: Any) -> list[dict[str, Any]]:
    return (await http.get(PLACE, params=asked)).json()["items"]


async def test_a_page_sees_its_sessions_and_ends_another_at_once(stage: Stage) -> None:
    await stage.opened.sign_in.add_user("ann", password=PASSWORD)
    await stage.opened.sign_in.add_user("bob", password=PASSWORD)
    async with stage.client("") as desk, stage.client("") as phone, stage.client("") as bob:
        for http, name in ((desk, "ann"), (phone, "ann"), (bob, "bob")):
            await entered(http, name)
        own = await listed(desk)
        assert [one["user"] for one in own] == ["ann", "ann"]
        assert sorted(one["this"] for one in own) == [False, True]
        other = next(one["id"] for one in own if not one["this"])
        assert (await bob.delete(f"{PLACE}/{other}")).status_code == 404
        assert (await bob.get(PLACE, params={"user": "ann"})).status_code == 403
        assert (await bob.get(PLACE, params={"everybody": True})).status_code == 403
        assert (await bob.delete(PLACE, params={"user": "ann"})).status_code == 403
        assert (await phone.get("/auth/me")).status_code == 200
        assert (await desk.delete(f"{PLACE}/{other}")).status_code == 204
        assert (await phone.get("/auth/me")).status_code == 401
        assert (await desk.delete(f"{PLACE}/{other}")).status_code == 404
        assert [one["this"] for one in await listed(desk)] == [True]


async def test_all_but_the_one_that_asks_are_ended_and_all_of_somebody_by_who_manages_them(
    stage: Stage,
) -> None:
    await stage.opened.sign_in.add_user("ann", password=PASSWORD)
    async with stage.client("") as desk, stage.client("") as phone, stage.client() as admin:
        await entered(desk, "ann")
        await entered(phone, "ann")
        assert len((await desk.delete(PLACE)).json()["ended"]) == 1
        assert (await phone.get("/auth/me")).status_code == 401
        assert (await desk.get("/auth/me")).status_code == 200
        everybody = await listed(admin, everybody=True)
        assert ("ann", False) in [(one["user"], one["this"]) for one in everybody]
        assert len((await admin.delete(PLACE, params={"user": "ann"})).json()["ended"]) == 1
        assert (await desk.get("/auth/me")).status_code == 401


async def test_a_session_is_one_however_often_it_is_renewed(stage: Stage) -> None:
    await stage.opened.sign_in.add_user("ann", password=PASSWORD)
    form = {"username": "ann", "password": PASSWORD, "grant_type": "password"}
    async with stage.client("") as http:
        pair = (await http.post("/auth/token", data=form)).json()
        for _ in range(3):
            asked = {"refresh_token": pair["refresh_token"]}
            pair = (await http.post("/auth/refresh", json=asked)).json()
        bearer = {"Authorization": f"Bearer {pair['access_token']}"}
        [one] = (await http.get(PLACE, headers=bearer)).json()["items"]
        assert one["began_at"] < one["renewed_at"] < one["expires_at"]
        assert (await http.delete(f"{PLACE}/{one['id']}", headers=bearer)).status_code == 204
        assert (await http.get("/auth/me", headers=bearer)).status_code == 401
        asked = {"refresh_token": pair["refresh_token"]}
        assert (await http.post("/auth/refresh", json=asked)).status_code == 401


def at_terminal(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return midwatch("sessions", *arguments, cwd=folder, MIDWATCH_DATA_DIR=str(folder))


async def test_sessions_are_seen_and_ended_at_the_terminal(tmp_path: Path) -> None:
    async with Database.opened(f"sqlite+aiosqlite:///{tmp_path}/midwatch.db") as database:
        sign_in = SignIn(database, Signer(KEY))
        await sign_in.ensure_admin()
        await sign_in.add_user("ann", password=PASSWORD)
        for _ in range(3):
            await sign_in.by_password("ann", PASSWORD)
    done = at_terminal(tmp_path, "list", "-o", "json")
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)["sessions"]
    assert [one["user_name"] for one in seen] == ["ann"] * 3
    assert seen[0]["id"] in at_terminal(tmp_path, "list", "--user", "ann").stdout
    assert at_terminal(tmp_path, "end", seen[0]["id"]).returncode == 0
    again = at_terminal(tmp_path, "end", seen[0]["id"])
    assert again.returncode != 0
    assert "no session" in again.stderr
    assert at_terminal(tmp_path, "end").returncode != 0
    assert "2 ended" in at_terminal(tmp_path, "end", "--user", "ann").stdout
    assert at_terminal(tmp_path, "list").stdout.strip() == "Nobody is signed in."


@pytest.fixture
def few(tmp_path: Path) -> Any:
    return offline(tmp_path, rates={"user": 6, "key": 4, "password": 3})


async def test_who_asks_too_often_is_told_when_to_come_back_at_every_door(few: Any) -> None:
    app = create_app(few)
    async with prepared(few) as ready, running(app, ready) as opened, serving(app) as address:
        sign_in = opened.sign_in
        await sign_in.add_user("ann", password=PASSWORD)
        one, other = [(await sign_in.make_api_token("ann", label="t"))[1] for _ in range(2)]

        async def asked(secret: str) -> Any:
            headers = {"Authorization": f"Bearer {secret}"}
            async with client(address, timeout_s=60, headers=headers) as http:
                return await http.get("/auth/me")

        answers = [await asked(one) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200] * 4 + [429]
        first, last = answers[0], answers[-1]
        assert first.headers["RateLimit-Policy"] == '"user";q=6;w=60, "key";q=4;w=60'
        assert '"key";r=3' in first.headers["RateLimit"]
        assert '"key";r=0' in last.headers["RateLimit"]
        assert 1 <= int(last.headers["Retry-After"]) <= 15
        assert (last.json()["code"], last.json()["status"]) == ("too_many", 429)
        assert "Wait" in last.json()["detail"]
        # Another key has requests left, but its person has few: whichever door they come in by.
        headers = {"Authorization": f"Bearer {other}", "Accept": "application/json"}
        ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
        async with client(address, timeout_s=60, headers=headers) as http:
            told = [(await http.post("/mcp", json=ping)) for _ in range(6)]
        assert told[-1].status_code == 429
        assert "RateLimit" in told[0].headers
        form = {"username": "nobody", "password": "guess", "grant_type": "password"}
        async with client(address, timeout_s=60, headers={"Accept-Language": "zh"}) as http:
            tries = [await http.post("/auth/token", data=form) for _ in range(4)]
        assert [one.status_code for one in tries] == [401, 401, 401, 429]
        assert "过于频繁" in tries[-1].json()["detail"]
