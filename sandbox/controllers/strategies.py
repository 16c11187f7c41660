"""How many pods a rollout may have too many or too few."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from sandbox.controllers.replica_sets import replicas_of
from sandbox.fields import section

Json = dict[str, Any]


def limits_of(owner: Json) -> tuple[int, int]:
    """maxSurge and maxUnavailable in pods; both zero would never move, so one may be missing."""
    told = section(owner, "spec", "strategy", "rollingUpdate")
    wanted = replicas_of(owner)
    surge = share_of(told.get("maxSurge", "25%"), wanted, up=True)
    unavailable = min(wanted, share_of(told.get("maxUnavailable", "25%"), wanted, up=False))
    return (surge, unavailable) if surge or unavailable else (0, 1)


def share_of(told: Any, of: int, *, up: bool) -> int:
    text = str(told)
    if not text.endswith("%"):
        return int(text)
    share = Decimal(text[:-1]) * of / 100
    return int(share.to_integral_value(ROUND_CEILING if up else ROUND_FLOOR))
