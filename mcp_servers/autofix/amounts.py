"""Requests, limits and counts as a person or program writes them: limits.memory=512Mi, replicas+=2."""

import re
from collections.abc import Sequence
from fractions import Fraction
from math import ceil
from typing import Literal, cast

from core.errors import Invalid
from mcp_servers.autofix.refusing import SENTENCES
from mcp_servers.engines.quantities import quantity
from mcp_servers.facts.fixes import AskedAmount

_AMOUNT = re.compile(
    r"\s*(?:(?P<part>requests?|limits?)\.)?(?P<resource>cpu|memory)\s*(?P<how>[-+*]?)=\s*(?P<value>\S+)\s*"
)
_COUNT = re.compile(r"\s*replicas\s*(?P<how>[-+*])=\s*(?P<value>\d{1,4}(?:\.\d{1,3})?)\s*")
# A slip of a unit, and no amount that any machine has.
MOST = Fraction(2**50)


def asked_amounts(written: Sequence[str]) -> tuple[AskedAmount, ...]:
    """Each as an amount. Raises `Invalid` for the first that is none."""
    return tuple(_asked(one) for one in written)


def _asked(written: str) -> AskedAmount:
    match = _AMOUNT.fullmatch(written)
    amount = quantity(match["value"]) if match else None
    if match is None or amount is None or not 0 < amount <= MOST:
        raise SENTENCES.error(Invalid, "amount_unclear", amount=written[:100])
    part = f"{match['part'].rstrip('s')}s" if match["part"] else ""
    return AskedAmount(
        resource=cast('Literal["cpu", "memory"]', match["resource"]),
        part=cast('Literal["requests", "limits", ""]', part),
        how=cast('Literal["=", "+", "-", "*"]', match["how"] or "="),
        amount=amount,
    )


def counted(written: Sequence[str], now: int) -> int:
    """How many replicas are asked for by one of "replicas+=2", "replicas-=1" or "replicas*=0.5" where
    there are `now`; of half a replica, the whole. Raises `Invalid` where it is none of these, or fewer
    than none would be left."""
    match = _COUNT.fullmatch(written[0]) if len(written) == 1 else None
    if match is None:
        raise SENTENCES.error(Invalid, "count_unclear", count=", ".join(written)[:100])
    value = Fraction(match["value"])
    wanted = {"+": now + value, "-": now - value, "*": now * value}[match["how"]]
    if wanted < 0:
        raise SENTENCES.error(Invalid, "count_too_small", now=str(now), count=written[0])
    return ceil(wanted)
