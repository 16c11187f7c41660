"""Kubernetes quantities, read exactly and written as people write them."""

import re
from fractions import Fraction
from functools import lru_cache

SCALES: dict[str, Fraction] = {
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    "": Fraction(1),
    "k": Fraction(10**3),
    "M": Fraction(10**6),
    "G": Fraction(10**9),
    "T": Fraction(10**12),
    "P": Fraction(10**15),
    "E": Fraction(10**18),
    "Ki": Fraction(2**10),
    "Mi": Fraction(2**20),
    "Gi": Fraction(2**30),
    "Ti": Fraction(2**40),
    "Pi": Fraction(2**50),
    "Ei": Fraction(2**60),
}
_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d{1,3})|([numkKMGTPE]i?)?)$")


def quantity(value: object) -> Fraction | None:
    """The exact amount a quantity stands for (cores, bytes, pieces); None if it does not parse."""
    return _read(str(value).strip()) if value is not None else None


@lru_cache(maxsize=4096)  # thousands of pods ask for the same few amounts
def _read(written: str) -> Fraction | None:
    match = _QUANTITY.match(written)
    if match is None:
        return None
    number, exponent, suffix = match.groups()
    if exponent is not None:
        return Fraction(number) * Fraction(10) ** int(exponent)
    scale = SCALES.get(suffix or "")
    return None if scale is None else Fraction(number) * scale


def as_bytes(amount: Fraction | float) -> str:
    """Bytes in the largest binary unit that keeps three digits: 256Mi, 1.5Gi."""
    number = float(amount)
    for unit in ("", "Ki", "Mi", "Gi", "Ti"):
        if abs(number) < 1024 or unit == "Ti":
            return f"{number:.4g}{unit}" if abs(number) < 100 else f"{number:.0f}{unit}"
        number /= 1024
    return str(amount)


def as_cores(amount: Fraction | float) -> str:
    """Cores as Kubernetes writes them: 250m, 2."""
    millicores = round(float(amount) * 1000)
    return f"{millicores // 1000}" if millicores % 1000 == 0 else f"{millicores}m"


def as_amount(resource: str, amount: Fraction | float) -> str:
    """An amount of this resource in its own unit."""
    if resource == "cpu":
        return as_cores(amount)
    if resource == "memory" or "storage" in resource or resource.startswith("hugepages"):
        return as_bytes(amount)
    return f"{float(amount):g}"
