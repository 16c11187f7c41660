"""Every model call is on record with who asked, what it took and how it ended, whatever happens."""

import asyncio
import json
import signal
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from agent.events import ModelCall, Tokens
from core.clock import utc_now
from core.http import client
from core.storage.database import Database
from core.storage.repositories.usage import Usage
from evals.providers.saying import Say
from evals.providers.serving import provider_serving
from tests.api.conftest import Stage
from tests.api.doors import printed
from tests.storage.test_usage import CALL as MODEL_CALL
from tests.test_start import address, command, environment, signed_in, up

AT = datetime(2026, 11, 1, tzinfo=UTC)
CALL = ModelCall(
    AT, "rca", "openai", "m", "ok", Tokens(100, 20, cache_read=60), 300, 40, Decimal("0.25")
)
QUESTION = {"question": "Why is checkout failing?", "thread_id": "t1"}


async def calls(stage: Stage, query: str = "", *, at_least: int = 1) -> dict[str, Any]:
    """The page of calls, once they were written."""
    async with stage.client() as http:
        for _ in range(500):
            page = (await http.get(f"/api/v1/usage/calls{query}")).json()
            if len(page["items"]) >= at_least:
                break
            await asyncio.sleep(0.02)
    return page


async def test_a_call_is_listed_with_who_asked_and_by_which_request(stage: Stage) -> None:
    stage.script.calls = [CALL]
    async with stage.client(**{"X-Request-Id": "from-the-proxy"}) as http:
        await http.post("/api/v1/query", json=QUESTION)
    [call] = (await calls(stage))["items"]
    assert (call["subject"], call["thread_id"], call["subagent"]) == ("admin", "t1", "rca")
    assert (call["request_id"], call["outcome"]) == ("from-the-proxy", "ok")
    assert (call["input_tokens"], call["cache_read_tokens"], call["cost_usd"]) == (100, 60, 0.25)
    assert (call["first_token_ms"], call["duration_ms"]) == (40, 300)
    assert (call["unpriced"], call["prompt"]) == (False, None)


async def test_calls_are_listed_in_pages_and_by_thread(stage: Stage) -> None:
    stage.script.calls = [CALL] * 3
    async with stage.client() as http:
        for thread in ("t1", "t2"):
            await http.post("/api/v1/query", json={**QUESTION, "thread_id": thread})
    await calls(stage, at_least=6)
    first = await calls(stage, "?limit=4")
    rest = await calls(stage, f"?limit=4&cursor={first['next_cursor']}")
    mine = await calls(stage, "?thread_id=t2")
    assert (len(first["items"]), len(rest["items"]), rest["next_cursor"]) == (4, 2, "")
    assert [one["thread_id"] for one in mine["items"]] == ["t2"] * 3


async def test_the_command_line_sums_what_a_running_service_used(stage: Stage) -> None:
    stage.script.calls = [CALL] * 2
    async with stage.client() as http:
        await http.post("/api/v1/query", json=QUESTION)
    await calls(stage, at_least=2)
    told = await printed(
        "usage", "--days", "366", "-o", "json", "--server", stage.address, "--token", stage.token
    )
    [total] = told["items"]
    assert (total["model"], total["calls"], total["cost_usd"]) == ("m", 2, 0.5)


async def test_calls_are_summed_by_model(stage: Stage) -> None:
    stage.script.calls = [CALL, CALL]
    async with stage.client() as http:
        await http.post("/api/v1/query", json=QUESTION)
        await calls(stage, at_least=2)
        [total] = (await http.get("/api/v1/usage?days=366")).json()["items"]
    assert (total["model"], total["calls"], total["turns"]) == ("m", 2, 1)
    assert (total["cost_usd"], total["unpriced"]) == (0.5, 0)


async def test_who_may_not_read_usage_gets_none(stage: Stage) -> None:
    token = await stage.token_of("bob", "user")
    async with stage.client(token) as http:
        assert (await http.get("/api/v1/usage/calls")).status_code == 403


def rows(data_dir: Path) -> list[sqlite3.Row]:
    with closing(sqlite3.connect(data_dir / "midwatch.db")) as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute("SELECT * FROM model_usage ORDER BY number").fetchall()


def run(data_dir: Path, *arguments: str) -> str:
    done = subprocess.run(
        command("usage", *arguments),
        cwd=data_dir,
        env=environment(data_dir),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


async def test_the_command_line_sums_up_what_models_cost(tmp_path: Path) -> None:
    assert run(tmp_path, "--days", "7") == "No model was asked in the last 7 days.\n"
    now = replace(MODEL_CALL, created_at=utc_now())
    own = replace(now, model="own", cost_usd=None, subject="bob")
    opened = Database.opened(f"sqlite:///{tmp_path}/midwatch.db")
    async with opened as database, database.session() as session:
        await Usage(session).add([now, now, replace(now, cost_usd=None, outcome="cut"), own])
    head, dear, unpriced = run(tmp_path).splitlines()
    assert head.split() == ["model", "calls", "failed", "input", "cached", "output", "USD"]
    assert dear.split() == [
        *["openai/m", "3", "1", "300", "180", "60", "0.5000", "+", "1", "unpriced"]
    ]
    assert unpriced.split() == [*["openai/own", "1", "0", "100", "60", "20", "unpriced"]]
    told = json.loads(run(tmp_path, "--user", "bob", "-o", "json"))
    assert [(one["model"], one["unpriced"]) for one in told["items"]] == [("own", 1)]


async def test_a_service_that_is_told_to_stop_loses_no_call(tmp_path: Path) -> None:
    script = (
        Say("", [("kubernetes_list_pods", {"namespace": "shop"})]),
        Say("word " * 400, drip_s=0.05),
    )
    with provider_serving(*script) as provider:
        variables = {
            "ANTHROPIC_API_KEY": "key-x",
            "ANTHROPIC_BASE_URL": provider.base_url,
            "MIDWATCH_LLM__MODEL": "claude-haiku-4-5",
        }
        with up(tmp_path, **variables) as (process, link):
            async with client(address(link), timeout_s=120) as http:
                await signed_in(http, link)
                asking = asyncio.create_task(http.post("/api/v1/query", json=QUESTION))
                for _ in range(1000):
                    if len(provider.requests) == 2:
                        break
                    await asyncio.sleep(0.02)
                provider.speaking.clear()
                assert await asyncio.to_thread(provider.speaking.wait, 30)
                process.send_signal(signal.SIGTERM)
                await asyncio.wait([asking])
                assert await asyncio.to_thread(process.wait, 15) == 0
    first, cut = rows(tmp_path)
    assert (first["outcome"], first["input_tokens"], first["estimated"]) == ("ok", 100, 0)
    assert first["cost_usd"] == 0.0002
    assert (cut["outcome"], cut["estimated"]) == ("cancelled", 1)
    assert cut["input_tokens"] > 1000
    assert (cut["subject"], cut["conversation_id"], cut["subagent"]) == ("admin", "t1", "rca")
    assert cut["prompt"] is None


async def test_texts_are_kept_where_that_is_configured_and_each_message_once(
    tmp_path: Path,
) -> None:
    script = (
        Say("", [("kubernetes_list_pods", {"namespace": "shop"})]),
        Say("The password=hunter2hunter2 is shown."),
    )
    with provider_serving(*script) as provider:
        variables = {
            "OPENAI_API_KEY": "key-x",
            "OPENAI_BASE_URL": f"{provider.base_url}/v1",
            "MIDWATCH_USAGE__TEXTS": "true",
        }
        with up(tmp_path, **variables) as (process, link):
            async with client(address(link), timeout_s=120) as http:
                await signed_in(http, link)
                await http.post("/api/v1/query", json=QUESTION)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 15) == 0
    first, second = rows(tmp_path)
    assert "Why is checkout failing?" in first["prompt"]
    assert "Why is checkout failing?" not in second["prompt"]
    assert "tool_data" in second["prompt"]
    assert "The password" in second["reply"]
    assert "hunter2" not in second["reply"]
