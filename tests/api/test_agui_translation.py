"""The stream is AG-UI 1.0 as the public package understands it."""

from datetime import UTC, datetime
from typing import Any

import jsonpatch
import orjson
from ag_ui.core import Event as AnyEvent
from pydantic import TypeAdapter

from agent.events import (
    Citation,
    Done,
    Event,
    FellBack,
    Planned,
    PlanStep,
    SubagentFinished,
    SubagentStarted,
    Token,
    ToolFinished,
    ToolStarted,
    Usage,
)
from api.agui.translation import frames, wire_events
from api.turns.runs import Ending, Interrupted, Run, broken
from core.errors import UpstreamUnavailable

AG_UI = TypeAdapter(AnyEvent)
OFFLINE = Usage("offline", "rules", 0, 0, 0.0)
EVIDENCE = Citation(1, "event", "shop/checkout-1", "OOMKilled", datetime(2026, 11, 1, tzinfo=UTC))
CALL = ("c1", "rca", "rca_investigate", {"namespace": "shop"})


def plan(*statuses: str) -> Planned:
    steps = [PlanStep(f"step {n}", status) for n, status in enumerate(statuses)]  # pyright: ignore[reportArgumentType]
    return Planned(tuple(steps))


TURN: list[Event] = [
    plan("in_progress", "pending"),
    SubagentStarted("s1", "rca", "it asks why"),
    ToolStarted(*CALL, "s1"),
    ToolFinished(*CALL, "ok", 12, "root cause: memory", {"verdict": "found"}, 5, "s1"),
    SubagentFinished("s1", "rca", "ok"),
    plan("done", "in_progress"),
    Token("m1", "The container "),
    Token("m1", "ran out of memory [1]."),
    OFFLINE,
    Done("m1", "The container ran out of memory [1].", "en", ("rca",), (EVIDENCE,), (OFFLINE,)),
]


def finished(events: list[Event], ending: Ending = Ending.DONE, error: Any = None) -> Run:
    run = Run("r1", "t1", "ann", "why?")
    for event in events:
        run.append(event)
    run.end(ending, error)
    return run


async def told(run: Run) -> list[dict[str, Any]]:
    """The stream as a client reads it, every event checked by the public package."""
    events = [orjson.loads(orjson.dumps(event)) async for event in wire_events(run)]
    for event in events:
        AG_UI.validate_python(event)
    return events


def types(events: list[dict[str, Any]]) -> list[str]:
    return [event["type"] for event in events]


async def test_a_turn_is_told_in_order() -> None:
    assert types(await told(finished(TURN))) == [
        "RUN_STARTED",
        "STATE_SNAPSHOT",
        "STATE_DELTA",
        "SUBAGENT_STARTED",
        "TOOL_CALL_START",
        "TOOL_CALL_ARGS",
        "TOOL_CALL_END",
        "TOOL_CALL_RESULT",
        "SUBAGENT_FINISHED",
        "STATE_DELTA",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "ACTIVITY_SNAPSHOT",
        "RUN_FINISHED",
    ]


async def test_the_plan_follows_the_patches() -> None:
    state: dict[str, Any] = {}
    for event in await told(finished(TURN)):
        state = event.get("snapshot", state)
        state = (
            jsonpatch.apply_patch(state, event.get("delta", []))
            if "STATE" in event["type"]
            else state
        )
    assert [step["status"] for step in state["plan"]] == ["done", "in_progress"]


async def test_a_tool_call_says_where_how_long_and_how_large() -> None:
    [result] = [e for e in await told(finished(TURN)) if e["type"] == "TOOL_CALL_RESULT"]
    assert result["content"] == "root cause: memory"
    assert result["metadata"] == {
        "status": "ok",
        "durationMs": 12,
        "server": "rca",
        "subagent": "s1",
        "cacheHit": False,
        "resultTokens": 5,
    }


async def test_citations_arrive_as_sources_of_their_message() -> None:
    [sources] = [e for e in await told(finished(TURN)) if e["type"] == "ACTIVITY_SNAPSHOT"]
    assert sources["activityType"] == "sources"
    assert sources["content"]["messageId"] == "m1"
    assert sources["content"]["citations"][0]["ref"] == "shop/checkout-1"


async def test_the_end_names_the_model_and_the_route() -> None:
    end = (await told(finished(TURN)))[-1]
    assert end["outcome"] == {"type": "success"}
    assert end["usage"][0] | {"provider": "offline", "model": "rules"} == end["usage"][0]
    assert end["result"]["route"] == ["rca"]


async def test_an_answer_that_was_not_streamed_is_still_said() -> None:
    events = await told(finished([Done("m9", "All is well.", "en", ("rca",))]))
    assert [e["delta"] for e in events if e["type"] == "TEXT_MESSAGE_CONTENT"] == ["All is well."]


async def test_an_answer_revised_after_streaming_is_sent_again() -> None:
    events = await told(finished([Token("m1", "Bad [7]."), Done("m1", "Bad.", "en", ("rca",))]))
    [revised] = [e for e in events if e["type"] == "CUSTOM"]
    assert revised["value"] == {"messageId": "m1", "answer": "Bad."}


async def test_a_cancelled_run_leaves_nothing_open() -> None:
    events = await told(finished([*TURN[:3], Token("m1", "so far")], Ending.CANCELLED))
    assert types(events)[-4:] == [
        "TEXT_MESSAGE_END",
        "TOOL_CALL_RESULT",
        "SUBAGENT_ERROR",
        "RUN_FINISHED",
    ]
    assert events[-1]["outcome"] == {"type": "cancelled"}


async def test_a_failed_run_says_why_in_the_language_of_its_question() -> None:
    run = finished(TURN[:2], Ending.FAILED, broken())
    run.question = "checkout 为什么挂了"
    end = (await told(run))[-1]
    assert (end["code"], end["message"]) == ("internal", "Midwatch 内部出错，详情见其日志。")


async def test_a_failed_run_says_why_with_a_stable_code() -> None:
    error = UpstreamUnavailable("The model did not answer.", hint="Ask again.")
    end = (await told(finished(TURN[:2], Ending.FAILED, error)))[-1]
    assert end["type"] == "RUN_ERROR"
    assert (end["code"], end["message"]) == (
        "upstream_unavailable",
        "The model did not answer. Ask again.",
    )


async def test_a_stopped_run_says_that_it_was_interrupted() -> None:
    end = (await told(finished(TURN[:2], Ending.STOPPED, Interrupted("Midwatch is stopping."))))[-1]
    assert end["code"] == "interrupted"


async def test_event_ids_increase_and_a_resume_gives_exactly_the_rest() -> None:
    run = finished(TURN)
    whole = [frame async for frame in frames(run)]
    assert [int(frame.split(b"\n")[0][4:]) for frame in whole] == list(range(1, len(whole) + 1))
    assert [frame async for frame in frames(run, after=6)] == whole[6:]


async def test_a_model_that_steps_in_is_told_where_it_happened() -> None:
    fell = FellBack("s1", "anthropic/claude", "openai/local", "the provider is overloaded")
    events = await told(finished([*TURN[:2], fell, *TURN[2:]]))
    [custom] = [event for event in events if event["type"] == "CUSTOM"]
    assert custom["name"] == "model_fallback"
    assert custom["value"] == {
        "failed": "anthropic/claude",
        "asked": "openai/local",
        "why": "the provider is overloaded",
        "subagentRunId": "s1",
    }


async def test_figures_of_money_arrive_as_a_chart_that_is_its_own_table() -> None:
    rows = [{"name": "shop", "cost": 4.5, "unused_cost": 1.0}]
    data = {"rows": rows, "start": "2026-01-01", "end": "2026-01-02", "currency": "USD"}
    call = ("c2", "budgets", "budgets_spend", {"by": "namespace"})
    events: list[Event] = [
        ToolStarted(*call, "s1"),
        ToolFinished(*call, "ok", 12, "4.5 USD", data, 5, "s1"),
        Done("m1", "shop cost 4.5 USD.", "en", ("cost",), (), (OFFLINE,)),
    ]
    [chart] = [e for e in await told(finished(events)) if e["type"] == "ACTIVITY_SNAPSHOT"]
    assert (chart["activityType"], chart["messageId"]) == ("chart", "m1-chart-c2")
    assert chart["content"]["toolCallId"] == "c2"
    assert chart["content"]["rows"] == [["shop", 4.5, 1.0]]
    assert chart["content"]["columns"] == ["what", "cost", "asked for, not used"]
