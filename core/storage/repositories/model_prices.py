"""Prices of models that are kept here."""

from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

from sqlalchemy import RowMapping, Table, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Conflict, NotFound
from core.storage.models import ModelPrice
from core.storage.sentences import SENTENCES

PRICES = cast("Table", ModelPrice.__table__)
AMOUNTS = ("input", "output", "cache_read", "cache_write")


@dataclass(frozen=True, slots=True)
class PriceRow:
    """USD for a million tokens of each kind. `provider` and `model` may hold *, which stands for anything."""

    id: str
    provider: str
    model: str
    since: date
    above_input_tokens: int
    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write: Decimal
    note: str
    changed_by: str
    changed_at: datetime


class ModelPrices:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def all(self) -> list[PriceRow]:
        """By provider and model, the latest first."""
        order = (PRICES.c.provider, PRICES.c.model, PRICES.c.since.desc())
        found = await self._session.execute(
            select(PRICES).order_by(*order, PRICES.c.above_input_tokens)
        )
        return [_row(one) for one in found.mappings()]

    async def get(self, price_id: str) -> PriceRow:
        """Raises `NotFound`."""
        query = select(PRICES).where(PRICES.c.id == price_id)
        found = (await self._session.execute(query)).mappings().first()
        if found is None:
            raise SENTENCES.error(NotFound, "no_price", price=price_id)
        return _row(found)

    async def add(self, row: PriceRow) -> None:
        """Raises `Conflict` where there is one of that model and day already."""
        await self._refuse_twin(row)
        await self._session.execute(insert(PRICES).values(_values(row)))

    async def save(self, row: PriceRow, *, read: PriceRow) -> bool:
        """False when somebody changed it since it was read. Raises `Conflict` as `add` does."""
        await self._refuse_twin(row)
        saved = update(PRICES).where(*_still(read)).values(_values(row)).returning(PRICES.c.id)
        return (await self._session.execute(saved)).first() is not None

    async def remove(self, price_id: str) -> None:
        """Raises `NotFound`."""
        await self.get(price_id)
        await self._session.execute(delete(PRICES).where(PRICES.c.id == price_id))

    async def remove_as_read(self, read: PriceRow) -> bool:
        """False when somebody changed it since it was read."""
        gone = delete(PRICES).where(*_still(read)).returning(PRICES.c.id)
        return (await self._session.execute(gone)).first() is not None

    async def _refuse_twin(self, row: PriceRow) -> None:
        same = [
            PRICES.c[name] == getattr(row, name)
            for name in ("provider", "model", "since", "above_input_tokens")
        ]
        query = select(PRICES.c.id).where(*same, PRICES.c.id != row.id)
        twin = (await self._session.execute(query)).scalar()
        if twin:
            facts = {"model": row.model, "since": str(row.since), "price": str(twin)}
            raise SENTENCES.error(Conflict, "price_exists", **facts)


def _still(read: PriceRow) -> tuple[Any, Any]:
    return PRICES.c.id == read.id, PRICES.c.changed_at == read.changed_at


def _row(found: RowMapping) -> PriceRow:
    kept: dict[str, Any] = {str(name): value for name, value in found.items()}
    amounts: dict[str, Any] = {name: Decimal(kept[name]) for name in AMOUNTS}
    return PriceRow(**kept | amounts)


def _values(row: PriceRow) -> dict[str, Any]:
    return asdict(row) | {name: str(getattr(row, name)) for name in AMOUNTS}
