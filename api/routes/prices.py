"""What models cost: prices that are set here, those of a file, and those that come with Midwatch."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from secrets import token_hex
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field

from agent.events import Tokens
from agent.pricing import Price, Prices, Source
from api.dependencies import Current, Needs, Opened, noted, takes
from api.sent import IfMatch, Sent, check_match, tag_of
from api.sentences import SENTENCES
from api.turns.price_board import price_of
from core.clock import utc_now
from core.errors import Stale
from core.principal import Permission, Principal
from core.storage.repositories.model_prices import ModelPrices, PriceRow

router = APIRouter(prefix="/api/v1/usage/prices", tags=["usage"])

Setter = Annotated[Principal, Depends(Needs(Permission.BUDGETS_MANAGE))]
PriceId = Annotated[str, Path(max_length=32)]
# USD for a million tokens. As text in an answer, so that no digit is lost on the way.
Amount = Annotated[Decimal, Field(ge=0, le=1_000_000, max_digits=18, decimal_places=9)]
Pattern = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\s]+$")]
ALWAYS = date(1970, 1, 1)


class Terms(Sent):
    """Of one model, from a day on. What the cache costs, left out, is the price of the input."""

    model: Pattern = Field(description="A name without its date; * stands for anything.")
    provider: Pattern = "*"
    since: date = Field(default=ALWAYS, description="The first UTC day it holds; left out: always.")
    above_input_tokens: int = Field(
        default=0, ge=0, le=100_000_000, description="Of requests with more input than this."
    )
    input: Amount = Field(description="USD for a million tokens.")
    output: Amount
    cache_read: Amount | None = None
    cache_write: Amount | None = None
    note: str = Field(default="", max_length=200, description="Where the price is from.")

    def row(self, price_id: str, who: str) -> PriceRow:
        told = self.model_dump()
        for name in ("cache_read", "cache_write"):
            told[name] = self.input if told[name] is None else told[name]
        return PriceRow(id=price_id, changed_by=who, changed_at=utc_now(), **told)


class ModelPrice(BaseModel):
    id: str = Field(description="Empty: it is not kept here and cannot be changed here.")
    source: Source = Field(
        description="kept here | of the file MIDWATCH_LLM__PRICES names | shipped with Midwatch. "
        "A model with a kept price has no other, one in the file none of the shipped."
    )
    provider: str
    model: str
    since: date | None = Field(description="null: always.")
    above_input_tokens: int
    input: Decimal = Field(description="USD for a million tokens.")
    output: Decimal
    cache_read: Decimal
    cache_write: Decimal
    note: str = ""
    changed_by: str = ""
    changed_at: datetime | None = None


class PriceList(BaseModel):
    items: list[ModelPrice]


class Effective(BaseModel):
    price: ModelPrice | None = Field(description="null: unpriced, which is not free.")


class Call(BaseModel):
    """A call whose price is asked for."""

    provider: str = Field(max_length=64)
    model: str = Field(max_length=128)
    on: date | None = Field(default=None, description="A UTC day; left out: today.")
    input_tokens: int = Field(default=1, ge=0, le=100_000_000)


@router.get("", operation_id="listModelPrices", dependencies=[takes(Permission.USAGE_READ)])
async def list_model_prices(current: Current) -> PriceList:
    """Every price there is, those that go before others first."""
    async with current.database.session() as session:
        rows = await ModelPrices(session).all()
    prices = Prices.read(current.settings.llm.prices)
    return PriceList(items=[*map(_kept, rows), *_others(prices)])


@router.get(
    "/effective", operation_id="effectivePrice", dependencies=[takes(Permission.USAGE_READ)]
)
async def effective_price(current: Current, asked: Annotated[Call, Query()]) -> Effective:
    """What a call of a model costs on a day."""
    async with current.database.session() as session:
        rows = await ModelPrices(session).all()
    prices = replace(Prices.read(current.settings.llm.prices), kept=[price_of(one) for one in rows])
    day, tokens = asked.on or utc_now().date(), Tokens(asked.input_tokens, 0)
    found = prices.of(asked.provider, asked.model, day, tokens)
    if found is None:
        return Effective(price=None)
    source, price = found
    if source == "kept":
        [row] = [one for one in rows if price_of(one) == price]
        return Effective(price=_kept(row))
    return Effective(price=_shown(source, price))


@router.post("", operation_id="addModelPrice", status_code=201)
async def add_model_price(
    body: Terms, setter: Setter, current: Current, request: Request, response: Response
) -> ModelPrice:
    """Set a price; calls from now on are counted with it. What was counted before stays as it was."""
    row = body.row(token_hex(8), setter.subject)
    async with current.database.session() as session:
        await ModelPrices(session).add(row)
    await _changed(request, current, setter, "price.add", row)
    return _tagged(row, response)


@router.get(
    "/{price_id}", operation_id="getModelPrice", dependencies=[takes(Permission.USAGE_READ)]
)
async def get_model_price(price_id: PriceId, current: Current, response: Response) -> ModelPrice:
    """One that is kept here, with the ETag to change it by."""
    async with current.database.session() as session:
        row = await ModelPrices(session).get(price_id)
    return _tagged(row, response)


@router.put("/{price_id}", operation_id="changeModelPrice")
async def change_model_price(
    price_id: PriceId,
    body: Terms,
    setter: Setter,
    current: Current,
    request: Request,
    response: Response,
    if_match: IfMatch = "",
) -> ModelPrice:
    """Replace a price. For a new price of the same model add one with a later `since` instead."""
    row = body.row(price_id, setter.subject)
    async with current.database.session() as session:
        prices = ModelPrices(session)
        read = await prices.get(price_id)
        check_match(if_match, _kept(read))
        if not await prices.save(row, read=read):
            raise SENTENCES.error(Stale, "changed_meanwhile")
    await _changed(request, current, setter, "price.change", row)
    return _tagged(row, response)


@router.delete("/{price_id}", operation_id="removeModelPrice", status_code=204)
async def remove_model_price(
    price_id: PriceId, setter: Setter, current: Current, request: Request, if_match: IfMatch = ""
) -> None:
    """Take a price away; what stands in the file or was shipped then counts again."""
    async with current.database.session() as session:
        prices = ModelPrices(session)
        row = await prices.get(price_id)
        check_match(if_match, _kept(row))
        if not await prices.remove_as_read(row):
            raise SENTENCES.error(Stale, "changed_meanwhile")
    await _changed(request, current, setter, "price.remove", row)


async def _changed(
    request: Request, current: Opened, setter: Principal, action: str, row: PriceRow
) -> None:
    request.app.state.turns.accounts.board.outdated()
    target = f"{row.provider}/{row.model} {row.since}"
    amounts = {"input": str(row.input), "output": str(row.output)}
    await noted(current, setter, action, target, price=row.id, **amounts)


def _tagged(row: PriceRow, response: Response) -> ModelPrice:
    shown = _kept(row)
    response.headers["ETag"] = tag_of(shown)
    return shown


def _kept(row: PriceRow) -> ModelPrice:
    told: dict[str, Any] = {
        "note": row.note,
        "changed_by": row.changed_by,
        "changed_at": row.changed_at,
    }
    return _shown("kept", price_of(row), id=row.id, **told)


def _others(prices: Prices) -> Iterator[ModelPrice]:
    for source, table in prices.tables:
        yield from (_shown(source, one) for one in table)


def _shown(source: Source, price: Price, **more: Any) -> ModelPrice:
    told: dict[str, Any] = {"id": "", **more}
    return ModelPrice(
        **told,
        source=source,
        provider=price.provider,
        model=price.model,
        since=price.since if price.since > ALWAYS else None,
        above_input_tokens=price.above_input_tokens,
        input=price.input,
        output=price.output,
        cache_read=price.cache_read,
        cache_write=price.cache_write,
    )
