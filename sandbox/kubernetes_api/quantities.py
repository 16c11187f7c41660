"""Amounts as the API reads and writes them: `250m`, `1.5Gi`, `2e3`."""

from decimal import ROUND_CEILING, Decimal
from typing import Any

from sandbox import quantities
from sandbox.kubernetes_api.statuses import bad_request

QUANTITIES = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)


def is_quantity(value: Any) -> bool:
    """Whether a value can stand for an amount; a yes or no cannot."""
    given = isinstance(value, str | int | float) and not isinstance(value, bool)
    return given and quantities.quantity(value) is not None


def quantity(value: Any) -> Decimal:
    """The amount in its base unit. Refused when it is none."""
    amount = quantities.quantity(value)
    if amount is None:
        raise bad_request(f"{QUANTITIES}: {value!r}")
    return amount


def written(amount: Decimal, resource: str) -> str:
    """An amount as short as a server writes it: bytes in powers of two, the rest down to thousandths."""
    if amount != amount.to_integral_value():
        return f"{int((amount * 1000).to_integral_value(ROUND_CEILING))}m"
    whole = int(amount)
    if resource.endswith(("memory", "storage")) and whole:
        for suffix in ("Ti", "Gi", "Mi", "Ki"):
            if whole % int(quantities.SUFFIXES[suffix]) == 0:
                return f"{whole // int(quantities.SUFFIXES[suffix])}{suffix}"
    return str(whole)
