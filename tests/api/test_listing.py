"""Lists in the order that is asked for, and part by part, as the OpenAPI document tells of them."""

import re
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from core.http import Client
from core.ordering import RANKED, RANKS
from tests.api.conftest import Midwatch, Stage, offline, served

KEPT = "kept"
CHANNELS = {"pager": "webhook", "alpha": "webhook", "night": "webhook"}


@pytest.fixture(scope="module")
async def alone(
    anyio_backend: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Midwatch]:
    """A service with some of everything, in which no other tests add or remove anything."""
    async with served(offline(tmp_path_factory.mktemp("lists"))) as made:
        async with made.client() as http:
            await furnished(http)
        yield made


async def sorted_lists(http: Client) -> dict[str, list[str]]:
    """The paths whose lists can be sorted, each with the fields the document names."""
    document = (await http.get("/openapi.json")).json()
    found: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        if path.endswith(".csv"):
            continue
        for one in operations.get("get", {}).get("parameters", ()):
            if one["name"] == "sort":
                told = re.search(r"Of: (.*)\.$", one["description"])
                assert told, path
                found[path] = told[1].split(", ")
                assert re.fullmatch(one["schema"]["pattern"], f"-{found[path][0]}")
    return found


def rows_of(told: dict[str, Any]) -> list[dict[str, Any]]:
    return told["rows"] if "rows" in told else told["items"]


def weights(field: str, rows: Sequence[dict[str, Any]]) -> list[Any]:
    known = [one[field] for one in rows if field in one and one[field] is not None]
    return [RANKS.get(str(one).lower(), 0) for one in known] if field in RANKED else known


async def furnished(http: Client) -> None:
    for name in ("zoe", "ann", "bob"):
        await http.post("/api/v1/users", json={"name": name, "role": "user"})
    for label in ("b", "a", "c"):
        await http.post("/api/v1/tokens", json={"label": label})
    for text in ("team payments owns shop", "checkout is ours"):
        await http.post("/api/v1/facts", json={"text": text})
    for name, kind in CHANNELS.items():
        body = {"name": name, "kind": kind, "settings": {"url": f"http://127.0.0.1:9/{name}"}}
        await http.post("/api/v1/channels", json=body)
    asked = await http.post("/api/v1/query", json={"question": "Why is checkout failing?"})
    await http.post("/api/v1/query", json={"question": "which pods are there in shop"})
    thread = asked.json()["thread_id"]
    for number in range(3):
        policy: dict[str, Any] = {"document": {}, "reason": f"try {number}", "based_on": number}
        await http.put("/api/v1/alert-policy", json=policy)
    for version, alert in enumerate(("A", "B")):
        rules = f"groups: [{{name: g, rules: [{{alert: {alert}, expr: up == 0}}]}}]"
        body = {"text": rules, "reason": f"alert {alert}", "based_on": version}
        await http.put(f"/api/v1/rules/files/{KEPT}", json=body)
        config = f"route: {{receiver: {alert}}}\nreceivers: [{{name: {alert}}}]\n"
        body = {"text": config, "reason": f"to {alert}", "based_on": version}
        await http.put(f"/api/v1/alertmanager-configs/{KEPT}", json=body)
    for hours in (5, 3, 4):
        await http.post(f"/api/v1/threads/{thread}/shares", json={"hours": hours})


async def place_of(http: Client) -> Callable[[str], str]:
    """The address of a path, with a conversation and a stored name in their places."""
    thread = (await http.get("/api/v1/threads")).json()["items"][0]["id"]
    return lambda path: path.replace("{thread_id}", thread).replace("{name}", KEPT)


async def test_every_list_is_sorted_by_every_field_that_the_document_names(
    alone: Midwatch,
) -> None:
    async with alone.client() as http:
        place, lists = await place_of(http), await sorted_lists(http)
        assert len(lists) > 33
        for path, fields in lists.items():
            at = place(path)
            for field in fields:
                up = rows_of((await http.get(at, params={"sort": field})).json())
                down = rows_of((await http.get(at, params={"sort": f"-{field}"})).json())
                assert weights(field, up) == sorted(weights(field, up)), (path, field)
                assert weights(field, down) == sorted(weights(field, down), reverse=True)


async def test_another_field_is_refused_with_those_that_there_are(alone: Midwatch) -> None:
    async with alone.client() as http:
        place = await place_of(http)
        for path, fields in (await sorted_lists(http)).items():
            told = await http.get(place(path), params={"sort": f"{fields[0]},wit"})
            assert (told.status_code, told.json()["code"]) == (422, "invalid"), path
            assert "'wit'" in told.json()["detail"]
            assert f"Sort by: {', '.join(fields)}." in told.json()["detail"], path


async def test_a_refused_order_is_told_in_the_readers_language(alone: Midwatch) -> None:
    async with alone.client(**{"Accept-Language": "zh"}) as http:
        told = await http.get("/api/v1/users", params={"sort": "wit"})
        twice = await http.get("/api/v1/channels", params={"sort": "name,-name"})
    assert "不能按 'wit' 排序" in told.json()["detail"]
    assert "两次" in twice.json()["detail"]


async def walked(http: Client, path: str, **asked: str | int) -> list[dict[str, Any]]:
    """All parts of a list, one row each."""
    rows, cursor = list[dict[str, Any]](), ""
    while True:
        told = (await http.get(path, params={**asked, "limit": 1, "cursor": cursor})).json()
        assert len(told["items"]) <= 1
        rows += told["items"]
        cursor = told["next_cursor"]
        if not cursor:
            return rows


async def test_parts_follow_one_another_in_every_order_without_gap_or_repeat(
    alone: Midwatch,
) -> None:
    async with alone.client() as http:
        place = await place_of(http)
        for path, fields in {
            "/api/v1/users": ("disabled", "role", "created_at"),
            "/api/v1/tokens": ("last_used_at", "expires_at", "label"),
            "/api/v1/shares": ("title", "expires_at", "revoked_at"),
            "/api/v1/facts": ("told_by", "text"),
            "/api/v1/threads": ("title", "pinned"),
            place("/api/v1/threads/{thread_id}/messages"): ("created_at",),
        }.items():
            for sort in ("", *fields, *(f"-{one}" for one in fields), ",".join(fields)):
                whole = (await http.get(path, params={"sort": sort})).json()
                assert whole["next_cursor"] == ""
                key = "name" if path.endswith("users") else "id"
                parts = [one[key] for one in await walked(http, path, sort=sort)]
                assert parts == [one[key] for one in whole["items"]], (path, sort)
                assert len(parts) > 1


@pytest.mark.parametrize(
    "path", ["audit", "users", "roles", "sessions", "alerts", "usage", "costs"]
)
async def test_what_a_list_is_asked_for_and_does_not_take_is_refused(
    alone: Midwatch, path: str
) -> None:
    async with alone.client() as http:
        told = await http.get(f"/api/v1/{path}", params={"sorts": "name"})
    async with alone.client("") as http:
        assert (await http.get(f"/api/v1/{path}?sorts=name")).status_code == 401
    assert (told.status_code, told.json()["code"]) == (422, "invalid")
    assert "There is no field 'sorts'" in told.json()["detail"]


async def test_the_audit_trail_is_read_part_by_part_in_any_order(stage: Stage) -> None:
    changed = list[str]()
    async with stage.client() as http:
        for name in ("zoe", "ann", "bob"):
            await http.post("/api/v1/users", json={"name": name})
            await http.patch(f"/api/v1/users/{name}", json={"team": "a"})
        for sort in ("", "at", "-target", "action,-target"):
            asked = {"sort": sort, "subject": "admin"}
            whole = (await http.get("/api/v1/audit", params=asked)).json()["items"]
            assert await walked(http, "/api/v1/audit", **asked) == whole
            changed = [one["target"] for one in whole if one["action"] == "user.change"]
        below = (await http.get("/api/v1/audit", params={"before": 3})).json()["items"]
    assert changed == ["zoe", "bob", "ann"]
    assert [one["sequence"] for one in below] == [2, 1]


async def test_a_misspelt_name_ends_no_sessions_of_ones_own(stage: Stage) -> None:
    await stage.opened.sign_in.admit(await stage.opened.sign_in.ensure_admin())
    async with stage.client() as http:
        told = await http.delete("/api/v1/sessions?usr=ann")
        left = (await http.get("/api/v1/sessions")).json()["items"]
    assert "Did you mean 'user'?" in told.json()["detail"]
    assert len(left) == 1


async def test_a_permission_is_asked_for_before_the_query_is_looked_at(stage: Stage) -> None:
    async with stage.client(await stage.token_of("ann")) as ann:
        assert (await ann.get("/api/v1/audit?wit=1")).status_code == 403


async def test_a_row_that_comes_meanwhile_shifts_nothing(alone: Midwatch) -> None:
    async with alone.client() as http:
        first = (await http.get("/api/v1/users", params={"limit": 2})).json()
        await http.post("/api/v1/users", json={"name": "aaron"})
        then = await http.get("/api/v1/users", params={"cursor": first["next_cursor"]})
    assert [one["name"] for one in first["items"]] == ["admin", "ann"]
    assert [one["name"] for one in then.json()["items"]] == ["bob", "zoe"]


async def test_a_cursor_goes_on_in_its_own_order_only(alone: Midwatch) -> None:
    async with alone.client() as http:
        users = (await http.get("/api/v1/users", params={"sort": "-name", "limit": 1})).json()
        there = {"sort": "name", "cursor": users["next_cursor"]}
        other = await http.get("/api/v1/users", params=there)
        plans = {"sort": "-created_at", "cursor": "cm93OjE"}
        rows = await http.get("/api/v1/autofix/plans", params=plans)
        foreign = await http.get("/api/v1/users", params={"cursor": "W10"})
    for told in (other, rows):
        assert told.status_code == 422
        assert "This cursor goes on in another order." in told.json()["detail"]
    assert "not given by Midwatch" in foreign.json()["detail"]


async def test_calls_are_sorted_by_what_they_cost(stage: Stage) -> None:
    async with stage.client() as http:
        told = await http.get("/api/v1/usage/calls", params={"sort": "-cost_usd,at"})
        words = await http.get("/api/v1/feedback", params={"sort": "-said_at"})
    assert (told.status_code, words.status_code) == (200, 200)


async def test_old_conversations_are_looked_through_for_what_waits(stage: Stage) -> None:
    async with stage.client() as http:
        for number in range(3):
            asked = {"question": "Why?", "thread_id": f"t{number}"}
            await http.post("/api/v1/query", json=asked)
        first = (await http.get("/api/v1/approvals", params={"limit": 2})).json()
        there = {"limit": 2, "cursor": first["next_cursor"]}
        rest = (await http.get("/api/v1/approvals", params=there)).json()
    assert first["next_cursor"]
    assert (first["items"], rest) == ([], {"items": [], "next_cursor": ""})
