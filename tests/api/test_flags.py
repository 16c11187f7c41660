"""Flags over REST, and a service whose models are switched off and on while it runs."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from httpx2 import AsyncClient

from api.jobs.flags import Flags, said_of
from api.jobs.watches import used_of
from core.clock import utc_now
from core.http import client
from core.storage.kept_alerts import KeptAlerts
from core.storage.repositories.usage import Usage
from evals.providers.saying import Say
from evals.providers.serving import provider_serving
from tests.api.test_rule_sync import Place, place
from tests.storage.test_usage import CALL
from tests.test_start import address, signed_in, up

TRIALS = "/api/v1/flags/models/events?what=shadow"
__all__ = ["place"]


async def test_models_that_are_switched_off_leave_the_answer_to_rules_at_once(
    tmp_path: Path,
) -> None:
    told: list[str] = []
    with provider_serving(Say("By the model.")) as provider:
        variables = {"ANTHROPIC_API_KEY": "key-x", "ANTHROPIC_BASE_URL": provider.base_url}
        with up(tmp_path, **variables) as (_, link):
            async with client(address(link), timeout_s=120) as http:
                await signed_in(http, link)
                body = {"terms": {"state": "off"}}
                assert (await http.put("/api/v1/flags/models", json=body)).status_code == 200
                asked = {"question": "Why is checkout failing?", "language": "zh"}
                shape = (await http.post("/api/v1/query", json=asked)).json()
                told += [shape["incomplete_code"], shape["incomplete"]]
                assert shape["answer"].startswith("**根因")
    assert len(provider.requests) == 0
    assert told[0] == "models_off"
    assert "模型对您已关闭" in told[1]


async def test_models_in_shadow_are_asked_beside_the_rules_and_nobody_hears_them(
    tmp_path: Path,
) -> None:
    calls: list[tuple[str, Any]] = [
        ("rca_investigate", {"service": "checkout"}),
        ("kubernetes_list_pods", {}),
    ]
    with provider_serving(Say("Unheard.", calls=calls)) as provider:
        variables = {"ANTHROPIC_API_KEY": "key-x", "ANTHROPIC_BASE_URL": provider.base_url}
        with up(tmp_path, **variables) as (_, link):
            async with client(address(link), timeout_s=120) as http:
                await signed_in(http, link)
                await http.put("/api/v1/flags/models", json={"terms": {"state": "shadow"}})
                asked = {"question": "Why is checkout failing?", "language": "en"}
                shape = (await http.post("/api/v1/query", json=asked)).json()
                [tried] = await _eventually(http, TRIALS, "rows")
                usage = await _eventually(http, "/api/v1/usage/calls", "items")
    assert shape["incomplete_code"] == "models_off"
    assert [one["tool"] for one in shape["tool_calls"]] == ["rca_investigate"]
    assert "Unheard" not in shape["answer"]
    assert shape["usage"][0]["provider"] == "offline"
    assert (tried["detail"]["rules"], tried["detail"]["same"]) == (["rca_investigate"], False)
    assert tried["detail"]["model"] == ["kubernetes_list_pods", "rca_investigate"]
    assert [one["subagent"] for one in usage] == ["shadow"]
    assert len(provider.requests) == 1


async def _eventually(http: AsyncClient, path: str, rows: str) -> list[dict[str, Any]]:
    """What is noted a moment after the answer."""
    async with asyncio.timeout(300):
        while True:
            if found := (await http.get(path)).json()[rows]:
                return found
            await asyncio.sleep(0.05)


async def test_a_running_service_judges_by_its_usage_log(place: Place) -> None:
    terms = {"gates": {"min_cases": 0, "max_failure_rate": 0.1, "least": 5}}
    async with place.watch.client() as http:
        assert (await http.put("/api/v1/flags/models", json={"terms": terms})).status_code == 200
    database = place.watch.opened.database
    bad = replace(CALL, provider="anthropic", outcome="failed", created_at=utc_now())
    async with database.session() as session:
        await Usage(session).add([bad] * 6 + [replace(bad, provider="offline", outcome="ok")] * 90)
    store, sessions = KeptAlerts(database), place.watch.opened.sessions
    used, said = used_of(database), said_of(database)
    job = Flags(store, sessions, lambda: None, used=used, said=said, ours=ours)
    await job.work()
    async with place.watch.client() as http:
        rows = (await http.get("/api/v1/flags")).json()["rows"]
        events = (await http.get("/api/v1/flags/models/events")).json()["rows"]
    held = next(one for one in rows if one["name"] == "models")
    assert (held["held"], held["figures"]["runs"], held["figures"]["failure_rate"]) == ("off", 6, 1)
    assert [one["what"] for one in events] == ["held", "set"]


async def test_a_function_that_is_none_is_refused_in_words(place: Place) -> None:
    async with place.watch.client() as http:
        for name, terms in (("magic", {"state": "off"}), ("models", {"state": "dimmed"})):
            refused = await http.put(f"/api/v1/flags/{name}", json={"terms": terms})
            assert (refused.status_code, refused.json()["code"]) == (422, "invalid")


async def ours() -> bool:
    return True
