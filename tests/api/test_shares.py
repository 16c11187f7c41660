"""Reading somebody's conversation by a link: who may, what of it, and until when."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import utc_now
from core.http import Client
from core.security.share_links import share_of, signed
from core.security.tokens import signing_key
from core.storage.models import Share
from core.storage.repositories.shares import MOST_OPEN, ShareRow, Shares
from tests.api.conftest import Stage

AT = datetime(2026, 11, 30, tzinfo=UTC)


async def asked(http: Client, question: str = "Why?", thread: str = "t1") -> str:
    told = await http.post("/api/v1/query", json={"question": question, "thread_id": thread})
    return told.json()["thread_id"]


async def shared(http: Client, thread: str = "t1", hours: int = 24) -> dict[str, str]:
    made = await http.post(f"/api/v1/threads/{thread}/shares", json={"hours": hours})
    assert made.status_code == 201, made.text
    return made.json()


async def test_a_colleague_reads_by_the_link_what_was_said_until_it_was_made(stage: Stage) -> None:
    async with stage.client() as http:
        await asked(http, "Why is <b>checkout</b> failing?")
        made = await shared(http)
        await asked(http, "What is secret?")
    async with stage.client(await stage.token_of("bob")) as http:
        told = (await http.post("/api/v1/shares/open", json={"link": made["link"]})).json()
        thread = await http.get("/api/v1/threads/t1")
    assert thread.status_code == 404
    assert (told["owner"], len(told["messages"])) == ("admin", 2)
    assert told["messages"][0]["content"] == "Why is <b>checkout</b> failing?"
    assert "memory" in told["messages"][1]["content"]
    assert "hunter2" not in str(told)
    assert made["path"] == f"/#/shared/{made['link']}"


async def test_a_link_that_ended_was_taken_back_or_was_made_up_is_told_alike(stage: Stage) -> None:
    now, key = utc_now(), signing_key(stage.opened.settings)
    async with stage.client() as http:
        await asked(http)
        made = await shared(http)
        over = ShareRow("over", "t1", "", "admin", None, now - timedelta(2), now - timedelta(1))
        async with stage.opened.database.session() as session:
            await Shares(session).add(over)
        links = [
            signed(key, "over", now + timedelta(1)),
            signed(key, made["id"], now - timedelta(seconds=1)),
            signed("another key", made["id"], now + timedelta(1)),
            signed(key, "nothing", now + timedelta(1)),
            made["link"][:-2],
            "x",
            stage.token,
        ]
        refused = [await http.post("/api/v1/shares/open", json={"link": one}) for one in links]
        gone = await http.delete(f"/api/v1/shares/{made['id']}")
        again = await http.delete(f"/api/v1/shares/{made['id']}")
        after = await http.post("/api/v1/shares/open", json={"link": made["link"]})
    assert (gone.status_code, again.status_code) == (204, 204)
    assert {one.status_code for one in [*refused, after]} == {404}
    assert len({one.json()["detail"] for one in [*refused, after]}) == 1


async def test_what_is_anothers_is_neither_shared_listed_nor_taken_back(stage: Stage) -> None:
    async with stage.client() as http:
        await asked(http)
        made = await shared(http)
        assert len((await http.get("/api/v1/shares")).json()["items"]) == 1
    async with stage.client(await stage.token_of("bob")) as http:
        taken = await http.post("/api/v1/threads/t1/shares", json={})
        listed = (await http.get("/api/v1/shares")).json()["items"]
        revoked = await http.delete(f"/api/v1/shares/{made['id']}")
        read = await http.post("/api/v1/shares/open", json={"link": made["link"]})
    assert (taken.status_code, listed, revoked.status_code) == (404, [], 404)
    assert read.status_code == 200


async def test_nobody_reads_of_namespaces_they_do_not_see(stage: Stage) -> None:
    sign_in = stage.opened.sign_in
    tokens: dict[str, str] = {}
    for name, sees in (("mira", {"shop"}), ("noor", {"shop", "data"}), ("omar", {"data"})):
        await sign_in.add_user(name, role="user", password="", namespaces=frozenset(sees))
        tokens[name] = (await sign_in.make_api_token(name, label="t"))[1]
    async with stage.client() as http:
        await asked(http)
        of_all = (await shared(http))["link"]
    async with stage.client(tokens["mira"]) as http:
        await asked(http, thread="t2")
        of_shop = (await shared(http, "t2"))["link"]
        assert (await http.post("/api/v1/shares/open", json={"link": of_all})).status_code == 403
    for name, status in (("noor", 200), ("omar", 403)):
        async with stage.client(tokens[name]) as http:
            read = await http.post("/api/v1/shares/open", json={"link": of_shop})
        assert read.status_code == status, name


async def test_nobody_reads_of_clusters_they_do_not_reach(stage: Stage) -> None:
    role = {"name": "abroad", "permissions": ["chat:use"], "clusters": ["us-1"]}
    async with stage.client() as http:
        await asked(http)
        link = (await shared(http))["link"]
        assert (await http.post("/api/v1/roles", json=role)).status_code == 201
    async with stage.client(await stage.token_of("ada", role="abroad")) as ada:
        refused = await ada.post("/api/v1/shares/open", json={"link": link})
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
        assert "clusters that you do not reach" in refused.json()["detail"]


async def test_who_reaches_the_same_clusters_reads_what_one_of_them_was_told(stage: Stage) -> None:
    reached = {"near": ["us-1"], "both": ["eu-1", "us-1"], "far": ["eu-1"]}
    tokens: dict[str, str] = {}
    for name, clusters in reached.items():
        role = {"name": name, "permissions": ["chat:use"], "clusters": clusters}
        async with stage.client() as http:
            assert (await http.post("/api/v1/roles", json=role)).status_code == 201
        tokens[name] = await stage.token_of(f"{name}-one", role=name)
    async with stage.client(tokens["near"]) as http:
        await asked(http)
        link = (await shared(http))["link"]
    everybody = await stage.token_of("ann")
    for token, status in ((tokens["both"], 200), (tokens["far"], 403), (everybody, 200)):
        async with stage.client(token) as http:
            read = await http.post("/api/v1/shares/open", json={"link": link})
        assert read.status_code == status
    async with stage.client(tokens["both"]) as http:
        await asked(http, thread="t2")
        of_both = (await shared(http, "t2"))["link"]
    async with stage.client(tokens["near"]) as http:
        read = await http.post("/api/v1/shares/open", json={"link": of_both})
    assert read.status_code == 403


async def test_a_link_is_no_way_in_and_is_lost_with_its_conversation(stage: Stage) -> None:
    async with stage.client() as http:
        await asked(http)
        made = await shared(http)
    for token in ("", made["link"]):
        async with stage.client(token) as http:
            read = await http.post("/api/v1/shares/open", json={"link": made["link"]})
            assert read.status_code == 401
    async with stage.client() as http:
        await http.delete("/api/v1/threads/t1")
        read = await http.post("/api/v1/shares/open", json={"link": made["link"]})
        assert read.status_code == 404
    async with stage.opened.database.session() as session:
        assert await session.get(Share, made["id"]) is None


async def test_sharing_reading_and_taking_back_are_in_the_audit_trail(stage: Stage) -> None:
    async with stage.client() as http:
        await asked(http)
        made = await shared(http)
        await http.post("/api/v1/shares/open", json={"link": made["link"]})
        await http.delete(f"/api/v1/shares/{made['id']}")
        trail = (await http.get("/api/v1/audit")).json()["items"]
    actions = [one["action"] for one in trail if one["action"].startswith("share.")]
    assert sorted(actions) == ["share.create", "share.open", "share.revoke"]
    assert made["link"] not in str(trail)


@pytest.mark.parametrize("body", [{"hours": 0}, {"hours": 2161}, {"hours": "long"}, {"days": 3}])
async def test_a_link_without_a_sensible_end_is_refused(
    stage: Stage, body: dict[str, object]
) -> None:
    async with stage.client() as http:
        await asked(http)
        assert (await http.post("/api/v1/threads/t1/shares", json=body)).status_code == 422


async def test_links_of_one_conversation_are_bounded_and_make_room_when_taken_back(
    stage: Stage,
) -> None:
    async with stage.client() as http:
        await asked(http)
        made = [await shared(http) for _ in range(MOST_OPEN)]
        refused = await http.post(
            "/api/v1/threads/t1/shares", json={}, headers={"accept-language": "zh"}
        )
        await http.delete(f"/api/v1/shares/{made[0]['id']}")
        await shared(http)
    assert refused.status_code == 422
    assert "分享" in refused.json()["detail"]


@given(st.text(max_size=60), st.integers(1, 10**6))
def test_a_link_says_its_share_until_its_end_and_no_other_key_opens_it(
    name: str, seconds: int
) -> None:
    link = signed("key", name, AT + timedelta(seconds=seconds))
    assert share_of("key", link, AT) == name
    assert share_of("key", link, AT + timedelta(seconds=seconds)) is None
    assert share_of("other", link, AT) is None


@given(st.text(max_size=200))
def test_what_is_not_ours_is_no_link_and_no_error(text: str) -> None:
    assert share_of("key", text, AT) is None


def test_a_share_is_open_until_its_end_unless_it_was_taken_back() -> None:
    row = ShareRow("s", "t", "", "ann", None, AT, AT + timedelta(hours=1))
    assert row.is_open(AT)
    assert not row.is_open(AT + timedelta(hours=1))
    assert not replace(row, revoked_at=AT).is_open(AT)
