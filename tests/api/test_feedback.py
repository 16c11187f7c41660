"""Whether answers helped: said by whose they are, read and seen to by who may."""

from pathlib import Path
from typing import Any

from core.http import Client
from evals.suites import routing
from tests.api.conftest import Midwatch

QUESTION = "Why is checkout failing? token: hunter2hunter2"


async def asked(http: Client, question: str = QUESTION) -> str:
    answer = await http.post("/api/v1/query", json={"question": question})
    return answer.json()["thread_id"]


async def listed(midwatch: Midwatch, thread: str, **asked: Any) -> list[dict[str, Any]]:
    async with midwatch.client() as http:
        items = (await http.get("/api/v1/feedback", params=asked)).json()["items"]
    return [one for one in items if one["thread_id"] == thread]


async def test_a_word_on_an_answer_is_kept_once_and_the_new_one_counts(midwatch: Midwatch) -> None:
    token = await midwatch.token_of("gwen")
    async with midwatch.client(token) as http:
        thread = await asked(http)
        place = f"/api/v1/threads/{thread}/feedback"
        first = await http.put(place, json={"helpful": True})
        said = {"helpful": False, "reason": "wrong_cause", "comment": "password=hunter2hunter2 no"}
        again = await http.put(place, json={**said, "run_id": first.json()["run_id"]})
        assert first.json()["id"] == again.json()["id"]
        assert again.json()["route"] == ["rca"]
        assert (await http.get("/api/v1/feedback")).status_code == 403
        for wrong, status in (
            ({"helpful": True, "run_id": "another"}, 404),
            ({"helpful": True, "reason": "because"}, 422),
            ({}, 422),
        ):
            assert (await http.put(place, json=wrong)).status_code == status
    [one] = await listed(midwatch, thread)
    assert (one["helpful"], one["reason"], one["door"], one["subject"]) == (
        False, "wrong_cause", "api", "gwen",
    )  # fmt: skip
    assert one["question"].startswith("Why is checkout failing?")
    assert "hunter2" not in one["question"] + one["comment"]


async def test_nobody_speaks_of_somebody_elses_answer(midwatch: Midwatch) -> None:
    async with midwatch.client() as admin:
        thread = await asked(admin)
    async with midwatch.client(await midwatch.token_of("hugo", role="manager")) as http:
        place = f"/api/v1/threads/{thread}/feedback"
        assert (await http.put(place, json={"helpful": False})).status_code == 404
    assert await listed(midwatch, thread) == []


async def test_who_keeps_the_knowledge_base_sees_to_it_and_a_new_word_opens_it_again(
    midwatch: Midwatch,
) -> None:
    async with midwatch.client() as http:
        thread = await asked(http)
        place = f"/api/v1/threads/{thread}/feedback"
        number = (await http.put(place, json={"helpful": False})).json()["id"]
        resolve = f"/api/v1/feedback/{number}/resolve"
        async with midwatch.client(await midwatch.token_of("ines")) as user:
            assert (await user.post(resolve)).status_code == 403
        assert (await http.post(resolve)).json()["resolved_by"] == "admin"
        assert len(await listed(midwatch, thread, resolved=True)) == 1
        assert await listed(midwatch, thread, resolved=False) == []
        await http.put(place, json={"helpful": False})
        assert len(await listed(midwatch, thread, resolved=False)) == 1
        assert (await http.post("/api/v1/feedback/99999/resolve")).status_code == 404
        # Pages go on below the last one, and with the conversation its feedback goes.
        page = (await http.get("/api/v1/feedback", params={"limit": 1})).json()
        below = await http.get("/api/v1/feedback", params={"cursor": page["next_cursor"]})
        assert all(one["id"] < page["items"][0]["id"] for one in below.json()["items"])
        await http.delete(f"/api/v1/threads/{thread}")
        assert await listed(midwatch, thread) == []


async def test_what_was_said_comes_as_cases_that_the_evaluation_judges(
    midwatch: Midwatch, tmp_path: Path
) -> None:
    token = await midwatch.token_of("ida")
    said = [
        ("Why is checkout failing?", {"helpful": True}),
        ("checkout 为什么报错？", {"helpful": True}),
        ("Which pods are not running?", {"helpful": False, "reason": "unclear", "comment": "a\nb"}),
        ("a | b >> c", {"helpful": True}),
    ]
    async with midwatch.client(token) as http:
        for question, word in said:
            thread = await asked(http, question)
            await http.put(f"/api/v1/threads/{thread}/feedback", json=word)
        assert (await http.get("/api/v1/feedback/cases")).status_code == 403
    async with midwatch.client() as http:
        cases = (await http.get("/api/v1/feedback/cases")).text
    assert "en plain | Why is checkout failing? | rca\n" in cases
    assert "zh plain | checkout 为什么报错？ | rca\n" in cases
    assert "# unclear a b\n# en plain | Which pods are not running? | rca\n" in cases
    assert "a | b" not in cases
    (tmp_path / "said.txt").write_text(cases)
    [judged] = routing.run(tmp_path)
    assert judged.cases == judged.passed >= 2
