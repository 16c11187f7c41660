"""Numbers as Prometheus writes them in JSON: the shortest text that reads back as the same."""

import math
from decimal import Decimal

# Outside of these Prometheus writes an exponent.
_LEAST, _MOST = 1e-6, 1e21


def formatted(value: float, *, exponents: bool = True) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("+Inf" if value > 0 else "-Inf")
    text = repr(value).removesuffix(".0")
    if "e" not in text or (exponents and not _LEAST <= abs(value) < _MOST):
        return text
    return f"{Decimal(text):f}"


def scientific(value: float) -> str:
    """As Go writes a number with its shortest mantissa: 5.2e+01."""
    if not math.isfinite(value):
        return formatted(value)
    digits = len(Decimal(repr(value)).normalize().as_tuple().digits)
    return f"{value:.{digits - 1}e}"
