"""What is refused at each door is said in the language of whoever asked."""

import re
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp.types import TextContent

from tests.api.conftest import Midwatch
from tests.api.doors import ANSWER_S

CHINESE = {"Accept-Language": "zh-CN,zh;q=0.9"}
HAN = re.compile(r"[一-鿿]")


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("/api/v1/query", {"question": ""}, "body/question 至少应有 1 个字符"),
        ("/api/v1/query", {}, "body/question 必须填写"),
        ("/api/v1/channels", {"name": "x", "kind": "webhook", "settings": 3}, "body/settings 应为对象"),
        ("/api/v1/query", {"question": 3}, "body/question 应为字符串"),
        ("/api/v1/query", {"question": "x", "langage": "zh"}, "没有字段 'langage'。您要写的是 'language' 吗？"),
        ("/api/v1/autofix/plan", {"replicas": "many"}, "body/replicas 应为整数"),
        ("/api/v1/autofix/plan", {"change": "explode"}, "body/change 可选值：scale, "),
        ("/api/v1/autofix/plan", {"name": "x", "change": "resources", "resources": ["512Mi"]}, "看不懂 `512Mi`"),
    ],
)  # fmt: skip
async def test_a_field_that_is_not_taken_is_told_in_chinese(
    midwatch: Midwatch, path: str, body: dict[str, Any], told: str
) -> None:
    async with midwatch.client(**CHINESE) as http:
        answer = await http.post(path, json=body)
    assert answer.status_code == 422
    assert told in answer.json()["detail"]
    assert "nput should" not in answer.text


async def test_what_is_no_payload_of_its_sender_is_told_in_chinese(midwatch: Midwatch) -> None:
    posts: list[tuple[str, Any, str]] = [
        ("alertmanager", [], "请求体 不是 JSON 对象"),
        ("alertmanager", {"alerts": 1}, "alerts 不是数组"),
        ("alertmanager", {"alerts": [{"labels": {}}]}, "alerts.0.labels 为空"),
        ("cloudevents", {"id": "1"}, "CloudEvent 缺少 specversion"),
        ("generic", {"status": "firing"}, "alertname 处没有可作为告警名称的值"),
    ]
    async with midwatch.client(**CHINESE) as http:
        for source, body, told in posts:
            answer = await http.post(f"/api/v1/alerts/{source}", json=body)
            assert answer.status_code == 422, answer.text
            assert told in answer.json()["detail"]


async def test_the_openai_door_refuses_in_chinese(midwatch: Midwatch) -> None:
    asked: dict[str, Any] = {"model": "gpt-x", "messages": [{"role": "user", "content": "hi"}]}
    async with midwatch.client(**CHINESE) as http:
        unknown = (await http.post("/v1/chat/completions", json=asked)).json()
        nobody = (await http.post("/v1/chat/completions", json={**asked, "messages": []})).json()
        response = (await http.post("/v1/responses", json={"model": "gpt-x", "input": "hi"})).json()
    assert unknown["error"]["message"] == "这里没有模型 'gpt-x'。请使用 'midwatch'。"
    assert unknown["error"]["code"] == "model_not_found"
    assert "至少应有 1 项" in nobody["error"]["message"]
    assert response["error"]["message"] == unknown["error"]["message"]


async def test_an_answer_to_nothing_that_waits_is_refused_in_chinese(midwatch: Midwatch) -> None:
    given = {"threadId": "thr_nowhere", "runId": "r", "messages": [], "state": {}, "tools": []}
    resume = [{"interruptId": "apr_x", "status": "resolved", "payload": {"approved": True}}]
    async with midwatch.client(**CHINESE) as http:
        answer = await http.post("/agui", json={**given, "context": [], "resume": resume})
    assert "这个对话里没有可以继续的内容。请直接提问。" in answer.text


async def test_mcp_refuses_in_the_language_that_its_client_asks_for(midwatch: Midwatch) -> None:
    headers = {"Authorization": f"Bearer {midwatch.token}", **CHINESE}
    async with httpx2.AsyncClient(headers=headers, verify=False, timeout=ANSWER_S) as http:
        transport = streamable_http_client(f"{midwatch.address}/mcp", http_client=http)
        async with Client(transport) as client:
            empty = await client.call_tool("ask", {"question": " "})
            unknown = await client.call_tool("kubernetes_no_such_tool", {})
            missing = await client.call_tool(
                "autofix_plan", {"change": "scale", "name": "checkout"}
            )
            with pytest.raises(MCPError) as caught:
                await client.get_prompt("no_such_prompt", {})
    for refused in (empty, unknown, missing):
        assert refused.is_error
        [told] = [one for one in refused.content if isinstance(one, TextContent)]
        assert HAN.search(told.text), told.text
    assert HAN.search(str(caught.value))
