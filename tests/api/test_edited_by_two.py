"""What two people edit: budgets, channels, users and files of rules have an ETag, and the later change is refused."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from core.http import Client
from tests.api.conftest import Midwatch

RULES = """groups:
- name: web
  rules:
  - alert: Down
    expr: up == 0
    for: 5m
    labels: {severity: critical}
    annotations: {summary: It is down}
"""
BUDGET = ("/api/v1/budgets", {"name": "two", "amount": "100", "namespace": "shop"})
CHANNEL = (
    "/api/v1/channels",
    {
        "name": "two",
        "kind": "email",
        "settings": {
            "host": "smtp.example.com",
            "sender": "a@example.com",
            "recipients": ["b@example.com"],
        },
    },
)
ADA = "/api/v1/users/ada"
CHANGES: dict[str, Any] = {BUDGET[0]: {"owner": "sue"}, CHANNEL[0]: {"tags": ["night"]}}


async def etag_of(http: Client, at: str) -> str:
    return (await http.get(at)).headers["ETag"]


@pytest.mark.parametrize(("route", "body"), [BUDGET, CHANNEL])
async def test_who_read_it_before_somebody_changed_it_is_refused(
    midwatch: Midwatch, route: str, body: dict[str, Any]
) -> None:
    async with midwatch.client() as http:
        made = await http.post(route, json=body)
        assert made.status_code == 201, made.text
        at, change = f"{route}/{body['name']}", CHANGES[route]
        read = {"If-Match": await etag_of(http, at)}
        assert await etag_of(http, at) == read["If-Match"]
        first = await http.patch(at, json=change, headers=read)
        late = await http.patch(at, json=change, headers=read)
        removal = await http.delete(at, headers=read)
        assert first.status_code == 200, first.text
        assert [late.status_code, removal.status_code] == [412, 412]
        assert late.json()["code"] == "stale"
        assert (await http.patch(at, json=change)).status_code == 200
        now = {"If-Match": await etag_of(http, at)}
        assert (await http.delete(at, headers=now)).status_code == 200
        assert (await http.get(at)).status_code == 404


@pytest.mark.parametrize(("route", "body"), [BUDGET, CHANNEL])
async def test_of_many_who_change_it_at_the_same_moment_one_does(
    midwatch: Midwatch, route: str, body: dict[str, Any]
) -> None:
    """What each read is what each may change: between the look and the write nobody slips in."""
    fields = {BUDGET[0]: "owner", CHANNEL[0]: "tags"}
    async with midwatch.client() as http:
        assert (await http.post(route, json=body)).status_code == 201
        at = f"{route}/{body['name']}"
        for _ in range(3):
            read = {"If-Match": await etag_of(http, at)}
            now = f"{uuid4()}"[:8]
            given = [f"{now}-{n}" for n in range(8)]
            changes = [{fields[route]: one if route == BUDGET[0] else [one]} for one in given]
            sent = (http.patch(at, json=change, headers=read) for change in changes)
            answers = await asyncio.gather(*sent)
            assert sorted(one.status_code for one in answers) == [200, *[412] * 7]
            [first] = [n for n, one in enumerate(answers) if one.status_code == 200]
            kept = (await http.get(at)).json()
            assert kept[fields[route]] == changes[first][fields[route]]
        read = {"If-Match": await etag_of(http, at)}
        both = await asyncio.gather(
            http.delete(at, headers=read), http.patch(at, json=changes[0], headers=read)
        )
        assert {one.status_code for one in both} <= {200, 404, 412}
        assert sum(one.status_code == 200 for one in both) == 1
        await http.delete(at)


async def test_of_many_who_change_a_user_at_the_same_moment_one_does(midwatch: Midwatch) -> None:
    async with midwatch.client() as http:
        assert (await http.post("/api/v1/users", json={"name": "ada"})).status_code == 201
        for _ in range(3):
            read = {"If-Match": await etag_of(http, ADA)}
            teams = [f"{uuid4()}"[:8] for _ in range(8)]
            sent = (http.patch(ADA, json={"team": team}, headers=read) for team in teams)
            answers = await asyncio.gather(*sent)
            assert sorted(one.status_code for one in answers) == [200, *[412] * 7]
            [first] = [n for n, one in enumerate(answers) if one.status_code == 200]
            assert (await http.get(ADA)).json()["team"] == teams[first]


async def test_who_changes_another_field_of_a_user_at_the_same_moment_undoes_nothing(
    midwatch: Midwatch,
) -> None:
    changes: list[dict[str, Any]] = [
        {"team": "payments"}, {"language": "zh"}, {"role": "manager"}, {"namespaces": ["shop"]},
    ]  # fmt: skip
    async with midwatch.client() as http:
        await http.post("/api/v1/users", json={"name": "eve"})
        sent = (http.patch("/api/v1/users/eve", json=change) for change in changes)
        assert {one.status_code for one in await asyncio.gather(*sent)} == {200}
        kept = (await http.get("/api/v1/users/eve")).json()
    for change in changes:
        assert kept.items() >= change.items()


async def test_a_file_of_rules_is_of_the_version_that_was_read(midwatch: Midwatch) -> None:
    at, new = "/api/v1/rules/files/two", {"text": RULES, "reason": "as agreed", "based_on": 0}
    async with midwatch.client() as http:
        assert (await http.put(at, json=new)).status_code == 200
        read = {"If-Match": await etag_of(http, at)}
        changed = {**new, "text": RULES.replace("5m", "10m"), "based_on": 1}
        assert (await http.put(at, json=changed, headers=read)).status_code == 200
        again = {**new, "text": RULES.replace("5m", "1m"), "based_on": 2}
        late = await http.put(at, json=again, headers=read)
        back = await http.post(f"{at}/rollback", json={"reason": "too late"}, headers=read)
        gone = await http.delete(f"{at}?reason=not%20needed", headers=read)
        assert [one.status_code for one in (late, back, gone)] == [412, 412, 412]
        now = {"If-Match": await etag_of(http, at)}
        assert (await http.delete(f"{at}?reason=not%20needed", headers=now)).status_code == 200


async def test_a_channel_that_is_not_there_is_told_with_those_that_are(midwatch: Midwatch) -> None:
    async with midwatch.client(**{"Accept-Language": "zh"}) as http:
        missing = await http.get("/api/v1/channels/nowhere")
    assert missing.status_code == 404
    assert "没有渠道" in missing.json()["detail"]
