"""Every way in, and what a cookie may not do."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from core.clock import utc_now
from core.errors import Unauthenticated
from core.http import Client
from core.storage.repositories.tokens import Tokens
from tests.api.conftest import Stage

PASSWORD = "correct horse battery"


async def signed_in(stage: Stage, http: Client) -> None:
    """`http` gets the page's cookie through a one-time link."""
    await http.get(await stage.opened.login_link(""))


async def test_the_printed_link_signs_the_page_in_once(stage: Stage) -> None:
    link = await stage.opened.login_link("")
    async with stage.client("") as http:
        response = await http.get(link)
        assert (response.status_code, response.headers["location"]) == (303, "/")
        cookie = response.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert (await http.get("/auth/me")).json()["subject"] == "admin"
    async with stage.client("") as other:
        again = await other.get(link)
        assert again.status_code == 401
        for said in (
            "works once, and for 10 minutes",
            "只能使用一次，有效期 10 分钟",
            "midwatch users link",
        ):
            assert said in again.text
        assert (await other.get("/auth/me")).status_code == 401


async def test_a_password_gives_tokens_that_rotate(stage: Stage) -> None:
    await stage.opened.sign_in.add_user("ann", password=PASSWORD)
    form = {"username": "ann", "password": PASSWORD, "grant_type": "password"}
    async with stage.client("") as http:
        pair = (await http.post("/auth/token", data=form)).json()
        bearer = {"Authorization": f"Bearer {pair['access_token']}"}
        me = (await http.get("/auth/me", headers=bearer)).json()
        assert (me["subject"], me["roles"], me["edition"]["practice"]) == ("ann", ["user"], True)
        refresh = {"refresh_token": pair["refresh_token"]}
        assert (await http.post("/auth/refresh", json=refresh)).status_code == 200
        assert (await http.post("/auth/refresh", json=refresh)).status_code == 401


@pytest.mark.parametrize("name", ["ann", "nobody"])
async def test_a_wrong_password_does_not_tell_who_exists(stage: Stage, name: str) -> None:
    await stage.opened.sign_in.add_user("ann", password=PASSWORD)
    async with stage.client("") as http:
        refused = await http.post("/auth/session", json={"username": name, "password": "wrong one"})
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthenticated")
    assert refused.json()["detail"] == "The name or the password is wrong."


async def test_the_page_signs_in_and_out_by_password(stage: Stage) -> None:
    await stage.opened.sign_in.add_user("ann", password=PASSWORD)
    async with stage.client("") as http:
        entered = await http.post("/auth/session", json={"username": "ann", "password": PASSWORD})
        assert entered.json()["subject"] == "ann"
        kept = {"Cookie": entered.headers["set-cookie"].split(";")[0]}
        assert (await http.post("/auth/logout")).status_code == 204
        assert (await http.get("/auth/me", headers=kept)).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}],
)
async def test_another_site_cannot_act_by_cookie(stage: Stage, headers: dict[str, str]) -> None:
    async with stage.client("") as http:
        await signed_in(stage, http)
        question = {"question": "Why?"}
        refused = await http.post("/api/v1/query", json=question, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        own = {"Origin": stage.address, "Sec-Fetch-Site": "same-origin"}
        assert (await http.post("/api/v1/query", json=question, headers=own)).status_code == 200


async def test_a_bearer_token_needs_no_origin(stage: Stage) -> None:
    async with stage.client(Origin="https://elsewhere.example") as http:
        assert (await http.post("/api/v1/query", json={"question": "Why?"})).status_code == 200


async def test_a_disabled_user_is_out_at_once(stage: Stage) -> None:
    token = await stage.token_of("ann")
    async with stage.client() as admin, stage.client(token) as ann:
        assert (await ann.get("/auth/me")).status_code == 200
        await admin.patch("/api/v1/users/ann", json={"disabled": True})
        assert (await ann.get("/auth/me")).status_code == 401


async def test_a_token_is_made_used_listed_and_revoked(stage: Stage) -> None:
    async with stage.client() as admin:
        made = await admin.post("/api/v1/tokens", json={"label": "ci", "scopes": ["cluster:read"]})
        assert made.status_code == 201
        async with stage.client(made.json()["token"]) as narrow:
            refused = await narrow.post("/api/v1/query", json={"question": "Why?"})
            assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
            wide = await narrow.post("/api/v1/tokens", json={"label": "x", "scopes": ["chat:use"]})
            assert wide.status_code == 403
        listed = (await admin.get("/api/v1/tokens")).json()["items"]
        assert "token" not in listed[0]
        assert (await admin.delete(f"/api/v1/tokens/{made.json()['id']}")).status_code == 204
    async with stage.client(made.json()["token"]) as gone:
        assert (await gone.get("/auth/me")).status_code == 401


async def test_a_program_gives_no_password_to_sign_in_with_as_a_person(stage: Stage) -> None:
    """Who signs in acts in person: a token would decide by way of a user of its own making."""
    told = {"name": "ally", "role": "admin"}
    async with stage.client() as http:
        refused = await http.post("/api/v1/users", json={**told, "password": PASSWORD})
        assert (refused.status_code, refused.json()["reason"]) == (403, "own_hand")
        assert (await http.post("/api/v1/users", json=told)).status_code == 201
        given = await http.patch("/api/v1/users/ally", json={"password": PASSWORD})
        assert (given.status_code, given.json()["reason"]) == (403, "own_hand")


async def test_a_program_makes_itself_no_token_that_decides_and_none_that_outlives_its_own(
    stage: Stage,
) -> None:
    """An API token with all rights of its user has no hand; named rights would give it one."""
    for scopes in (["fixes:approve"], ["chat:use", "silences:write"], ["foreign:use"]):
        async with stage.client() as http:
            asked = {"label": "x", "scopes": scopes}
            refused = await http.post("/api/v1/tokens", json=asked)
        assert (refused.status_code, refused.json()["reason"]) == (403, "own_hand")
    make, day = stage.opened.sign_in.make_api_token, timedelta(days=1)
    row, secret = await make("admin", label="short", scopes=frozenset({"chat:use"}), ttl=day)
    async with stage.client(secret) as http:
        for ttl in ({}, {"ttl_days": 90}):
            made = await http.post("/api/v1/tokens", json={"label": "y", **ttl})
            assert datetime.fromisoformat(made.json()["expires_at"]) == row.expires_at


async def test_a_token_that_is_revoked_takes_those_it_made_and_no_others(stage: Stage) -> None:
    row, secret = await stage.opened.sign_in.make_api_token("admin", label="lost")
    made = [await _made(stage, secret, "child"), await _made(stage, secret, "robot")]
    made.append(await _made(stage, made[0]["token"], "grandchild"))
    beside = await _made(stage, stage.token, "beside")
    assert [one["made_by"] for one in made] == [row.id, row.id, made[0]["id"]]
    async with stage.client() as http:
        assert (await http.delete(f"/api/v1/tokens/{row.id}")).status_code == 204
        lines = (await http.get("/api/v1/audit")).json()["items"]
    fallen = [one for one in lines if one["action"] == "token.revoke"]
    assert {one["target"] for one in fallen} == {row.id, *(one["id"] for one in made)}
    assert all(one["detail"].get("made_by", row.id) == row.id for one in fallen)
    for one, status in (*((one, 401) for one in made), (beside, 200)):
        async with stage.client(one["token"]) as http:
            assert (await http.get("/auth/me")).status_code == status


async def test_a_token_that_is_being_revoked_makes_no_more(stage: Stage) -> None:
    """It was looked at before it was revoked, and asks for its making after."""
    make = stage.opened.sign_in.make_api_token
    row, _ = await make("admin", label="lost")
    async with stage.opened.database.session() as session:
        assert await Tokens(session).revoke_api_token(row.id, utc_now()) == [row.id]
        assert await Tokens(session).revoke_api_token(row.id, utc_now()) == []
    with pytest.raises(Unauthenticated):
        await make("admin", label="late", by=row)


async def _made(stage: Stage, secret: str, label: str) -> dict[str, Any]:
    async with stage.client(secret) as http:
        made = await http.post("/api/v1/tokens", json={"label": label})
    return made.json()


async def test_a_key_of_another_service_is_told_apart_from_one_that_has_ended(stage: Stage) -> None:
    for token, reason in (
        ("sk-proj-of-another-service", "token_of_others"),
        ("mws_forged", "access_token_ended"),
        ("mw_forged", "token_unknown"),
    ):
        async with stage.client(token) as http:
            refused = await http.get("/v1/models", headers={"Accept-Language": "zh"})
        assert (refused.status_code, refused.json()["reason"]) == (401, reason)
        assert refused.json()["error"]["code"] == "invalid_api_key"


async def test_a_user_manages_no_users_and_sees_no_audit(stage: Stage) -> None:
    async with stage.client(await stage.token_of("ann")) as ann:
        for path in ("/api/v1/users", "/api/v1/audit", "/api/v1/usage"):
            refused = await ann.get(path)
            assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert (await ann.get("/api/v1/tokens?everybody=true")).status_code == 403


async def test_an_administrator_cannot_lock_the_door_from_inside(stage: Stage) -> None:
    async with stage.client() as admin:
        for change in ({"disabled": True}, {"role": "user"}):
            refused: Any = await admin.patch("/api/v1/users/admin", json=change)
            assert (refused.status_code, refused.json()["code"]) == (422, "invalid")


async def test_what_was_done_stands_in_the_audit_trail(stage: Stage) -> None:
    async with stage.client() as admin:
        await admin.post("/api/v1/users", json={"name": "bob", "role": "guest"})
        lines = (await admin.get("/api/v1/audit")).json()["items"]
        assert (lines[0]["action"], lines[0]["target"]) == ("user.add", "bob")
        assert (await admin.get("/api/v1/audit/verification")).json()["holds"] is True
