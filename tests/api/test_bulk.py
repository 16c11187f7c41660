"""Many in one request: each is done or refused for itself, and what came of it is said in order."""

from typing import Any

import pytest

from tests.api.test_rule_sync import RULES, Place, place

__all__ = ["place"]


async def many(
    place: Place, what: str, *items: tuple[str, dict[str, Any]], lang: str = "en"
) -> Any:
    body = {"items": [{"action": action, "arguments": given} for action, given in items]}
    async with place.watch.client(**{"Accept-Language": lang}) as http:
        answer = await http.post(f"/api/v1/bulk/{what}", json=body)
    return answer.json() if answer.status_code == 200 else answer.status_code


def file(name: str, based_on: int = 0, text: str = RULES % "Down") -> dict[str, Any]:
    return {"name": name, "text": text, "reason": "test", "based_on": based_on}


async def test_files_of_rules_are_set_and_removed_and_one_that_fails_stops_no_other(
    place: Place,
) -> None:
    told = await many(
        place,
        "rules",
        ("set", file("a")),
        ("set", file("b", based_on=7)),
        ("set", file("c", text="no rules")),
        ("remove", {"name": "a", "reason": "gone"}),
        ("roll_back", {"name": "a", "reason": "back"}),
    )
    assert (told["done"], told["failed"]) == (3, 2)
    assert [one["ok"] for one in told["results"]] == [True, False, False, True, True]
    assert [one["error"]["code"] for one in told["results"][1:3]] == ["conflict", "invalid"]
    assert told["results"][4]["data"]["version"] == 3
    async with place.watch.client() as http:
        rows = (await http.get("/api/v1/rules/files")).json()["rows"]
    assert [one["name"] for one in rows] == ["a"]


async def test_files_of_rules_are_switched_off_and_on_again_as_they_were(place: Place) -> None:
    told = await many(
        place,
        "rules",
        ("set", file("a")),
        ("disable", {"name": "a", "reason": "too loud"}),
        ("disable", {"name": "a", "reason": "too loud"}),
        ("enable", {"name": "a", "reason": "mended"}),
        ("enable", {"name": "a", "reason": "mended"}),
        ("enable", {"name": "nobody", "reason": "mended"}),
    )
    assert [one["ok"] for one in told["results"]] == [True] * 5 + [False]
    lines = [one["data"] for one in told["results"][1:5]]
    assert [(one["version"], one["removed"]) for one in lines] == [
        (2, True),
        (2, True),
        (3, False),
        (3, False),
    ]
    async with place.watch.client() as http:
        off = {"enabled": False, "reason": "again"}
        one = await http.post("/api/v1/rules/files/a/switch", json=off)
        shown = await http.get("/api/v1/rules/files/a", params={"version": 3})
    assert (one.json()["version"], shown.json()["text"]) == (4, RULES % "Down")


async def test_channels_are_added_switched_and_removed(place: Place) -> None:
    settings = {"url": "https://hooks.slack.com/services/T0/B0/x"}
    new = {"name": "ops", "kind": "slack", "settings": settings}
    told = await many(
        place,
        "channels",
        ("add", new),
        ("disable", {"name": "ops"}),
        ("enable", {"name": "ops"}),
        ("enable", {"name": "nobody"}),
        ("remove", {"name": "ops"}),
        lang="zh",
    )
    results = told["results"]
    assert [one["ok"] for one in results] == [True, True, True, False, True]
    assert [one["data"]["enabled"] for one in results[1:3]] == [False, True]
    assert results[3]["error"]["code"] == "not_found"
    assert "hooks.slack.com/services/T0" not in str(told)


async def test_silences_are_set_within_the_guards_and_ended(place: Place) -> None:
    narrow = {"matchers": ['alertname="NoSuch"'], "comment": "is replaced", "duration": "PT1H"}
    told = await many(
        place, "silences", ("create", narrow), ("create", {**narrow, "matchers": ['a=~".*"']})
    )
    assert [one["ok"] for one in told["results"]] == [True, False]
    made = told["results"][0]["data"]["silence"]["id"]
    ended = await many(place, "silences", ("expire", {"silence_id": made}))
    assert ended["done"] == 1


async def test_arguments_that_a_tool_does_not_take_are_refused_for_that_one(place: Place) -> None:
    told = await many(place, "rules", ("remove", {"nome": "a"}), ("set", file("a")))
    assert [one["ok"] for one in told["results"]] == [False, True]
    assert told["results"][0]["error"]["code"] == "invalid"


@pytest.mark.parametrize("count", [0, 201])
async def test_none_and_too_many_are_refused_whole(place: Place, count: int) -> None:
    assert await many(place, "rules", *[("set", file("a"))] * count) == 422


async def test_who_may_not_change_one_may_not_change_many(place: Place) -> None:
    token = await place.watch.token_of("vera", role="user")
    async with place.watch.client(token) as http:
        body = {"items": [{"action": "remove", "arguments": {"name": "a", "reason": "gone"}}]}
        refused = await http.post("/api/v1/bulk/rules", json=body)
    assert refused.status_code == 403
