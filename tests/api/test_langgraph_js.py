"""LangGraph's client for JavaScript, unmodified, against a running Midwatch."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import Midwatch
from tests.api.repairs import QUESTION, repairing
from tests.programs import CLIENTS, NODE, ended

pytestmark = pytest.mark.live
SCRIPT = CLIENTS / "langgraph.mjs"


async def told_by(midwatch: Midwatch, *arguments: str) -> dict[str, Any]:
    address = f"{midwatch.address}/langgraph"
    left, out, err = await ended(NODE, SCRIPT, address, midwatch.token, *arguments)
    assert left == 0, err
    return json.loads(out)


@pytest.mark.parametrize("question", ["Why is checkout failing?", "checkout 为什么报错？"])
async def test_the_javascript_client_streams_and_reads_the_same_thread(
    midwatch: Midwatch, question: str
) -> None:
    told = await told_by(midwatch, question)
    assert set(told["events"]) == {"metadata", "values", "messages", "updates", "custom"}
    assert "256Mi" in told["last"]["messages"][-1]["content"]
    assert told["state"] == told["last"]
    assert (told["history"], told["again"], told["next"]) == (3, 2, [])
    assert told["run"]["thread_id"]
    assert (told["found"], told["title"]) == (True, question)
    assert (told["cancelled"], told["gone"]) == ("interrupted", 404)


@pytest.mark.parametrize(("decision", "done"), [("approve", 1), ("reject", 0)])
async def test_the_javascript_client_is_interrupted_and_resumes(
    tmp_path: Path, decision: str, done: int
) -> None:
    async with repairing(tmp_path) as repairs:
        told = await told_by(repairs, QUESTION, decision)
        assert len(repairs.ledger.done) == done
    assert told["waiting"] == ["autofix_restart"]
    assert told["next"] == ["approval"]
    assert "__interrupt__" not in told["last"]
