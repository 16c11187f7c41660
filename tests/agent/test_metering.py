"""What a turn used, and what that cost."""

from datetime import UTC, datetime

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from agent.estimating import Estimates, estimated_tokens
from agent.events import ModelCall, Tokens
from agent.metering import Meter
from tests.agent.turns import Notes

AT = datetime(2026, 11, 1, tzinfo=UTC)


def call(model: str, tokens: Tokens, outcome: str = "ok") -> ModelCall:
    return ModelCall(AT, "rca", "openai", model, outcome, tokens, 100)


def test_tokens_add_up_for_each_model() -> None:
    meter = Meter()
    meter.add(call("gpt-4o-mini", Tokens(1000, 100, cache_read=500)))
    meter.add(call("gpt-4o-mini", Tokens(1000, 100, reasoning=40), "cut"))
    meter.add(call("own", Tokens(10, 1)))
    mini, own = meter.usage()
    assert (mini.input_tokens, mini.output_tokens) == (2000, 200)
    assert (mini.cache_read_tokens, mini.reasoning_tokens) == (500, 40)
    assert (mini.calls, mini.failed) == (2, 1)
    assert (own.model, own.input_tokens) == ("own", 10)
    assert meter.tokens == 2211


def test_a_model_without_a_known_price_costs_an_unknown_sum() -> None:
    meter = Meter()
    meter.add(call("own", Tokens(1000, 1000)))
    meter.add(call("gpt-4o-mini", Tokens(1_000_000, 0)))
    assert [one.cost_usd for one in meter.usage()] == [None, 0.15]
    assert float(meter.usd) == 0.15


def test_rules_cost_nothing_and_are_told_once() -> None:
    meter = Meter(by_rules=True)
    [rules] = meter.usage()
    assert (rules.provider, rules.model, rules.cost_usd) == ("offline", "rules", 0.0)


def test_every_call_is_charged_with_its_price() -> None:
    notes = Notes()
    meter = Meter(account=notes)
    meter.add(call("gpt-4o-mini", Tokens(1_000_000, 0)))
    [one] = notes.charged
    assert float(one.cost_usd or 0) == 0.15


def test_chinese_text_is_estimated_by_its_bytes() -> None:
    assert estimated_tokens("word " * 40) == 50
    assert estimated_tokens("内存超限") == 3


def test_ten_tool_results_are_counted_once_each_however_often_they_are_sent() -> None:
    counted: list[str] = []

    def count(text: str) -> int:
        counted.append(text)
        return estimated_tokens(text)

    estimates, messages = Estimates(count), list[AnyMessage]([HumanMessage("Why?")])
    sums: list[int] = []
    for n in range(10):
        asked = {"name": "list_pods", "args": {"n": n}, "id": f"c{n}", "type": "tool_call"}
        messages += [
            AIMessage("", tool_calls=[asked]),
            ToolMessage("pod " * 1000, tool_call_id=f"c{n}"),
        ]
        sums.append(estimates.of(messages))
    assert len(counted) == len(messages) == 21
    assert sums[-1] == estimates.of(list(messages))
    assert sums == sorted(sums)
    assert sums[0] > 1000


def test_the_calls_a_model_asks_for_are_part_of_what_it_said() -> None:
    asked = {"name": "x", "args": {"long": "word " * 100}, "id": "c", "type": "tool_call"}
    assert Estimates().of([AIMessage("", tool_calls=[asked])]) > 100
