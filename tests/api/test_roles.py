"""Roles and service accounts over REST and at the terminal, and who may not reach beyond themselves."""

import json
from pathlib import Path
from typing import Any

from tests.api.conftest import Stage
from tests.api.test_command_line import midwatch

ROLES, USERS, TOKENS = "/api/v1/roles", "/api/v1/users", "/api/v1/tokens"
LOOKS = {"name": "looker", "permissions": ["cluster:read", "chat:use"], "namespaces": ["shop"]}
LEADS: dict[str, Any] = {
    "name": "lead",
    "permissions": ["cluster:read", "chat:use", "users:manage", "tokens:manage"],
}
PASSWORD = "correct horse battery"


async def test_a_role_is_made_read_changed_by_its_etag_and_removed(stage: Stage) -> None:
    async with stage.client() as admin:
        made = await admin.post(ROLES, json=LOOKS)
        assert made.status_code == 201
        read = await admin.get(f"{ROLES}/looker")
        assert read.headers["ETag"] == made.headers["ETag"]
        terms = {"permissions": ["cluster:read"], "clusters": ["eu-1"]}
        as_read = {"If-Match": read.headers["ETag"]}
        changed = await admin.put(f"{ROLES}/looker", json=terms, headers=as_read)
        assert (changed.status_code, changed.json()["namespaces"]) == (200, None)
        assert changed.json()["clusters"] == ["eu-1"]
        late = await admin.put(f"{ROLES}/looker", json=terms, headers=as_read)
        assert (late.status_code, late.json()["code"]) == (412, "stale")
        listed = (await admin.get(ROLES)).json()
        names = [one["name"] for one in listed["items"]]
        assert names == ["guest", "user", "manager", "admin", "looker"]
        assert len(listed["permissions"]) >= 15
        assert (await admin.delete(f"{ROLES}/looker")).status_code == 204
        assert (await admin.get(f"{ROLES}/looker")).status_code == 404
        trail = (await admin.get("/api/v1/audit")).json()["items"]
        assert {"role.add", "role.change", "role.remove"} <= {one["action"] for one in trail}


async def test_who_manages_users_by_a_narrow_role_cannot_rise_by_others(stage: Stage) -> None:
    async with stage.client() as admin:
        assert (await admin.post(ROLES, json=LEADS)).status_code == 201
    token = await stage.token_of("lea", role="lead")
    async with stage.client(token) as lea:
        refused = [
            await lea.post(ROLES, json={"name": "boss", "permissions": ["fixes:apply"]}),
            await lea.post(USERS, json={"name": "ally", "role": "admin"}),
            await lea.patch(f"{USERS}/lea", json={"role": "admin"}),
            await lea.patch(f"{USERS}/admin", json={"password": PASSWORD}),
            await lea.patch(f"{USERS}/admin", json={"disabled": True}),
            await lea.post(TOKENS, json={"label": "x", "user": "admin"}),
            await lea.post(TOKENS, json={"label": "x", "user": "admin", "scopes": ["audit:read"]}),
            await lea.put("/api/v1/handles/slack/U024BE7LH", json={"user": "admin"}),
        ]
        assert [one.json()["code"] for one in refused[:2]] == ["forbidden", "forbidden"]
        assert refused[2].status_code == 422
        assert [one.status_code for one in refused[3:]] == [403] * 5
        assert (await lea.post(USERS, json={"name": "bob", "role": "lead"})).status_code == 201
        own = {"label": "x", "user": "bob"}
        assert (await lea.post(TOKENS, json=own)).status_code == 201


async def test_a_user_is_changed_by_the_etag_that_was_read(stage: Stage) -> None:
    async with stage.client() as admin:
        await admin.post(USERS, json={"name": "ann"})
        tag = (await admin.get(f"{USERS}/ann")).headers["ETag"]
        change = {"role": "manager", "namespaces": ["shop"]}
        first = await admin.patch(f"{USERS}/ann", json=change, headers={"If-Match": tag})
        assert (first.status_code, first.json()["namespaces"]) == (200, ["shop"])
        zh = {"If-Match": tag, "Accept-Language": "zh"}
        late = await admin.patch(f"{USERS}/ann", json={"role": "guest"}, headers=zh)
        assert (late.status_code, late.json()["title"]) == (412, "已被修改")
        newer = {"If-Match": f'"x", {first.headers["ETag"]}'}
        again = await admin.patch(f"{USERS}/ann", json={"role": "guest"}, headers=newer)
        assert again.status_code == 200


async def test_a_service_account_has_tokens_and_no_hand_to_decide_with(stage: Stage) -> None:
    async with stage.client() as admin:
        robot = {"name": "robot", "role": "manager", "service": True}
        assert (await admin.post(USERS, json={**robot, "password": PASSWORD})).status_code == 422
        assert (await admin.post(USERS, json=robot)).json()["service"] is True
        given = await admin.patch(f"{USERS}/robot", json={"password": PASSWORD})
        assert given.status_code == 422
        scopes = ["fixes:approve", "fixes:plan"]
        asked = {"label": "ci", "user": "robot", "scopes": scopes}
        token = (await admin.post(TOKENS, json=asked)).json()["token"]
    async with stage.client(token) as http:
        decided = await http.post("/api/v1/autofix/approve", json={"plan_id": "fix-1"})
        assert (decided.status_code, decided.json()["reason"]) == (403, "own_hand")
        assert (await http.get("/auth/me")).json()["subject"] == "robot"


async def test_a_name_that_is_shut_is_told_seen_noted_and_opened(stage: Stage) -> None:
    await stage.opened.sign_in.add_user("ann", password=PASSWORD)
    async with stage.client("") as http, stage.client() as admin:
        for _ in range(10):
            wrong = {"username": "ann", "password": "wrong horse battery"}
            assert (await http.post("/auth/session", json=wrong)).status_code == 401
        right = {"username": "ann", "password": PASSWORD}
        shut = await http.post("/auth/session", json=right, headers={"Accept-Language": "zh"})
        assert (shut.status_code, shut.json()["reason"]) == (429, "shut")
        assert "分钟内不再核对" in shut.json()["detail"]
        assert (await admin.get(f"{USERS}/ann")).json()["shut_until"] is not None
        trail = (await admin.get("/api/v1/audit", params={"action": "auth.sign_in"})).json()
        outcomes = [one["outcome"] for one in trail["items"]]
        assert {"refused", "refused_and_shut", "shut"} <= set(outcomes)
        assert (await admin.post(f"{USERS}/ann/unlock")).status_code == 204
        assert (await http.post("/auth/session", json=right)).status_code == 200


async def test_roles_are_kept_and_given_at_the_terminal(tmp_path: Path) -> None:
    place = {"cwd": tmp_path, "MIDWATCH_DATA_DIR": str(tmp_path)}
    made = midwatch("roles", "add", "looker", "--may", "cluster:read", "-n", "shop", **place)
    assert made.returncode == 0, made.stderr
    assert "looker" in made.stdout
    added = midwatch("users", "add", "robot", "--role", "looker", "--service", **place)
    assert "by API tokens" in added.stdout, added.stderr
    listed = json.loads(midwatch("roles", "list", "-o", "json", **place).stdout)
    assert [one["name"] for one in listed["own"]] == ["looker"]
    held = midwatch("roles", "remove", "looker", **place)
    assert held.returncode != 0
    assert "held by robot" in held.stderr
    wrong = midwatch("roles", "add", "other", "--may", "cluster:write", **place)
    assert "no scope 'cluster:write'" in wrong.stderr
    assert "not locked" in midwatch("users", "unlock", "robot", **place).stdout
