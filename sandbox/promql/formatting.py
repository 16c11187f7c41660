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
