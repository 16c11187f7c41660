"""One currency in another, by the rate that held on the day."""

from datetime import date
from decimal import Decimal

from mcp_servers.facts.money import PriceBook


def rate_of(book: PriceBook, currency: str, on: date) -> Decimal | None:
    """How much of `currency` one unit of the book's is; None when no rate held on that day."""
    if currency == book.currency:
        return Decimal(1)
    held = [rate for since, rate in book.per_unit.get(currency, ()) if since <= on]
    return held[-1] if held else None
