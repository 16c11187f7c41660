"""After an incident: drafts from an alert, and past incidents among the pages that are found."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.api.conftest import Midwatch, offline, served
from tests.channels.conftest import alert, webhook

SOON = {"document": {"analysis": {"wait": "PT1S"}}, "reason": "test", "based_on": 0}


@pytest.fixture
async def watch(tmp_path: Path) -> AsyncIterator[Midwatch]:
    async with served(offline(tmp_path)) as made:
        yield made


async def posted(http: httpx2.AsyncClient, *, analysed: bool = True) -> str:
    """The id of an alert about checkout; once its cause is found, unless nobody looks for it."""
    if analysed:
        assert (await http.put("/api/v1/alert-policy", json=SOON)).status_code == 200
    await http.post(
        "/api/v1/alerts/alertmanager", json=webhook(alert("CheckoutFailing", deployment="checkout"))
    )
    [one] = (await http.get("/api/v1/alerts")).json()["rows"]
    path = f"/api/v1/alerts/{one['id']}"
    if analysed:
        await eventually(http, "GET", path, lambda told: told["analysis"]["state"] == "done")
    return one["id"]


async def eventually(
    http: httpx2.AsyncClient,
    method: str,
    path: str,
    is_so: Callable[[dict[str, Any]], bool],
    body: dict[str, Any] | None = None,
) -> dict[str, Any]:
    async with asyncio.timeout(150):
        while True:
            answer = await http.request(method, path, json=body)
            assert answer.status_code == 200, answer.text
            if is_so(answer.json()):
                return answer.json()
            await asyncio.sleep(0.3)


async def test_a_postmortem_is_drafted_from_an_alert_with_its_moments_and_what_it_cost(
    watch: Midwatch,
) -> None:
    async with watch.client() as http:
        alert_id = await posted(http)
        asked = {"alert_id": alert_id, "language": "en"}
        draft = (await http.post("/api/v1/knowledge/draft", json=asked)).json()
        in_chinese = (
            await http.post("/api/v1/knowledge/draft", json={**asked, "language": "zh"})
        ).json()
    told = draft["markdown"]
    assert draft["incident_id"].startswith("inc-")
    assert "Alert `CheckoutFailing` began to fire." in told
    assert "Alert `CheckoutFailing` has been firing since" in told
    assert "USD an hour" in told
    assert "告警 `CheckoutFailing` 触发。" in in_chinese["markdown"]
    assert "每小时花费" in in_chinese["markdown"]


@pytest.mark.parametrize(
    ("question", "moment"),
    [
        ("draft a postmortem for alert {}", "Alert `CheckoutFailing` began to fire."),
        ("为告警 {} 起草一份复盘", "告警 `CheckoutFailing` 触发。"),
    ],
)
async def test_a_conversation_drafts_from_an_alert_too(
    watch: Midwatch, question: str, moment: str
) -> None:
    async with watch.client() as http:
        alert_id = await posted(http)
        told = (
            await http.post("/api/v1/query", json={"question": question.format(alert_id)})
        ).json()
        nobody = question.format("0" * 32)
        unknown = (await http.post("/api/v1/query", json={"question": nobody})).json()
    assert moment in told["answer"]
    assert "0" * 32 in unknown["answer"]


async def test_a_runbook_is_drafted_from_an_alert_that_nobody_has_looked_into(
    watch: Midwatch,
) -> None:
    async with watch.client() as http:
        alert_id = await posted(http, analysed=False)
        asked = {"alert_id": alert_id, "kind": "runbook"}
        draft = (await http.post("/api/v1/knowledge/draft", json=asked)).json()
        unknown = await http.post("/api/v1/knowledge/draft", json={"alert_id": "nothing"})
    assert "## What to do" in draft["markdown"]
    assert unknown.status_code == 404


async def test_a_past_incident_is_found_by_a_search_with_how_it_ended_and_by_who_may_see_it(
    watch: Midwatch,
) -> None:
    def has_it(told: dict[str, Any]) -> bool:
        return any(hit["doc"].startswith("past-incidents/") for hit in told["hits"])

    async with watch.client() as http:
        await posted(http)
        over = webhook({**alert("CheckoutFailing", deployment="checkout"), "status": "resolved"})
        await http.post("/api/v1/alerts/alertmanager", json=over)
        asked = {"query": "what went wrong with checkout before and how did it end", "k": 10}
        path = "/api/v1/knowledge/search"
        found = await eventually(http, "POST", path, has_it, asked)
        assert found["relevant"]
        doc = next(h["doc"] for h in found["hits"] if h["doc"].startswith("past-incidents/"))
        page = (await http.get(f"/api/v1/knowledge/documents/{doc}")).json()["text"]
        # In the language of the investigation that found it last.
        ending = re.split("## (?:Outcome|结果)", page)[1]
        assert re.search("was over at|已于", ending)
        listed = {"tag": "past-incident"}
        [line] = (await http.get("/api/v1/knowledge/documents", params=listed)).json()["rows"]
        assert line["groups"][0] == "incidents:*"
        answer = (await http.post("/api/v1/query", json={"question": asked["query"]})).json()
        assert doc in str(answer)
