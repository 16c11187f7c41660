"""Calls that are nearly those made before: noticed, told to the model, and ended when they go on."""

import pytest

from agent.repeating import Nearly, key_of
from evals.providers.saying import Say
from evals.providers.serving import provider_serving
from mcp_servers.client import Sessions
from tests.agent.conftest import assistant_with
from tests.agent.turns import BOTH, Vendor, ask, choice_of

LOGS = "kubernetes_get_logs"
CHECKOUT = {"namespace": "shop", "name": "checkout"}
both = pytest.mark.parametrize("vendor", BOTH)


def tail(n: int) -> Say:
    return Say("", [(LOGS, {**CHECKOUT, "tail": n})])


@pytest.mark.parametrize(
    "other",
    [
        {"name": "checkout", "tail": 20},
        {"name": " checkout ", "tail": "20"},
        {"name": "checkout", "tail": 20, "container": "", "cursor": None},
    ],
)
def test_what_would_return_the_same_is_the_same_call(other: dict[str, object]) -> None:
    assert key_of(LOGS, other) == key_of(LOGS, {"tail": 20, "name": "checkout"})


@pytest.mark.parametrize("other", [{"name": "cart", "tail": 20}, {"name": "checkout"}, {}])
def test_what_asks_for_something_else_is_another_call(other: dict[str, object]) -> None:
    assert key_of(LOGS, other) != key_of(LOGS, {"tail": 20, "name": "checkout"})


def test_another_number_is_a_second_thought_and_then_a_habit() -> None:
    nearly = Nearly()
    told = [nearly.made(LOGS, {**CHECKOUT, "tail": n}, f"{n} lines") for n in range(8)]
    assert [bool(one.note) for one in told] == [False] * 3 + [True] * 5
    assert [one.repeats for one in told] == [False] * 6 + [True] * 2
    assert "call number 4 that differs from others only in tail" in told[3].note


def test_the_same_result_of_nearly_the_same_call_is_a_repetition() -> None:
    nearly = Nearly()
    first = nearly.made("prometheus_query", {"query": "up", "time": "10:00"}, "1")
    again = nearly.made("prometheus_query", {"query": "UP ", "time": "10:05"}, "1")
    assert (first.repeats, again.repeats) == (False, True)


def test_pages_and_other_names_are_no_repetition() -> None:
    nearly = Nearly()
    told = [nearly.made("list", {"cursor": str(n)}, f"page {n}") for n in range(20)]
    told += [nearly.made(LOGS, {"name": f"pod-{n}"}, "no lines") for n in range(20)]
    assert not [one for one in told if one.repeats or one.note]


@both
async def test_a_model_that_only_turns_a_number_is_told_so_and_then_stopped(
    vendor: Vendor, sessions: Sessions
) -> None:
    with provider_serving(*(tail(n) for n in range(5, 25))) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            told = await ask(assistant, "Why is checkout failing?")
    assert "differs from others only in tail" in told.calls[3].result
    assert len(provider.requests) == len(told.calls) == 9
    assert told.done.incomplete_code == "tool_limit"


@both
async def test_an_unreadable_call_is_not_taken_for_the_one_without_arguments(
    vendor: Vendor, sessions: Sessions
) -> None:
    name = "kubernetes_list_namespaces"
    script = Say("", [(name, "{half")]), Say("", [(name, {})]), Say("There are some.")
    with provider_serving(*script) as provider:
        async with assistant_with(sessions, choice_of(vendor, provider)) as assistant:
            told = await ask(assistant, "Why is checkout failing?")
    assert [(one.status, one.cached) for one in told.calls] == [("invalid", False), ("ok", False)]
