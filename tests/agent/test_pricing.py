"""Dated prices: which one holds for a call, and a table of one's own."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from agent.events import Tokens
from agent.pricing import Prices
from core.errors import Invalid

NOVEMBER = date(2026, 11, 28)
MILLION = Tokens(1_000_000, 1_000_000)


def cost(
    model: str, tokens: Tokens, day: date = NOVEMBER, provider: str = "anthropic"
) -> Decimal | None:
    return Prices().cost_usd(provider, model, day, tokens)


def test_each_kind_of_token_has_its_price() -> None:
    tokens = Tokens(1_000_000, 100_000, cache_read=600_000, cache_write=200_000, reasoning=50_000)
    # 0.2 million plain at 2, 0.6 read at 0.10, 0.2 written at 2.50, 0.1 of output at 10.
    assert cost("claude-sonnet-5-5", tokens) == Decimal("1.96")


def test_a_dated_name_has_the_price_of_its_model() -> None:
    assert cost("gpt-4o-mini-2024-07-18", MILLION, provider="openai") == Decimal("0.75")
    assert cost("claude-haiku-4-5-20251001", MILLION) == 6


def test_a_price_holds_until_the_next_one_of_its_model() -> None:
    read = Tokens(1_000_000, 0, cache_read=1_000_000)
    assert cost("claude-sonnet-5-5", read, date(2026, 10, 6)) == Decimal("0.2")
    assert cost("claude-sonnet-5-5", read, date(2026, 10, 7)) == Decimal("0.1")


def test_before_its_first_day_a_model_has_no_price() -> None:
    assert cost("claude-sonnet-5-5", MILLION, date(2026, 9, 27)) is None


def test_large_requests_have_a_rate_of_their_own() -> None:
    assert cost("claude-haiku-5-5", Tokens(100_000, 0)) == Decimal("0.01")
    assert cost("claude-haiku-5-5", Tokens(100_001, 0)) == Decimal("0.0500005")


@pytest.mark.parametrize(
    ("provider", "model"),
    [("openai", "gpt-4o-audio-preview"), ("anthropic", "gpt-4o"), ("openai", "qwen3")],
)
def test_what_is_not_listed_is_unpriced_rather_than_free(provider: str, model: str) -> None:
    assert cost(model, MILLION, provider=provider) is None


def test_the_default_models_have_a_price() -> None:
    assert cost("claude-sonnet-5-5", MILLION) == 12
    assert cost("gpt-6.1-terra", Tokens(200_000, 100_000), provider="openai") == Decimal("0.7")


def own(tmp_path: Path, text: str) -> Prices:
    path = tmp_path / "prices.toml"
    path.write_text(text)
    return Prices.read(path)


def test_a_table_of_ones_own_goes_before_the_shipped_one(tmp_path: Path) -> None:
    prices = own(
        tmp_path,
        '[[price]]\nmodel = "gpt-4o*"\ninput = 1\noutput = 2.5\n'
        '[[price]]\nmodel = "qwen*"\ninput = 0\noutput = 0\n',
    )
    assert prices.cost_usd("openai", "gpt-4o-mini", NOVEMBER, MILLION) == Decimal("3.5")
    assert prices.cost_usd("openai", "qwen3", NOVEMBER, MILLION) == 0
    assert prices.cost_usd("openai", "gpt-4.1", NOVEMBER, MILLION) == 10


def test_a_price_of_ones_own_may_begin_tomorrow(tmp_path: Path) -> None:
    tomorrow = NOVEMBER + timedelta(days=1)
    prices = own(
        tmp_path, f'[[price]]\nmodel = "gpt-4o"\nfrom = {tomorrow}\ninput = 9\noutput = 9\n'
    )
    today = prices.cost_usd("openai", "gpt-4o", NOVEMBER, MILLION)
    assert (today, prices.cost_usd("openai", "gpt-4o", tomorrow, MILLION)) == (Decimal("12.5"), 18)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("price = 3", r"has no \[\[price\]\]"),
        ("[[price", "is not TOML"),
        ('[[price]]\nmodel = "x"\ninput = 1\n', "price 1: `output` must be a number"),
        ('[[price]]\nmodel = "x"\ninput = -1\noutput = 1', "`input` must be a number"),
        ('[[price]]\nmodel = "x"\ninput = nan\noutput = 1', "`input` must be a number"),
        ("[[price]]\nmodel = 3\ninput = 1\noutput = 1", "`model` must be a name"),
        ('[[price]]\nmodel = "x"\nfrom = "May"\ninput = 1\noutput = 1', "`from` must be a day"),
        ('[[price]]\nmodel = "x"\ninptu = 1\noutput = 1', "a price has only"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_in_a_sentence(
    tmp_path: Path, text: str, says: str
) -> None:
    with pytest.raises(Invalid, match=says):
        own(tmp_path, text)


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="Cannot read the prices"):
        Prices.read(tmp_path / "none.toml")
