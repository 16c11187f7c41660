"""Amounts as Kubernetes writes them: 250m, 1.5Gi, 2e3."""

import re
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)")
SUFFIXES = {
    **{letter: Decimal(10) ** power for letter, power in zip("num", (-9, -6, -3), strict=True)},
    **{letter: Decimal(1000) ** (n + 1) for n, letter in enumerate("kMGTPE")},
    **{f"{letter}i": Decimal(1024) ** (n + 1) for n, letter in enumerate("KMGTPE")},
}


def quantity(value: Any) -> Decimal | None:
    """The amount in its base unit; None for what is no quantity."""
    return _amount(str(value))


@lru_cache(maxsize=4096)
def _amount(text: str) -> Decimal | None:
    found = _QUANTITY.fullmatch(text)
    if not found:
        return None
    number, exponent, suffix = found.groups()
    try:
        return (
            Decimal(number) * Decimal(10) ** int(exponent or 0) * SUFFIXES.get(suffix, Decimal(1))
        )
    except InvalidOperation:
        return None
