"""Alerts by REST: taken care of, silenced, sent again, judged, and the policy put back."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from core.http import Client
from tests.api.conftest import Midwatch, offline, served
from tests.channels.conftest import alert, webhook
from tests.channels.fakes import SETTINGS, Services
from tests.channels.fakes import serving as serving_services

Wire = dict[str, Any]
SHOP = ['alertname="CheckoutFailing"', 'namespace="shop"']
SILENCE = {"matchers": SHOP, "duration": "PT2H", "comment": "the release of tonight"}


@pytest.fixture(scope="module")
async def watch(
    anyio_backend: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Midwatch]:
    async with served(offline(tmp_path_factory.mktemp("alerts"))) as made:
        yield made


async def received(http: Client, name: str) -> str:
    await http.post("/api/v1/alerts/alertmanager", json=webhook(alert(name)))
    rows = (await http.get("/api/v1/alerts")).json()["rows"]
    [found] = [one["id"] for one in rows if one["name"] == name]
    return str(found)


async def test_whoever_takes_care_of_an_alert_stands_with_it(watch: Midwatch) -> None:
    async with watch.client() as http:
        at = f"/api/v1/alerts/{await received(http, 'CareFor')}"
        taken = (await http.post(f"{at}/acknowledge")).json()
        again = (await http.get(at)).json()
        nothing = await http.post("/api/v1/alerts/nothing/acknowledge")
    assert (taken["acknowledged_by"], again["acknowledged_by"]) == ("admin", "admin")
    assert nothing.status_code == 404


async def test_an_analysis_is_cancelled_and_made_again_and_judged_once_it_is_done(
    watch: Midwatch,
) -> None:
    async with watch.client() as http:
        late = {"document": {"analysis": {"wait": "PT1H"}}, "reason": "a test", "based_on": 0}
        assert (await http.put("/api/v1/alert-policy", json=late)).status_code == 200
        alert_id = await received(http, "LookedInto")
        asked = (await http.get(f"/api/v1/alerts/{alert_id}")).json()["analysis"]
        at = f"/api/v1/analyses/{asked['id']}"
        over = (await http.post(f"{at}/cancel")).json()
        twice = await http.post(f"{at}/cancel")
        again = (await http.post(f"{at}/retry")).json()
        judged = f"/api/v1/flags/analysis/ratings/{asked['id']}"
        early = await http.post(judged, json={"right": True})
        counted = {"suite": "alerts", "cases": 10, "passed": 9}
        kept = (await http.post("/api/v1/flags/analysis/evaluations", json=counted)).json()
        back = {"version": 1, "reason": "as it was"}
        rolled = (await http.post("/api/v1/alert-policy/rollback", json=back)).json()
    assert (over["state"], over["error"]) == ("cancelled", "admin cancelled it.")
    assert (twice.status_code, again["state"]) == (409, "waiting")
    assert (early.status_code, "has found nothing yet" in early.json()["detail"]) == (409, True)
    assert kept["evaluation"].items() >= counted.items()
    assert (rolled["version"], rolled["document"]) == (2, late["document"])


async def test_a_policy_is_tried_on_the_alerts_that_came_in(watch: Midwatch) -> None:
    async with watch.client() as http:
        await received(http, "TriedOn")
        tried = await http.post("/api/v1/alert-policy/dry-run", json={"document": {}})
        wrong = await http.post("/api/v1/alert-policy/dry-run", json={"document": {"rout": []}})
    assert tried.json()["alerts"] >= 1
    assert (wrong.status_code, "rout" in wrong.text) == (422, True)


async def test_a_silence_is_tried_out_set_and_ended(watch: Midwatch) -> None:
    async with watch.client() as http:
        seen = (await http.post("/api/v1/silences/preview", json=SILENCE)).json()
        made = await http.post("/api/v1/silences", json=SILENCE)
        stands = await silences(http)
        silence = made.json()["silence"]["id"]
        ended = await http.delete(f"/api/v1/silences/{silence}")
        after = await silences(http)
        hasty = await http.post("/api/v1/silences", json={**SILENCE, "comment": "deploy"})
    assert (seen["objections"], seen["needs_second"]) == ([], False)
    assert (made.status_code, ended.status_code) == (201, 200)
    assert silence in stands - after
    assert (hasty.status_code, "8" in hasty.json()["detail"]) == (422, True)


async def silences(http: Client) -> set[str]:
    rows = (await http.get("/api/v1/silences")).json()["rows"]
    return {one["id"] for one in rows if one["state"] == "active"}


async def test_a_second_person_says_yes_to_exactly_one_silence(watch: Midwatch) -> None:
    sign_in = watch.opened.sign_in
    await sign_in.add_user("second", role="manager")
    scopes = frozenset({"silences:write"})
    _, token = await sign_in.make_api_token("second", label="hand", scopes=scopes)
    same = {"matchers": SHOP, "duration": "PT2H"}
    async with watch.client(token) as http:
        told = (await http.post("/api/v1/silences/second", json=same)).json()
    assert (told["by"], bool(told["second"])) == ("second", True)


async def test_a_message_that_died_is_sent_again_when_somebody_asks(watch: Midwatch) -> None:
    services = Services()
    heard = services.heard["webhook"]
    heard.plan = [PlainTextResponse("no such hook", 404)]
    async with serving_services(services.app) as address, watch.client() as http:
        body = {"name": "gone", "kind": "webhook", "settings": SETTINGS["webhook"](address)}
        assert (await http.post("/api/v1/channels", json=body)).status_code == 201
        await received(http, "SentAgain")
        dead = await delivery(http, "dead")
        shown = (await http.get(f"/api/v1/deliveries/{dead}")).json()
        replayed = await http.post(f"/api/v1/deliveries/{dead}/replay")
        # Alerts of other tests still fire, and the new channel is told of them too.
        await delivery(http, "sent", dead)
        twice = await http.post(f"/api/v1/deliveries/{dead}/replay")
        await http.delete("/api/v1/channels/gone")
    assert (shown["state"], len(shown["tries"])) == ("dead", 1)
    assert replayed.status_code == 200
    assert twice.status_code == 409


async def delivery(http: Client, state: str, known: str = "") -> str:
    """The one that is known, else any, in that state, once it is."""
    async with asyncio.timeout(120):
        while True:
            rows: list[Wire] = (await http.get("/api/v1/deliveries")).json()["rows"]
            found = [str(one["id"]) for one in rows if one["state"] == state]
            if known in found or (found and not known):
                return known or found[0]
            await asyncio.sleep(0.2)


async def test_a_patrol_is_read_as_a_report_and_removed(watch: Midwatch) -> None:
    at = "/api/v1/patrols/early"
    async with watch.client() as http:
        asked = {"every": "PT6H", "namespaces": ["shop"]}
        assert (await http.put(at, json=asked)).status_code == 200
        await rounds(http, at)
        report = (await http.get(f"{at}/report")).json()
        gone = await http.delete(at)
        twice = await http.delete(at)
    assert report["markdown"].startswith("# ")
    assert (gone.status_code, twice.status_code) == (200, 404)


async def rounds(http: Client, at: str) -> list[Wire]:
    """Of a patrol, once it went."""
    async with asyncio.timeout(120):
        while True:
            if rows := (await http.get(f"{at}/rounds")).json()["rows"]:
                return rows
            await asyncio.sleep(0.2)
