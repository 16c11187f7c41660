"""One question, five doors, one root cause, in both languages."""

import pytest

from tests.api.conftest import Midwatch
from tests.api.doors import DOORS, Door, by_query

QUESTIONS = [("Why is checkout failing?", "en"), ("checkout 为什么报错？", "zh")]


@pytest.mark.parametrize(("question", "language"), QUESTIONS)
@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
async def test_every_door_names_the_same_root_cause(
    midwatch: Midwatch, door: Door, question: str, language: str
) -> None:
    shape = await door(midwatch, question)
    assert shape["language"] == language
    assert shape["route"] == ["rca"]
    assert "checkout" in shape["answer"]
    assert "256Mi" in shape["answer"]
    assert "OOMKilled" in shape["answer"]
    cited = {citation["n"] for citation in shape["citations"]}
    assert cited
    assert all(f"[{n}]" in shape["answer"] for n in cited)
    assert ("已排除" in shape["answer"]) == (language == "zh")


async def test_the_answer_says_that_no_model_was_used(midwatch: Midwatch) -> None:
    shape = await by_query(midwatch, "Why is checkout failing?")
    [usage] = shape["usage"]
    assert (usage["provider"], usage["input_tokens"], usage["cost_usd"]) == ("offline", 0, 0)
    [call] = [one for one in shape["tool_calls"] if one["tool"] == "rca_investigate"]
    assert (call["server"], call["status"]) == ("rca", "ok")
    assert shape["duration_ms"] > 0


async def test_findings_and_tools_answer_without_a_model(midwatch: Midwatch) -> None:
    async with midwatch.client() as http:
        findings = (await http.get("/api/v1/findings?namespace=shop")).json()["findings"]
        cause = (await http.post("/api/v1/investigations", json={"name": "checkout"})).json()
        tools = (await http.get("/api/v1/tools")).json()["items"]
        pods = await http.post("/api/v1/tools/kubernetes_list_pods", json={"namespace": "shop"})
        away = await http.post("/api/v1/investigations", json={"namespace": "shp"})
    assert findings[0]["rule"] == "pod.oom_killed"
    assert cause["root_causes"][0]["resource"]["name"] == "checkout"
    assert {"rca_investigate", "kubernetes_list_pods"} <= {tool["name"] for tool in tools}
    assert pods.status_code == 200
    assert (away.status_code, away.json()["code"]) == (404, "not_found")
    assert "Did you mean shop?" in away.json()["detail"]


async def test_what_was_found_can_be_read_again_with_its_evidence(midwatch: Midwatch) -> None:
    async with midwatch.client() as http:
        found = (await http.post("/api/v1/rca/analyze", json={"name": "checkout"})).json()
        listed = (await http.get("/api/v1/incidents")).json()["rows"]
        kept = (await http.get(f"/api/v1/incidents/{found['incident_id']}")).json()
        away = await http.get("/api/v1/incidents/inc-0")
    assert found["incident_id"] in {one["id"] for one in listed}
    assert kept["investigation"]["root_causes"] == found["root_causes"]
    assert away.status_code == 404


async def test_a_log_is_summed_up_over_http(midwatch: Midwatch) -> None:
    asked = "/api/v1/logs/patterns?namespace=shop&name=checkout"
    async with midwatch.client() as http:
        told = (await http.get(asked)).json()
        wrong = await http.get(f"{asked}&new_since=yesterday")
    assert sum(one["count"] for one in told["patterns"]) == told["read"] > 0
    assert wrong.status_code == 422


async def test_the_mcp_endpoint_wants_a_token(midwatch: Midwatch) -> None:
    ping = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    async with midwatch.client("") as http:
        refused = await http.post("/mcp", json=ping)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Bearer")


async def test_a_caller_without_the_right_to_ask_sees_no_ask(midwatch: Midwatch) -> None:
    token = await midwatch.token_of("guest-of-mcp", "guest")
    listing = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accept = {"Accept": "application/json, text/event-stream"}
    async with midwatch.client(token, **accept) as http:
        answer = await http.post("/mcp", json=listing)
    names = {tool["name"] for tool in answer.json()["result"]["tools"]}
    assert "ask" not in names
    assert "rca_investigate" in names
    assert not any(name.startswith("kubernetes_read_logs") for name in names)


async def test_components_are_named_with_what_was_found(midwatch: Midwatch) -> None:
    async with midwatch.client() as http:
        items = (await http.get("/api/v1/health/components")).json()["items"]
        agent = (await http.get("/agui/capabilities")).json()
    found = {item["name"]: item["status"] for item in items}
    assert {found[name] for name in ("kubernetes", "prometheus", "alertmanager")} == {"ok"}
    timed = {item["name"] for item in items if item.get("response_ms", -1) >= 0}
    assert timed == {
        *("database", "kubernetes", "prometheus", "alertmanager", "knowledge base", "channels"),
    }
    assert {one["name"] for one in agent["multiAgent"]["subagents"]} == {
        "rag", "cost", "rca", "autofix", "alert_admin",
    }  # fmt: skip
