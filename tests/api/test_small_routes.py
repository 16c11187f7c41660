"""What little routes answer: a decision alone, messages, a fact told, the version."""

from importlib.metadata import version

from tests.api.conftest import Midwatch


async def test_the_decision_alone_names_who_would_answer_and_with_what(midwatch: Midwatch) -> None:
    async with midwatch.client() as http:
        asked = {"question": "what does checkout cost"}
        told = (await http.post("/api/v1/route", json=asked)).json()
        before = (await http.get("/api/v1/threads")).json()["items"]
        chinese = (
            await http.post("/api/v1/route", json={"question": "checkout 花了多少钱"})
        ).json()
        after = (await http.get("/api/v1/threads")).json()["items"]
    assert (told["subagent"], told["arguments"]["name"]) == ("cost", "checkout")
    assert (chinese["subagent"], chinese["language"]) == ("cost", "zh")
    assert len(before) == len(after)


async def test_the_messages_of_a_conversation_are_read_in_order(midwatch: Midwatch) -> None:
    async with midwatch.client() as http:
        asked = {"question": "which pods are there in shop"}
        turn = (await http.post("/api/v1/query", json=asked)).json()
        at = f"/api/v1/threads/{turn['thread_id']}"
        messages = (await http.get(f"{at}/messages")).json()["items"]
        await http.delete(at)
        gone = await http.get(f"{at}/messages")
    assert [one["role"] for one in messages] == ["user", "assistant"]
    assert (messages[0]["content"], messages[1]["content"]) == (asked["question"], turn["answer"])
    assert gone.status_code == 404


async def test_a_fact_that_is_told_twice_is_kept_once(midwatch: Midwatch) -> None:
    token = await midwatch.token_of("telma")
    async with midwatch.client(token) as http:
        for _ in range(2):
            told = await http.post("/api/v1/facts", json={"text": "team payments owns ledger"})
            assert told.status_code == 204
        [kept] = (await http.get("/api/v1/facts")).json()["items"]
        await http.delete(f"/api/v1/facts/{kept['id']}")
        assert (await http.get("/api/v1/facts")).json()["items"] == []


async def test_the_version_is_that_of_the_package(midwatch: Midwatch) -> None:
    async with midwatch.client("") as http:
        assert (await http.get("/version")).json() == {"version": version("midwatch")}


async def test_a_name_and_a_password_are_exchanged_for_tokens(midwatch: Midwatch) -> None:
    await midwatch.opened.sign_in.add_user("paula", role="user", password="correct horse staple")
    form = {"username": "paula", "password": "correct horse staple"}
    async with midwatch.client("") as http:
        pair = (await http.post("/auth/token", data=form)).json()
    async with midwatch.client(pair["access_token"]) as http:
        assert (await http.get("/auth/me")).json()["subject"] == "paula"


async def test_a_field_that_is_called_password_is_named_when_it_is_missing(
    midwatch: Midwatch,
) -> None:
    async with midwatch.client() as http:
        refused = await http.patch("/api/v1/users/admin", json={"password": ""})
        missing = await http.post("/auth/token", data={"username": "admin"})
    assert "body/password" in refused.json()["detail"]
    for one in (refused, missing):
        assert (one.status_code, "redacted" in one.text) == (422, False)
    assert "body/password – Field required" in missing.json()["detail"]
