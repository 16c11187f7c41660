"""Which smart functions are on, for whom: off, shadow (it works, and nobody is told) or on.

The words are OpenFeature's: a variant and the reason for it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

State = Literal["off", "shadow", "on"]
Reason = Literal["DEFAULT", "STATIC", "DISABLED", "TARGETING_MATCH", "SPLIT"]
ORDER: tuple[State, ...] = ("off", "shadow", "on")

# What works by inference. In shadow it works and is noted, and nobody is told.
FUNCTIONS: tuple[str, ...] = (
    *("analysis", "models", "answers", "similar_alerts", "rule_suggestions"),
    *("grouping", "flapping", "storm", "patrols", "cost_anomalies", "budget_forecasts"),
)
# Those of which figures are seen, that may hold them back, and the most that each is while they are bad.
# A trial of models costs what an answer costs, and would go on failing.
MEASURED: Mapping[str, Literal["off", "shadow"]] = {"analysis": "shadow", "models": "off"}


@dataclass(frozen=True, slots=True)
class Flag:
    """`share_percent` of the keys, and only what has these `labels`. `needs` names another flag.

    `held` is the most it may be while its figures are bad; "": they are not.
    """

    name: str
    state: State
    share_percent: float = 100.0
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    needs: str = ""
    held: Literal["", "off", "shadow"] = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """`why`: unset, set, base (what it needs is off), labels, share, or held."""

    state: State
    reason: Reason
    why: str


def decided(flags: Mapping[str, Flag], name: str, key: str, labels: Mapping[str, str]) -> Decision:
    """For one user, group or alert that `key` names, always the same. Nobody set a flag: on."""
    flag = flags.get(name)
    if flag is None:
        return Decision("on", "DEFAULT", "unset")
    if flag.state == "off":
        return Decision("off", "DISABLED", "set")
    if flag.needs and decided(flags, flag.needs, key, labels).state != "on":
        return Decision("off", "DISABLED", "base")
    if not flag.labels.items() <= labels.items():
        return Decision("off", "TARGETING_MATCH", "labels")
    if place_of(name, key) >= flag.share_percent:
        return Decision("off", "SPLIT", "share")
    if flag.held and weaker(flag.held, flag.state) != flag.state:
        return Decision(flag.held, "DISABLED", "held")
    shared: Reason = "SPLIT" if flag.share_percent < 100 else "STATIC"
    return Decision(flag.state, "TARGETING_MATCH" if flag.labels else shared, "set")


def place_of(name: str, key: str) -> float:
    """From 0 to 100; a greater share takes in whom a smaller one had."""
    digest = hashlib.sha256(f"{name}\0{key}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32 * 100


def weaker(one: State, other: State) -> State:
    return one if ORDER.index(one) <= ORDER.index(other) else other


def circles(flags: Mapping[str, Flag], name: str) -> bool:
    """Whether what it needs comes back to it."""
    seen: set[str] = set()
    while name in flags and name not in seen:
        seen.add(name)
        name = flags[name].needs
    return name in seen
