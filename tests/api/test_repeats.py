"""A request that is sent again with its Idempotency-Key is carried out once and answered the same."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from core.clock import utc_now
from core.http import Client
from core.storage.database import Database
from core.storage.records import KeptAnswerRow
from core.storage.repositories.kept_answers import KeptAnswers
from tests.api.conftest import Stage

TOKENS, USERS = "/api/v1/tokens", "/api/v1/users"


def key(one: str) -> dict[str, str]:
    return {"Idempotency-Key": one}


async def tokens_of(http: Client) -> int:
    return len((await http.get(TOKENS)).json()["items"])


async def test_a_repeated_request_is_answered_the_same_and_done_once(stage: Stage) -> None:
    async with stage.client() as http:
        before = await tokens_of(http)
        asked: dict[str, Any] = {"json": {"label": "ci"}, "headers": key('"8e03978e-40d5"')}
        first = await http.post(TOKENS, **asked)
        asked["headers"] = key("8e03978e-40d5")
        again = await http.post(TOKENS, **asked)
        assert (first.status_code, again.status_code) == (201, 201)
        assert again.json() == first.json()
        assert again.headers["Idempotency-Replayed"] == "true"
        assert "Idempotency-Replayed" not in first.headers
        assert again.headers["X-Content-Type-Options"] == "nosniff"
        assert await tokens_of(http) == before + 1


async def test_a_key_is_of_one_person_and_of_one_request(stage: Stage) -> None:
    ann = await stage.token_of("ann")
    async with stage.client() as admin, stage.client(ann) as other:
        first = await admin.post(TOKENS, json={"label": "a"}, headers=key("k"))
        theirs = await other.post(TOKENS, json={"label": "a"}, headers=key("k"))
        assert theirs.json()["user"] == "ann"
        assert theirs.json()["token"] != first.json()["token"]
        zh = {**key("k"), "Accept-Language": "zh"}
        refused = await admin.post(TOKENS, json={"label": "b"}, headers=zh)
        assert (refused.status_code, refused.json()["reason"]) == (422, "key_of_another_request")
        assert "另一个请求" in refused.json()["detail"]
        elsewhere = await admin.post(USERS, json={"name": "bob"}, headers=key("k"))
        assert elsewhere.status_code == 422


async def test_of_many_at_once_one_is_carried_out_and_none_is_answered_otherwise(
    stage: Stage,
) -> None:
    async with stage.client() as http:
        before = await tokens_of(http)
        asked = [http.post(TOKENS, json={"label": "x"}, headers=key("many")) for _ in range(8)]
        answers = await asyncio.gather(*asked)
        told = {one.json()["token"] for one in answers if one.status_code == 201}
        assert {one.status_code for one in answers} <= {201, 409}
        assert len(told) == 1
        assert await tokens_of(http) == before + 1
        assert (await http.post(TOKENS, json={"label": "x"}, headers=key("many"))).json()[
            "token"
        ] in told


async def test_what_was_refused_may_be_tried_again_with_the_same_key(stage: Stage) -> None:
    async with stage.client() as http, stage.client("") as nobody:
        wrong = await http.post(USERS, json={"name": "cho", "role": "x"}, headers=key("r"))
        assert wrong.status_code == 422
        right = await http.post(USERS, json={"name": "cho"}, headers=key("r"))
        assert right.status_code == 201
        assert (await nobody.post(USERS, json={}, headers=key("r"))).status_code == 401
        for odd in ("", "a b", "ü", "x" * 256):
            sent = {"Idempotency-Key": odd.encode()}
            told = await http.post(USERS, json={"name": "d"}, headers=sent)
            assert (told.status_code, told.json()["reason"]) == (422, "no_idempotency_key")


async def test_a_stream_is_not_kept_and_a_body_over_the_bound_is_refused(stage: Stage) -> None:
    async with stage.client() as http:
        chat = {"model": "midwatch", "messages": [{"role": "user", "content": "Why?"}]}
        for _ in range(2):
            asked = {**chat, "stream": True}
            streamed = await http.post("/v1/chat/completions", json=asked, headers=key("s"))
            assert streamed.status_code == 200
            assert "Idempotency-Replayed" not in streamed.headers
        large = await http.post(USERS, content=b"x" * (5 * 1024 * 1024), headers=key("l"))
        assert (large.status_code, large.json()["code"]) == (413, "too_large")


async def test_what_is_kept_shows_no_secret(stage: Stage) -> None:
    async with stage.client() as http:
        made = (await http.post(TOKENS, json={"label": "t"}, headers=key("secret"))).json()
    async with stage.opened.database.session() as session:
        [kept] = (await session.execute(text("SELECT sealed FROM kept_answers"))).scalars()
    assert made["token"] not in kept
    assert kept.startswith("v1.")


async def test_one_whose_process_died_may_be_tried_again_later_and_a_day_is_the_end(
    tmp_path: Path,
) -> None:
    now, minute = utc_now(), timedelta(minutes=1)
    async with Database.opened(f"sqlite+aiosqlite:///{tmp_path}/x.db") as database:

        async def begun(at: Any) -> bool:
            async with database.session() as session:
                row = KeptAnswerRow("ann", "k", "f", at)
                answers = KeptAnswers(session)
                return await answers.begin(
                    row, forgotten=at - 24 * 60 * minute, lost=at - 10 * minute
                )

        assert await begun(now)
        assert not await begun(now + 9 * minute)
        assert await begun(now + 11 * minute)
        async with database.session() as session:
            await KeptAnswers(session).finish("ann", "k", status=201, sealed="s")
        assert not await begun(now + 60 * minute)
        assert await begun(now + 25 * 60 * minute)
