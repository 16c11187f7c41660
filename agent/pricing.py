"""What tokens cost: the shipped table of dated prices, and a user's own before it."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal, cast

from agent.events import Tokens
from agent.sentences import SENTENCES
from core.errors import Invalid

Source = Literal["kept", "file", "shipped"]
MILLION = Decimal(1_000_000)
SHIPPED = "prices.toml"
# A dated name costs what the name without the date does: name-20260101, name-2026-01-01.
DATED = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2}|latest)$")
FIELDS = {
    *("provider", "model", "from", "above_input_tokens"),
    *("input", "output", "cache_read", "cache_write"),
}


@dataclass(frozen=True, slots=True)
class Price:
    """USD for a million tokens of each kind, from a day on and for requests of some size."""

    provider: str
    model: str
    since: date
    above_input_tokens: int
    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write: Decimal

    def applies(self, provider: str, model: str, day: date, tokens: Tokens) -> bool:
        large = not self.above_input_tokens or tokens.input > self.above_input_tokens
        return large and self.since <= day and _means(self.provider, self.model, provider, model)

    def cost_usd(self, tokens: Tokens) -> Decimal:
        """What the provider counts as input holds what it read from and wrote to its cache."""
        plain = max(0, tokens.input - tokens.cache_read - tokens.cache_write)
        millionths = (
            plain * self.input
            + tokens.cache_read * self.cache_read
            + tokens.cache_write * self.cache_write
            + tokens.output * self.output
        )
        return millionths / MILLION


@dataclass(frozen=True, slots=True)
class Prices:
    """`own` is the user's file, `kept` what was set in the service since: a model that stands in one has
    no price of a later one."""

    own: Sequence[Price] = ()
    kept: Sequence[Price] = ()

    @classmethod
    def read(cls, path: Path | None) -> "Prices":
        """With a file of one's own. Raises `Invalid` when it cannot be read as prices."""
        return cls(_table(_text(path), str(path))) if path else cls()

    @property
    def tables(self) -> Sequence[tuple[Source, Sequence[Price]]]:
        """The first goes before the others."""
        return (("kept", self.kept), ("file", self.own), ("shipped", _shipped()))

    def cost_usd(self, provider: str, model: str, day: date, tokens: Tokens) -> Decimal | None:
        """None: the price is unknown, which is not the same as free."""
        found = self.of(provider, model, day, tokens)
        return found[1].cost_usd(tokens) if found else None

    def of(
        self, provider: str, model: str, day: date, tokens: Tokens
    ) -> tuple[Source, Price] | None:
        """The price that holds then, and where it stands."""
        for source, table in self.tables:
            fitting = [one for one in table if one.applies(provider, model, day, tokens)]
            if fitting:
                return source, max(fitting, key=lambda one: (one.since, one.above_input_tokens))
        return None


@lru_cache(maxsize=4096)
def _means(of_provider: str, of_model: str, provider: str, model: str) -> bool:
    """Whether the two patterns of a price mean a model: each call of the same few asks it of every price."""
    if not fnmatchcase(provider, of_provider):
        return False
    return any(fnmatchcase(one, of_model) for one in (model, DATED.sub("", model)))


@cache
def _shipped() -> Sequence[Price]:
    return _table(files("agent").joinpath(SHIPPED).read_text("utf-8"), SHIPPED)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SENTENCES.error(Invalid, "prices_unread", path=str(path), error=str(error)) from error


def _table(text: str, where: str) -> Sequence[Price]:
    try:
        told: Mapping[str, Any] = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise SENTENCES.error(Invalid, "prices_no_toml", where=where, error=str(error)) from error
    rows: Any = told.get("price")
    if not isinstance(rows, list):
        raise SENTENCES.error(Invalid, "prices_none", where=where)
    return [
        _price(row, f"{where}, price {n}") for n, row in enumerate(cast("list[Any]", rows), start=1)
    ]


def _price(row: Any, where: str) -> Price:
    if not isinstance(row, dict) or not set(cast("dict[str, Any]", row)) <= FIELDS:
        raise SENTENCES.error(
            Invalid, "price_fields", where=where, fields=", ".join(sorted(FIELDS))
        )
    told = cast("dict[str, Any]", row)
    since = told.get("from", date.min)
    if type(since) is not date:
        raise SENTENCES.error(Invalid, "price_from", where=where)
    if not isinstance(told.get("model"), str):
        raise SENTENCES.error(Invalid, "price_model", where=where)
    paid = _amount(told, "input", where)
    return Price(
        provider=str(told.get("provider", "*")),
        model=told["model"],
        since=since,
        above_input_tokens=int(_amount(told, "above_input_tokens", where, Decimal(0))),
        input=paid,
        output=_amount(told, "output", where),
        cache_read=_amount(told, "cache_read", where, paid),
        cache_write=_amount(told, "cache_write", where, paid),
    )


def _amount(
    told: Mapping[str, Any], field: str, where: str, default: Decimal | None = None
) -> Decimal:
    value = told.get(field, default)
    try:
        amount = Decimal(value) if not isinstance(value, bool | str) and value is not None else None
    except (InvalidOperation, TypeError, ValueError):
        amount = None
    if amount is None or not amount.is_finite() or amount < 0:
        raise SENTENCES.error(Invalid, "price_amount", where=where, field=field)
    return amount
