"""Log lines are one form and hold no secret; each Midwatch counts for itself."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from core.telemetry import Metrics, configure_logging, logger


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_our_lines_and_a_librarys_lines_have_one_form() -> None:
    stream = io.StringIO()
    configure_logging("json", stream=stream)
    logger("api.turns").info("turn.finished", thread_id="t1")
    logging.getLogger("library").warning("slow: %s", "disk")
    ours, theirs = lines(stream)
    assert (ours["event"], ours["thread_id"], ours["level"]) == ("turn.finished", "t1", "info")
    assert (theirs["event"], theirs["logger"], theirs["level"]) == (
        "slow: disk",
        "library",
        "warning",
    )


def test_secrets_do_not_reach_the_log() -> None:
    stream = io.StringIO()
    configure_logging("json", stream=stream)
    logger("x").info("failed", password="hunter2", url="redis://:hunter2@cache")
    logging.getLogger("library").warning("connecting with password=%s", "hunter2")
    assert "hunter2" not in stream.getvalue()


def test_lines_below_the_level_are_not_written() -> None:
    stream = io.StringIO()
    configure_logging("pretty", "warning", stream=stream)
    logger("x").info("quiet")
    logger("x").warning("loud", pods=3)
    assert "quiet" not in stream.getvalue()
    assert "loud" in stream.getvalue()
    assert "pods=3" in stream.getvalue()


def test_an_exception_is_told_with_its_traceback() -> None:
    stream = io.StringIO()
    configure_logging("json", stream=stream)
    try:
        int("http")
    except ValueError:
        logger("x").exception("start.failed")
    assert "ValueError: invalid literal" in lines(stream)[0]["exception"]


def test_what_happened_is_counted() -> None:
    metrics = Metrics()
    metrics.turn_started()
    metrics.turn_finished("rca", "ok", 0.2)
    metrics.tool_called("rca", "rca_investigate", "ok", 0.01)
    metrics.model_used("openai", "m", input_tokens=10, output_tokens=2, cost_usd=0.5)
    metrics.request_answered("GET", "/livez", 200, 0.001)
    text = metrics.exposition().decode()
    for line in (
        'midwatch_turns_total{status="ok",subagent="rca"} 1.0',
        "midwatch_turns_running 0.0",
        'midwatch_tool_calls_total{server="rca",status="ok",tool="rca_investigate"} 1.0',
        'midwatch_model_tokens_total{direction="input",model="m",provider="openai"} 10.0',
        'midwatch_model_cost_usd_total{model="m",provider="openai"} 0.5',
        'midwatch_http_requests_total{method="GET",route="/livez",status="200"} 1.0',
    ):
        assert line in text.splitlines()


def test_a_model_without_a_price_is_not_counted_as_free() -> None:
    metrics = Metrics()
    metrics.model_used("openai", "m", input_tokens=1, output_tokens=1, cost_usd=None)
    assert "midwatch_model_cost_usd_total{" not in metrics.exposition().decode()


def test_two_in_one_process_do_not_mix() -> None:
    one, two = Metrics(), Metrics()
    one.turn_started()
    assert "midwatch_turns_running 0.0" in two.exposition().decode()
