"""Service level objectives, and how fast their budgets may burn."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Slo:
    """`objective` is a share, 0 to 1, of `days`. The two expressions count per second over `$window`."""

    name: str
    objective: float
    days: int
    errors: str
    total: str


@dataclass(frozen=True, slots=True)
class Burn:
    """`share` of the budget, 0 to 1, that is gone within the long window; the short one says that it goes on."""

    kind: str
    long: str
    long_h: float
    short: str
    share: float


@dataclass(frozen=True, slots=True)
class BurnAlert:
    """`threshold` is an error ratio, 0 to 1."""

    burn: Burn
    factor: float
    threshold: float


@dataclass(frozen=True, slots=True)
class Threshold:
    """What an alert with it would have done: firings, those over within five minutes, seconds of firing."""

    value: float
    fired: int
    brief: int
    firing_s: float
