"""What a model used, and what that cost."""

from agent.metering import Meter, estimated_tokens


def test_tokens_add_up_for_each_model() -> None:
    meter = Meter()
    meter.add("openai", "gpt-4o-mini", 1000, 100)
    meter.add("openai", "gpt-4o-mini", 1000, 100)
    meter.add("offline", "rules", 0, 0)
    assert [(one.model, one.input_tokens) for one in meter.usage()] == [
        ("gpt-4o-mini", 2000),
        ("rules", 0),
    ]
    assert meter.tokens == 2200


def test_a_dated_name_has_the_price_of_its_model() -> None:
    meter = Meter()
    meter.add("openai", "gpt-4o-mini-2024-07-18", 1_000_000, 1_000_000)
    assert meter.usage()[0].cost_usd == 0.75


def test_an_unknown_model_has_no_price_rather_than_a_guess() -> None:
    meter = Meter()
    meter.add("openai", "gpt-4o-audio-preview", 1000, 1000)
    assert meter.usage()[0].cost_usd is None


def test_rules_cost_nothing() -> None:
    meter = Meter()
    meter.add("offline", "rules", 0, 0)
    assert meter.usage()[0].cost_usd == 0.0


def test_chinese_text_is_estimated_by_its_bytes() -> None:
    assert estimated_tokens("word " * 40) == 50
    assert estimated_tokens("内存超限") == 3
