"""The prices of models that were set here, as this process knows them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agent.pricing import Price
from core.clock import monotonic_s
from core.storage.database import Database
from core.storage.repositories.model_prices import ModelPrices, PriceRow

# What another process changed counts here so much later at most.
FRESH_S = 10.0


@dataclass(slots=True)
class PriceBoard:
    """Read anew when it is looked at after `FRESH_S`, or after a change of one's own."""

    database: Database
    prices: Sequence[Price] = ()
    _read_s: float | None = field(default=None)

    async def refresh(self) -> None:
        if self._read_s is not None and monotonic_s() - self._read_s <= FRESH_S:
            return
        async with self.database.session() as session:
            self.prices = [price_of(one) for one in await ModelPrices(session).all()]
        self._read_s = monotonic_s()

    def outdated(self) -> None:
        """Something was changed just now."""
        self._read_s = None


def price_of(row: PriceRow) -> Price:
    return Price(
        provider=row.provider,
        model=row.model,
        since=row.since,
        above_input_tokens=row.above_input_tokens,
        input=row.input,
        output=row.output,
        cache_read=row.cache_read,
        cache_write=row.cache_write,
    )
