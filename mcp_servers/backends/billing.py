"""The price book: a dated TOML file of what cores, memory, volumes, balancers and nodes cost."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import Invalid
from core.faults import inside
from mcp_servers.backends.sentences import SENTENCES
from mcp_servers.facts.money import NOTHING, PriceBook, Rates

SHIPPED = Path(__file__).parent / "prices.toml"
MOST_BYTES = 1024 * 1024

Amount = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]
Code = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class _Prices(_Told):
    valid_from: date = Field(alias="from")
    cpu_core_hour: Amount
    memory_gib_hour: Amount
    gpu_hour: Amount | None = None
    storage_gib_hour: Amount | None = None
    load_balancer_hour: Amount | None = None
    cluster_hour: Amount = Decimal(0)
    nodes: dict[str, Amount] = Field(default_factory=dict[str, Decimal])


class _Rate(_Told):
    valid_from: date = Field(alias="from")
    currency: Code
    per_unit: Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]


class _File(_Told):
    name: str = Field(default="price book", max_length=100)
    currency: Code
    prices: list[_Prices] = Field(min_length=1)
    rates: list[_Rate] = Field(default_factory=list[_Rate])


@dataclass(frozen=True)
class Billing:
    """What things cost. `price_book` None: the one that comes with Midwatch."""

    price_book: Path | None = None

    def prices(self, on: date) -> PriceBook:
        """The prices of a day. Raises `Invalid` in one sentence for a book that cannot be read."""
        told = _read(self.price_book or SHIPPED)
        held = [one for one in told.prices if one.valid_from <= on]
        if not held:
            first = min(one.valid_from for one in told.prices)
            raise SENTENCES.error(
                Invalid, "no_prices_yet", book=told.name, on=str(on), first=str(first)
            )
        return _book(told, max(held, key=lambda one: one.valid_from))


def _book(told: _File, prices: _Prices) -> PriceBook:
    dated: dict[str, list[tuple[date, Decimal]]] = {}
    for one in sorted(told.rates, key=lambda one: one.valid_from):
        dated.setdefault(one.currency, []).append((one.valid_from, one.per_unit))
    optional = {
        "gpu_hour": prices.gpu_hour,
        "storage_gib_hour": prices.storage_gib_hour,
        "load_balancer_hour": prices.load_balancer_hour,
    }
    return PriceBook(
        name=told.name,
        valid_from=prices.valid_from,
        currency=told.currency,
        rates=Rates(prices.cpu_core_hour, prices.memory_gib_hour, prices.gpu_hour or NOTHING),
        storage_gib_hour=prices.storage_gib_hour or NOTHING,
        load_balancer_hour=prices.load_balancer_hour or NOTHING,
        cluster_hour=prices.cluster_hour,
        nodes=dict(prices.nodes),
        per_unit={currency: tuple(rates) for currency, rates in dated.items()},
        unpriced=frozenset(name for name, price in optional.items() if price is None),
    )


def _read(path: Path) -> _File:
    try:
        stamp = path.stat().st_mtime_ns
    except OSError as error:
        raise _unread(path, str(error.strerror)) from error
    return _read_at(path, stamp)


def _unread(path: Path, why: str) -> Invalid:
    return SENTENCES.error(Invalid, "price_book_unread", path=str(path), why=why)


@cache
def _read_at(path: Path, _: int) -> _File:
    """Read again when the file changed."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SENTENCES.error(
                Invalid, "large_price_book", path=str(path), most_bytes=MOST_BYTES
            )
        raw: Mapping[str, Any] = tomllib.loads(path.read_text("utf-8"))
        return _File.model_validate(raw)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _unread(path, str(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise SENTENCES.error(
            Invalid, "wrong_price_book", path=str(path), where=where, why=inside(first)
        ) from error
