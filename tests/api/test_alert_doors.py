"""Alerts come in over HTTP and go out to channels by themselves."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from core.clock import utc_now
from core.storage.records import UsageRow
from core.storage.repositories.usage import Usage
from tests.api.conftest import Midwatch, offline, served
from tests.channels.conftest import alert, webhook
from tests.channels.fakes import SETTINGS, Heard, Services
from tests.channels.fakes import serving as serving_services


@pytest.fixture
async def watch(tmp_path: Path) -> AsyncIterator[Midwatch]:
    async with served(offline(tmp_path)) as made:
        yield made


@pytest.fixture
async def services() -> AsyncIterator[tuple[Services, str]]:
    made = Services()
    async with serving_services(made.app) as address:
        yield made, address


async def taken(heard: Heard, count: int) -> None:
    async with asyncio.timeout(120):
        while len(heard.taken) < count:
            await heard.more.wait()
            heard.more.clear()


async def test_an_alert_that_is_posted_is_told_by_the_running_service(
    watch: Midwatch, services: tuple[Services, str]
) -> None:
    fakes, address = services
    async with watch.client() as http:
        settings = SETTINGS["webhook"](address)
        body = {"name": "hook", "kind": "webhook", "settings": settings}
        made = await http.post("/api/v1/channels", json=body)
        assert made.status_code == 201
        assert "whsec_" not in made.text
        assert (await http.post("/api/v1/channels/hook/test")).json()["result"] == "sent"
        stored = await http.post("/api/v1/alerts/alertmanager", json=webhook(alert()))
        assert stored.json() == {"alerts": 1, "new": 1, "deliveries": 1}
        await taken(fakes.heard["webhook"], 2)
        [one] = (await http.get("/api/v1/alerts")).json()["rows"]
        steps = (await http.get(f"/api/v1/alerts/{one['id']}")).json()["steps"]
        assert [step["step"] for step in steps][:2] == ["receive", "route"]


async def test_an_alert_is_looked_into_by_the_running_service_and_again_when_asked(
    watch: Midwatch,
) -> None:
    async with watch.client() as http:
        soon = {"document": {"analysis": {"wait": "PT1S"}}, "reason": "test", "based_on": 0}
        assert (await http.put("/api/v1/alert-policy", json=soon)).status_code == 200
        await http.post("/api/v1/alerts/alertmanager", json=webhook(alert("CheckoutFailing")))
        [one] = (await http.get("/api/v1/alerts")).json()["rows"]
        found = await _done(http, one["id"])
        assert found["causes"]
        told = await http.get(f"/api/v1/analyses/{found['id']}", params={"language": "zh"})
        assert told.json()["causes"][0]["summary"] != found["causes"][0]["summary"]
        chinese = {"Accept-Language": "zh-CN"}
        shown = (await http.get(f"/api/v1/alerts/{one['id']}", headers=chinese)).json()
        assert shown["analysis"]["causes"] == told.json()["causes"]
        asked = await http.post(f"/api/v1/alerts/{one['id']}/analyse")
        assert (asked.status_code, asked.json()["created_by"]) == (202, "admin")
        assert (await _done(http, one["id"]))["incident_id"] == found["incident_id"]
        over = await http.post(f"/api/v1/analyses/{found['id']}/cancel")
        assert (over.status_code, over.json()["code"]) == (409, "conflict")
        listed = (await http.get("/api/v1/analyses", params={"state": "done"})).json()["rows"]
        assert {row["created_by"] for row in listed} == {"admin", "midwatch:gateway"}


async def _rows(http: httpx2.AsyncClient, path: str) -> list[dict[str, Any]]:
    """Once there are some."""
    async with asyncio.timeout(60):
        while True:
            rows = (await http.get(path)).json()["rows"]
            if rows:
                return rows
            await asyncio.sleep(0.1)


async def _done(http: httpx2.AsyncClient, alert_id: str) -> dict[str, Any]:
    async with asyncio.timeout(60):
        while True:
            found = (await http.get(f"/api/v1/alerts/{alert_id}")).json()["analysis"]
            if found["state"] == "done":
                return found
            await asyncio.sleep(0.1)


async def test_a_watch_over_the_use_of_models_fires_and_ends_with_what_the_usage_log_says(
    watch: Midwatch,
) -> None:
    failed = UsageRow(
        "ann", "thread", "run", "request", "rca", "anthropic", "m1", "overloaded",
        0, 0, 0, 0, 0, estimated=False, cost_usd=None, first_token_ms=None, duration_ms=900,
        created_at=utc_now(),
    )  # fmt: skip
    async with watch.opened.database.session() as session:
        await Usage(session).add([failed])
    async with watch.client() as http:
        terms = {"measure": "failure_rate", "threshold": 0.5, "by": "model"}
        made = await http.put("/api/v1/watches/models-fail", json={"terms": terms})
        assert made.status_code == 200
        [alert_] = await _rows(http, "/api/v1/alerts")
        assert (alert_["name"], alert_["labels"]["model"]) == ("models-fail", "m1")
        [row] = (await http.get("/api/v1/watches")).json()["rows"]
        assert row["seen"][0]["state"] == "firing"
        assert (await http.delete("/api/v1/watches/models-fail")).status_code == 200
        [alert_] = (await http.get("/api/v1/alerts")).json()["rows"]
        assert alert_["status"] == "resolved"
        unknown = await http.put("/api/v1/watches/odd", json={"terms": {"measure": "mood"}})
        assert unknown.status_code == 422


async def test_a_patrol_goes_out_by_itself_and_its_report_is_markdown(watch: Midwatch) -> None:
    async with watch.client() as http:
        made = await http.put(
            "/api/v1/patrols/night", json={"every": "PT6H", "namespaces": ["shop"]}
        )
        assert made.json()["namespaces"] == ["shop"]
        await _rows(http, "/api/v1/patrols/night/rounds")
        told = await http.get("/api/v1/patrols/night/report.md", params={"language": "zh"})
        assert told.headers["content-type"].startswith("text/markdown")
        assert told.text.startswith("# 巡检 night")
        assert (await http.get("/api/v1/patrols/nobody/report")).status_code == 404
        assert (await http.post("/api/v1/patrols/night/run")).status_code == 202


async def test_prometheus_itself_may_post_here(watch: Midwatch) -> None:
    ours = [{"labels": {"alertname": "Up"}, "startsAt": "2026-11-29T01:00:00.123456789Z"}]
    async with watch.client() as http:
        path = "/api/v1/alerts/prometheus/api/v2/alerts"
        assert (await http.post(path, json=ours)).json()["new"] == 1
        assert (await http.post(path, json=ours)).json()["new"] == 0


async def test_a_narrow_token_is_enough_to_send_alerts_and_for_nothing_else(
    watch: Midwatch,
) -> None:
    async with watch.client() as http:
        asked = {"label": "alertmanager", "scopes": ["alerts:receive"]}
        token = (await http.post("/api/v1/tokens", json=asked)).json()["token"]
    async with watch.client(token) as http:
        assert (await http.post("/api/v1/alerts/alertmanager", json=webhook())).status_code == 200
        assert (await http.get("/api/v1/alerts")).status_code == 403
        assert (await http.get("/api/v1/channels")).status_code == 403


async def test_who_sends_nonsense_or_without_a_token_is_told_so(watch: Midwatch) -> None:
    async with watch.client() as http:
        broken = await http.post("/api/v1/alerts/alertmanager", content=b"{")
        assert (broken.status_code, broken.json()["code"]) == (422, "invalid")
        assert (await http.post("/api/v1/alerts/fax", json={})).status_code == 422
    async with watch.client("") as http:
        assert (await http.post("/api/v1/alerts/alertmanager", json={})).status_code == 401


async def test_the_secret_of_a_channel_is_nowhere_in_the_audit(
    watch: Midwatch, services: tuple[Services, str]
) -> None:
    _, address = services
    async with watch.client() as http:
        for kind in ("dingtalk", "pagerduty", "webhook"):
            settings = SETTINGS[kind](address)
            body = {"name": kind, "kind": kind, "settings": settings}
            assert (await http.post("/api/v1/channels", json=body)).status_code == 201
    lines = await watch.opened.audit.latest(limit=50)
    told = " ".join(one.detail for one in lines)
    assert "channels_add" in {one.action for one in lines}
    for secret in ("SEC0123456789abcdef", "0123456789abcdef0123456789abcdef", "dHdlbnR5"):
        assert secret not in told


async def test_files_of_rules_are_set_compared_tried_and_taken_back_over_rest(
    watch: Midwatch,
) -> None:
    text = "groups: [{name: web, rules: [{alert: Down, expr: up == 0, for: 5m}]}]"
    async with watch.client() as http:
        new = {"text": text, "reason": "the first", "based_on": 0}
        first = await http.put("/api/v1/rules/files/web", json=new)
        assert (first.status_code, first.json()["version"]) == (200, 1)
        late = await http.put("/api/v1/rules/files/web", json=new)
        assert late.status_code == 409
        changed = {**new, "text": text.replace("5m", "9m"), "based_on": 1}
        await http.put("/api/v1/rules/files/web", json=changed)
        found = (await http.post("/api/v1/rules/files/web/diff", json={})).json()
        assert found["changes"][0]["fields"] == [{"field": "for", "before": "5m", "after": "9m"}]
        tried = {"name": "web", "window": "PT1H", "step": "PT5M"}
        [trial] = (await http.post("/api/v1/rules/back-test", json=tried)).json()["trials"]
        assert (trial["rule"], trial["failed"]) == ("Down", "")
        back = await http.post("/api/v1/rules/files/web/rollback", json={"reason": "too late"})
        assert (back.json()["version"], back.json()["text"]) == (3, text)
        versions = (await http.get("/api/v1/rules/files/web/versions")).json()["rows"]
        assert [one["version"] for one in versions] == [3, 2, 1]
        assert (await http.delete("/api/v1/rules/files/web?reason=gone")).json()["removed"]
        assert (await http.get("/api/v1/rules/files")).json()["rows"] == []
        assert (await http.get("/api/v1/rules/files/web")).status_code == 404


async def test_a_channel_that_hangs_holds_up_no_other_and_is_told_once_it_answers(
    watch: Midwatch, services: tuple[Services, str]
) -> None:
    fakes, address = services
    hangs, other = fakes.heard["webhook"], fakes.heard["slack"]
    hangs.hang_s = 60.0
    async with watch.client() as http:
        for kind in ("webhook", "slack"):
            body = {"name": kind, "kind": kind, "settings": SETTINGS[kind](address)}
            assert (await http.post("/api/v1/channels", json=body)).status_code == 201
        await http.post("/api/v1/alerts/alertmanager", json=webhook(alert()))
        await taken(other, 1)
        assert hangs.taken == []
        hangs.hang_s = 0.0
        await _all_sent(http)
        tried = (await http.get("/api/v1/channels/health")).json()["rows"]
        assert {one["channel"]: one["sent"] for one in tried} == {"slack": 1, "webhook": 1}
    assert len({one["id"] for one in hangs.taken}) == 1


async def _all_sent(http: httpx2.AsyncClient) -> None:
    async with asyncio.timeout(120):
        while True:
            rows = (await http.get("/api/v1/deliveries")).json()["rows"]
            if rows and all(one["state"] == "sent" for one in rows):
                return
            await asyncio.sleep(0.2)


async def test_a_cloud_event_in_binary_mode_is_taken_as_one_in_structured_mode(
    watch: Midwatch,
) -> None:
    attributes = {
        "ce-specversion": "1.0", "ce-id": "e1", "ce-type": "disk.full",
        "ce-source": "/disks/n%C3%BCll", "ce-time": "2026-11-30T23:00:00Z",
    }  # fmt: skip
    async with watch.client() as http:
        data = {"severity": "warning", "summary": "9 GiB are left"}
        path = "/api/v1/alerts/cloudevents"
        taken_in = await http.post(path, json=data, headers=attributes)
        assert (taken_in.status_code, taken_in.json()["new"]) == (200, 1)
        event = {name.removeprefix("ce-"): value for name, value in attributes.items()}
        again = await http.post(path, json={**event, "source": "/disks/nüll", "data": data})
        assert again.json()["new"] == 0
        lacking = {name: value for name, value in attributes.items() if name != "ce-id"}
        refused = await http.post(path, json=data, headers=lacking)
        assert (refused.status_code, "needs id" in refused.json()["detail"]) == (422, True)
        rows = (await http.get("/api/v1/alerts?name=disk.full")).json()["rows"]
    assert [one["summary"] for one in rows] == ["9 GiB are left"]
