"""What the models of a turn used, and what that cost."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from agent.events import Usage

# A dated name costs what the name without the date does: name-20260101, name-2026-01-01.
DATED = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2}|latest)$")


@dataclass(slots=True)
class Meter:
    """Adds up tokens by provider and model. Prices are those of `prices.toml`, else unknown."""

    _used: dict[tuple[str, str], tuple[int, int]] = field(
        default_factory=dict[tuple[str, str], tuple[int, int]]
    )

    def add(self, provider: str, model: str, input_tokens: int, output_tokens: int) -> None:
        spent = self._used.get((provider, model), (0, 0))
        self._used[provider, model] = (spent[0] + input_tokens, spent[1] + output_tokens)

    @property
    def tokens(self) -> int:
        return sum(sum(one) for one in self._used.values())

    def usage(self) -> tuple[Usage, ...]:
        return tuple(
            Usage(provider, model, *spent, _cost_usd(provider, model, *spent))
            for (provider, model), spent in self._used.items()
        )


def estimated_tokens(text: str) -> int:
    """About a token for four bytes of UTF-8: four letters, or four thirds of a Chinese character."""
    return len(text.encode()) // 4


@cache
def _prices() -> Mapping[str, Mapping[str, Any]]:
    text = files("agent").joinpath("prices.toml").read_text("utf-8")
    return tomllib.loads(text)


def _cost_usd(provider: str, model: str, input_tokens: int, output_tokens: int) -> float | None:
    if provider == "offline":
        return 0.0
    price = _prices().get(DATED.sub("", model))
    if price is None:
        return None
    millionths = input_tokens * price["input"] + output_tokens * price["output"]
    return round(millionths / 1_000_000, 6)
