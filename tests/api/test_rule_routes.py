"""Rules and configurations by REST: looked through, handed out, suggested and placed."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest
import yaml

from core.http import Client
from tests.api.conftest import Midwatch, offline, served
from tests.kube.rule_world import with_definition

DOWN = "groups: [{name: web, rules: [{alert: Down, expr: up == 0, for: 5m}]}]"
WHOLE = DOWN.replace("for: 5m", "for: 5m, annotations: {summary: s, runbook_url: u}")
OF_CHECKOUT = 'http_requests_total{service="checkout"}'
CONFIG = "route: {receiver: <<who>>}\nreceivers: [{name: <<who>>}]\n"
AT = "/api/v1/alertmanager-configs/main"


@pytest.fixture(scope="module")
async def service(
    anyio_backend: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Midwatch]:
    async with served(offline(tmp_path_factory.mktemp("rules"))) as made:
        yield made


async def test_rules_are_looked_through_before_they_are_stored(service: Midwatch) -> None:
    broken = DOWN.replace("up == 0", "up ==")
    async with service.client() as http:
        found = (await http.post("/api/v1/rules/lint", json={"text": DOWN})).json()
        wrong = (await http.post("/api/v1/rules/lint", json={"text": broken})).json()
        chinese = {"text": DOWN, "language": "zh"}
        told = (await http.post("/api/v1/rules/lint", json=chinese)).json()
    assert (found["rules"], "no_summary" in {one["check"] for one in found["remarks"]}) == (1, True)
    assert "error" in wrong["counts"]
    assert told["remarks"][0]["text"] != found["remarks"][0]["text"]


async def test_a_prometheus_gets_each_file_as_it_was_stored_and_says_what_it_holds(
    service: Midwatch,
) -> None:
    async with service.client() as http:
        new = {"text": DOWN, "reason": "the first", "based_on": 0, "labels": {"team": "held"}}
        assert (await http.put("/api/v1/rules/files/held", json=new)).status_code == 200
        wanted = (await http.get("/api/v1/rules/bundle", params={"match": "team=held"})).json()
        file = (await http.get("/api/v1/rules/bundle/held/1")).json()
        at = "/api/v1/rules/targets/eu"
        holds = {"state": "in_step", "match": "team=held", "digest": wanted["digest"], "files": 1}
        held = (await http.post(at, json=holds)).json()
        other = (await http.post(at, json={**holds, "digest": "0" * 64})).json()
        late = (await http.get("/api/v1/rules/bundle/held/9")).status_code
    assert (file["text"], late) == (DOWN, 404)
    assert (held["state"], other["state"]) == ("in_step", "behind")


async def test_rules_are_suggested_for_an_objective_a_threshold_and_words(
    service: Midwatch,
) -> None:
    async with service.client() as http:
        objective = {
            "name": "checkout", "objective_percent": 99.0, "window": "PT6H",
            "errors": f"sum(rate({OF_CHECKOUT[:-1]},code=~\"5..\"}}[$window]))",
            "total": f"sum(rate({OF_CHECKOUT}[$window]))",
        }  # fmt: skip
        slo = await http.post("/api/v1/rules/suggest/slo", json=objective)
        past = {"name": "Busy", "expression": f"sum(rate({OF_CHECKOUT}[5m]))", "window": "PT6H"}
        threshold = (await http.post("/api/v1/rules/suggest/threshold", json=past)).json()
        words = {"words": "memory of containers", "window": "PT6H"}
        said = (await http.post("/api/v1/rules/suggest/words", json=words)).json()
        assert (await http.get("/api/v1/rules/files/checkout")).status_code == 404
    assert "slo:error_ratio:rate5m" in slo.json()["text"]
    assert f"> {threshold['suggested']['value']}" in threshold["text"]
    assert said["choices"][0]["metric"] == "container_memory_working_set_bytes"
    assert {"memory", "containers"} >= set(said["choices"][0]["by"]) > set()


async def test_a_placement_is_kept_and_planned_where_the_operator_is_and_not_elsewhere(
    service: Midwatch,
) -> None:
    at = "/api/v1/rules/placements/shop"
    async with service.client() as http:
        body = {"namespace": "shop", "match": "team=web", "labels": {"release": "prometheus"}}
        made = (await http.put(at, json=body)).json()
        refused = await http.post(f"{at}/plan")
        await with_operator(service)
        new = {"text": WHOLE, "reason": "the first", "based_on": 0, "labels": {"team": "web"}}
        assert (await http.put("/api/v1/rules/files/placed", json=new)).status_code == 200
        plans = (await http.post(f"{at}/plan")).json()["plans"]
        gone = (await http.delete(at)).json()
        twice = await http.delete(at)
    assert (made["namespace"], made["labels"]) == ("shop", {"release": "prometheus"})
    assert (refused.status_code, "midwatch sync" in refused.json()["detail"]) == (404, True)
    assert [one["fix"] for one in plans] == ["fix.alert_rule"]
    assert (gone["left"], twice.status_code) == ([], 404)


async def with_operator(service: Midwatch) -> None:
    """The practice cluster learns what a PrometheusRule is, as by the Prometheus operator."""
    config = service.opened.settings.kubernetes.kubeconfig
    assert config is not None
    told = yaml.safe_load(config.read_text())
    [cluster], [user] = told["clusters"], told["users"]
    held = {"Authorization": f"Bearer {user['user'].get('token', '')}"}
    with httpx2.Client(base_url=cluster["cluster"]["server"], headers=held) as kubernetes:
        await asyncio.to_thread(with_definition, kubernetes)


async def test_a_configuration_is_checked_tried_and_compared_by_rest(service: Midwatch) -> None:
    async with service.client() as http:
        first = await stored(http, "ops", 0)
        checked = (await http.post(f"{AT}/check", json={"values": {"who": "web"}})).json()
        tried = (await http.post(f"{AT}/dry-run", json={"values": {"who": "web"}})).json()
        second = await stored(http, "web", 1)
        shown = (await http.get(AT)).json()
        read = (await http.get(f"{AT}/rendered")).json()
        differ = (await http.get(f"{AT}/diff")).json()
        versions = (await http.get(f"{AT}/versions")).json()["rows"]
    assert (first, second, shown["defaults"]) == (1, 2, {"who": "web"})
    assert "+  receiver: web" in checked["lines"]
    assert tried["alerts"] == 0
    assert (read["version"], "receiver: web" in read["text"]) == (2, True)
    assert differ["lines"] == checked["lines"]
    assert [one["version"] for one in versions] == [2, 1]


async def stored(http: Client, who: str, based_on: int) -> int:
    body = {"text": CONFIG, "reason": "test", "based_on": based_on, "values": {"who": who}}
    answer = await http.put(AT, json=body)
    assert answer.status_code == 200, answer.text
    return int(answer.json()["version"])
