"""Programs that others wrote, unmodified, against a running Midwatch."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import Midwatch

pytestmark = pytest.mark.live

CLIENTS = Path(__file__).parent.parent / "clients"
NODE = CLIENTS / "node_modules" / ".bin" / "node"
INSPECTOR = CLIENTS / "node_modules" / ".bin" / "mcp-inspector"
QUESTIONS = ["Why is checkout failing?", "checkout 为什么报错？"]


async def run(*command: object, status: int = 0) -> str:
    """What a program prints. The service answers meanwhile: it lives in this loop."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == status, err.decode()
    return out.decode()


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


async def test_the_inspector_speaks_over_stdio() -> None:
    program = [sys.executable, "-m", "api.cli", "mcp", "--snapshot", "bad-image"]
    told = json.loads(await run(NODE, INSPECTOR, "--cli", *program, "--method", "tools/list"))
    assert "ask" in {tool["name"] for tool in told["tools"]}


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
