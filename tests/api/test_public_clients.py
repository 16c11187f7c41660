"""Programs that others wrote, unmodified, against a running Midwatch."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import Midwatch
from tests.api.repairs import QUESTION, repairing
from tests.programs import CLIENTS, NODE, ended

pytestmark = pytest.mark.live

INSPECTOR = CLIENTS / "node_modules" / ".bin" / "mcp-inspector"
REMOTE = CLIENTS / "node_modules" / "mcp-remote" / "dist" / "proxy.js"
QUESTIONS = ["Why is checkout failing?", "checkout 为什么报错？"]


async def run(*command: object, status: int = 0) -> str:
    """What a program prints that leaves with `status`."""
    left, out, err = await ended(*command)
    assert left == status, err
    return out


async def inspected(midwatch: Midwatch, *arguments: str, status: int = 0) -> dict[str, Any]:
    reach = ["--cli", f"{midwatch.address}/mcp", "--transport", "http"]
    header = ["--header", f"Authorization: Bearer {midwatch.token}"]
    told = await run(NODE, INSPECTOR, *reach, *header, *arguments, status=status)
    return json.loads(told)


@pytest.mark.parametrize("question", QUESTIONS)
async def test_the_public_agui_client_hears_the_whole_turn(
    midwatch: Midwatch, question: str
) -> None:
    script = CLIENTS / "agui.mjs"
    told = json.loads(await run(NODE, script, f"{midwatch.address}/agui", midwatch.token, question))
    assert told["outcome"] == {"type": "success"}
    assert "256Mi" in told["answer"]
    assert {step["status"] for step in told["plan"]} <= {"done", "skipped"}
    assert told["sources"]
    assert told["types"]["TOOL_CALL_RESULT"] == told["types"]["TOOL_CALL_START"]
    assert told["types"]["SUBAGENT_STARTED"] == told["types"]["SUBAGENT_FINISHED"]


@pytest.mark.parametrize(("approved", "done"), [("yes", 1), ("no", 0)])
async def test_the_public_agui_client_is_interrupted_and_resumes_once(
    tmp_path: Path, approved: str, done: int
) -> None:
    async with repairing(tmp_path) as repairs:
        script, address = CLIENTS / "interrupt.mjs", f"{repairs.address}/agui"
        told = json.loads(await run(NODE, script, address, repairs.token, QUESTION, approved))
        assert len(repairs.ledger.done) == done
    assert told["asked"] == "interrupt"
    [waiting] = told["waiting"]
    assert waiting["expiresAt"]
    assert "autofix_restart" in json.dumps(waiting)
    assert "not addressed by resume" in told["without"]
    assert told["after"] == told["again"] == {"type": "success"}
    assert told["left"] == 0


async def test_the_inspector_lists_tools_with_clean_schemas(midwatch: Midwatch) -> None:
    listed = await inspected(midwatch, "--method", "tools/list", "--strict")
    names = {tool["name"] for tool in listed["tools"]}
    assert {"ask", "rca_investigate", "kubernetes_list_pods"} <= names


@pytest.mark.parametrize("question", QUESTIONS)
async def test_the_inspector_asks(midwatch: Midwatch, question: str) -> None:
    call = ["--method", "tools/call", "--tool-name", "ask", "--tool-arg", f"question={question}"]
    told = await inspected(midwatch, *call)
    assert "256Mi" in told["structuredContent"]["answer"]
    assert told["structuredContent"]["citations"]


async def test_the_inspector_finds_prompts_resources_and_the_view_of_a_tool(
    midwatch: Midwatch,
) -> None:
    prompts = await inspected(midwatch, "--method", "prompts/list")
    assert {one["name"] for one in prompts["prompts"]} >= {"rca", "cost_review", "postmortem"}
    given = ["--prompt-name", "rca", "--prompt-args", "workload=checkout"]
    filled = await inspected(midwatch, "--method", "prompts/get", *given)
    assert "why checkout fails" in filled["messages"][0]["content"]["text"]
    listed = await inspected(midwatch, "--method", "resources/list")
    assert "midwatch://runbooks" in {one["uri"] for one in listed["resources"]}
    page = await inspected(midwatch, "--method", "resources/read", "--uri", "midwatch://runbooks")
    assert json.loads(page["contents"][0]["text"])["rows"]
    probe = ["--tool-name", "prometheus_query_range", "--app-info"]
    app = await inspected(midwatch, "--method", "tools/call", *probe)
    assert app["resourceUri"] == "ui://midwatch/chart.html"
    view = await inspected(midwatch, "--method", "resources/read", "--uri", app["resourceUri"])
    assert view["contents"][0]["mimeType"] == "text/html;profile=mcp-app"


@pytest.mark.parametrize("method", ["tools/list", "prompts/list", "resources/list"])
async def test_the_inspector_speaks_over_stdio(method: str) -> None:
    program = [sys.executable, "-m", "api.cli", "mcp", "--snapshot", "bad-image"]
    told = json.loads(await run(NODE, INSPECTOR, "--cli", *program, "--method", method))
    kind = method.partition("/")[0]
    wanted = {"tools": "ask", "prompts": "rca", "resources": "incidents"}[kind]
    assert wanted in {one["name"] for one in told[kind]}


async def test_the_public_bridge_carries_an_editor_without_http_to_a_running_midwatch(
    midwatch: Midwatch, tmp_path: Path
) -> None:
    header = "Authorization: Bearer ${MIDWATCH_TOKEN}"
    words = [str(REMOTE), f"{midwatch.address}/mcp", "--allow-http", "--header", header]
    entry = {"command": str(NODE), "args": words, "env": {"MIDWATCH_TOKEN": midwatch.token}}
    file = tmp_path / "mcp.json"
    file.write_text(json.dumps({"mcpServers": {"midwatch": entry}}))
    reach = ["--cli", "--config", file, "--server", "midwatch", "--method", "tools/call"]
    call = ["--tool-name", "rca_investigate", "--tool-arg", "namespace=shop"]
    told = json.loads(await run(NODE, INSPECTOR, *reach, *call))
    assert "256Mi" in told["content"][0]["text"]


@pytest.mark.parametrize("question", QUESTIONS)
async def test_the_public_openai_client_for_node_streams_both_interfaces(
    midwatch: Midwatch, question: str
) -> None:
    script, address = CLIENTS / "openai.mjs", f"{midwatch.address}/v1"
    told = json.loads(await run(NODE, script, address, midwatch.token, question))
    assert told["types"]["response.created"] == told["types"]["response.completed"] == 1
    assert told["output"] == ["reasoning", "message"]
    assert "256Mi" in told["answer"]
    assert "256Mi" in told["chat"]
    assert told["finish"] == "stop"
    assert told["wrong"] == {"status": 404, "code": "model_not_found"}


async def test_the_public_ai_sdk_shows_the_work_as_reasoning(midwatch: Midwatch) -> None:
    script, address = CLIENTS / "aisdk.mjs", f"{midwatch.address}/v1"
    told = json.loads(await run(NODE, script, address, midwatch.token, QUESTIONS[0]))
    assert "256Mi" in told["text"]
    assert "rca_investigate(" in told["reasoning"]
    assert told["finish"] == "stop"
    assert "error" not in told["parts"]
