"""Flags over OpenFeature's remote evaluation protocol: values, reasons, what is unknown, what is unchanged."""

from typing import Any

from core.flags import FUNCTIONS
from tests.api.test_rule_sync import Place, place

__all__ = ["place"]

FLAGS = "/api/ofrep/v1/evaluate/flags"


async def asked(place: Place, key: str = "", etag: str = "", **context: Any) -> Any:
    headers = {"If-None-Match": etag} if etag else {}
    async with place.watch.client(**headers) as http:
        return await http.post(f"{FLAGS}/{key}" if key else FLAGS, json={"context": context})


async def switched(place: Place, name: str, **terms: Any) -> None:
    async with place.watch.client() as http:
        done = await http.put(f"/api/v1/flags/{name}", json={"terms": terms})
        assert done.status_code == 200, done.text


async def test_a_flag_is_told_with_its_variant_and_reason(place: Place) -> None:
    await switched(
        place, "analysis", state="shadow", labels={"team": "web", "level": "3", "canary": "true"}
    )
    context = {"targetingKey": "g1", "team": "web", "level": 3, "canary": True}
    mine = (await asked(place, "analysis", **context)).json()
    other = (await asked(place, "analysis", targetingKey="g1", team="data")).json()
    assert mine == {
        "key": "analysis",
        "value": "shadow",
        "variant": "shadow",
        "reason": "TARGETING_MATCH",
        "metadata": {"why": "set"},
    }
    assert (other["value"], other["metadata"]) == ("off", {"why": "labels"})


async def test_who_asks_for_a_user_is_that_user(place: Place) -> None:
    await switched(place, "models", labels={"user": "ann"})
    told = [(await asked(place, "models", targetingKey=one)).json() for one in ("ann", "bob")]
    assert [one["value"] for one in told] == ["on", "off"]


async def test_all_flags_are_told_once_until_one_changes(place: Place) -> None:
    first = await asked(place, targetingKey="ann")
    assert [one["key"] for one in first.json()["flags"]] == list(FUNCTIONS)
    assert {one["reason"] for one in first.json()["flags"]} == {"DEFAULT"}
    etag = first.headers["etag"]
    again = await asked(place, etag=etag, targetingKey="ann")
    assert (again.status_code, again.content) == (304, b"")
    await switched(place, "models", state="off")
    changed = await asked(place, etag=etag, targetingKey="ann")
    assert (changed.status_code, changed.json()["flags"][1]["value"]) == (200, "off")


async def test_what_cannot_be_told_is_said_by_the_protocols_codes(place: Place) -> None:
    unknown = await asked(place, "magic", targetingKey="ann")
    nobody = await asked(place, "models")
    nobody_at_all = await asked(place)
    assert (unknown.status_code, unknown.json()["errorCode"]) == (404, "FLAG_NOT_FOUND")
    assert (nobody.status_code, nobody.json()["errorCode"]) == (400, "TARGETING_KEY_MISSING")
    assert nobody_at_all.json()["errorCode"] == "TARGETING_KEY_MISSING"
    assert unknown.json()["errorDetails"] == "There is no smart function 'magic'."


async def test_without_a_token_nothing_is_told(place: Place) -> None:
    async with place.watch.client("") as http:
        refused = await http.post(FLAGS, json={"context": {"targetingKey": "ann"}})
    assert refused.status_code == 401
