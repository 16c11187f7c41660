"""Questions about much at once: kinds of events and errors, and what is pasted under a question."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.asked import Asked
from agent.events import ToolFinished
from agent.graph import Assistant
from agent.planning_patterns import in_patterns, pasted_log, pasted_table
from tests.agent.turns import ask

LOG = "\n".join(
    f"2026-11-20T10:00:{n:02}Z {'ERROR' if n % 3 else 'INFO'} request {n} took {n}ms"
    for n in range(12)
)
TABLE = "timestamp,value\n" + "\n".join(
    f"{1_700_000_000 + 60 * n},{100 if n == 55 else 5 + n % 3}" for n in range(60)
)


@pytest.mark.parametrize(
    ("question", "tool", "facts"),
    [
        ("Summarise the events in namespace shop", "rca_event_patterns", ["kinds", "BackOff"]),
        ("汇总一下 shop 命名空间的事件", "rca_event_patterns", ["归为", "BackOff"]),
        ("Summarise the errors in the logs of namespace shop", "rca_error_summary", ["kinds of"]),
        ("shop 命名空间里有哪些报错，汇总一下", "rca_error_summary", ["报错归为"]),
        (f"Summarise this log:\n```\n{LOG}\n```", "rca_log_patterns", ["Your 12 lines", "request"]),
        (f"这段日志里有哪些模式：\n{LOG}", "rca_log_patterns", ["这 12 行日志归为"]),
        (f"Which of these values are anomalous?\n{TABLE}", "rca_table_anomalies", ["of 60", "100"]),
        (f"这些数据有异常吗？\n```csv\n{TABLE}\n```", "rca_table_anomalies", ["60 个值中有"]),
    ],
)
async def test_much_at_once_is_told_by_its_kinds(
    assistant: Assistant, question: str, tool: str, facts: list[str]
) -> None:
    told = await ask(assistant, question)
    assert [one.tool for one in told.events if isinstance(one, ToolFinished)] == [tool]
    assert [fact for fact in facts if fact not in told.answer] == []
    assert told.done.citations


@pytest.mark.parametrize(
    "question",
    [
        "Why is checkout failing?",
        f"Why is checkout failing?\n{LOG}",
        "Show the events of checkout",
        "List the pods with errors in shop",
        "Show the logs of checkout",
    ],
)
async def test_other_questions_are_not_taken_for_such(assistant: Assistant, question: str) -> None:
    told = await ask(assistant, question)
    called = {one.tool for one in told.events if isinstance(one, ToolFinished)}
    assert called
    assert not called & {
        "rca_event_patterns", "rca_error_summary", "rca_log_patterns", "rca_table_anomalies"
    }  # fmt: skip


@given(st.lists(st.text(), min_size=1, max_size=30).map("\n".join))
def test_any_text_may_stand_under_a_question(text: str) -> None:
    """What is taken for pasted lines stands in the question, in its order."""
    asked = Asked(text, "look", "en")
    assert len(in_patterns(asked)) <= 1
    for block in (pasted_log(text), pasted_table(text)):
        lines = iter(text.splitlines())
        assert all(line in lines for line in block.splitlines())


def test_lines_of_a_trace_stay_between_the_lines_of_a_log() -> None:
    log = LOG.replace("\n", "\nTraceback (most recent call last):\n  File x\n", 1)
    assert pasted_log(f"what is in it?\n{log}") == log


@pytest.mark.parametrize(
    "question", ["a,b\n1,2", "timestamp,value\n1,2\n2,3", "timestamp,value\nx\ny\nz", "", LOG]
)
def test_too_little_is_no_table(question: str) -> None:
    assert pasted_table(question) == ""
