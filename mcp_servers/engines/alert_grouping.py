"""What is done with each alert that arrives, and when a group of alerts is told."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from mcp_servers.engines.alert_routing import inhibitor, matches, muted_by_time
from mcp_servers.facts.alert_policies import ArrivedAlert, Policy, Route, Switches

# A firing that comes so soon after its own end was overtaken on its way, by a peer's perhaps.
OVERTAKEN_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an alert from before. `told_status` "": nobody was told of it."""

    status: str
    updated_at: datetime
    told_status: str = ""
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """`outcome`: what came of it; a word that begins with would_ had no effect."""

    step: str
    outcome: str
    detail: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Verdict:
    """`tell` None: nothing more is done. `overtaken`: the alert goes on as it was."""

    steps: tuple[Step, ...]
    tell: bool
    overtaken: bool = False


def arrived(alert: ArrivedAlert, known: Known | None, now: datetime) -> Verdict:
    """Whether what arrived says anything new of the alert."""
    if known is None:
        return Verdict((Step("receive", "new", {"status": alert.status}),), tell=True)
    if known.status == alert.status:
        return Verdict((Step("receive", "again", {"status": alert.status}),), tell=True)
    if alert.status == "resolved":
        return Verdict((Step("receive", "resolved"),), tell=True)
    if now - known.updated_at < OVERTAKEN_WITHIN:
        why = {"why": "It came after its own end."}
        return Verdict((Step("receive", "overtaken", why),), tell=False, overtaken=True)
    return Verdict((Step("receive", "fires_again"),), tell=True)


def worth_telling(
    status: str, known: Known | None, repeat: timedelta, now: datetime, switches: Switches
) -> Verdict:
    """Whether people know already: an end is told to those who heard of the start, and nothing twice."""
    told = known.told_status if known else ""
    if status == "resolved" and told != "firing":
        outcome = "known" if told == "resolved" else "never_told"
        return Verdict((Step("dedup", outcome),), tell=False)
    if told != status or known is None or known.told_at is None:
        return Verdict((), tell=True)
    due = now - known.told_at >= repeat
    if due:
        return Verdict((Step("dedup", "repeat_due"),), tell=True)
    return switched(switches.dedup, Step("dedup", "known", {"told_at": known.told_at.isoformat()}))


def muting(
    policy: Policy,
    route: Route,
    labels: Mapping[str, str],
    firing: Collection[Mapping[str, str]],
    now: datetime,
) -> Verdict:
    """Whether a window, another alert or the time of day keeps an alert quiet on a route."""
    switches, steps = policy.switches, list[Step]()
    for name, switch, found in (
        ("silence", switches.silences, _window(policy, labels, now)),
        ("inhibit", switches.inhibition, _inhibited(policy, labels, firing)),
        ("mute_time", switches.mute_times, _timed(policy, route, now)),
    ):
        if found is None or switch == "off":
            continue
        verdict = switched(switch, Step(name, "quiet", found))
        steps += verdict.steps
        if not verdict.tell:
            return Verdict(tuple(steps), tell=False)
    return Verdict(tuple(steps), tell=True)


def switched(switch: str, step: Step) -> Verdict:
    """A step that would keep an alert from being told, as far as its switch lets it."""
    if switch == "on":
        return Verdict((step,), tell=False)
    if switch == "shadow":
        return Verdict((replace(step, outcome=f"would_{step.outcome}"),), tell=True)
    return Verdict((), tell=True)


def _window(policy: Policy, labels: Mapping[str, str], now: datetime) -> dict[str, Any] | None:
    for one in policy.windows:
        if one.starts_at <= now < one.ends_at and matches(one.conditions, labels):
            return {"window": one.id, "until": one.ends_at.isoformat(), "reason": one.reason}
    return None


def _inhibited(
    policy: Policy, labels: Mapping[str, str], firing: Collection[Mapping[str, str]]
) -> dict[str, Any] | None:
    found = inhibitor(policy.inhibitions, labels, firing)
    return None if found is None else {"by": dict(found)}


def _timed(policy: Policy, route: Route, now: datetime) -> dict[str, Any] | None:
    found = muted_by_time(policy, route, now)
    return {"interval": found, "route": route.id} if found else None


def flaps(changes: Sequence[datetime], policy: Policy, now: datetime) -> bool:
    """Whether so many changes of state, of one alert, lie within the time that counts."""
    recent = [one for one in changes if now - one <= policy.flapping.within]
    return len(recent) >= policy.flapping.changes


def group_key(route: Route, labels: Mapping[str, str]) -> str:
    """Names one group of one route."""
    parts = [route.id, *(f"{name}\0{labels[name]}" for name in sorted(labels))]
    return hashlib.sha256("\1".join(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Told:
    """What was last told of a group: ids of the alerts that fired and that had ended."""

    firing: frozenset[str]
    resolved: frozenset[str]
    at: datetime


def must_tell(
    firing: Collection[str],
    resolved: Collection[str],
    told: Told | None,
    *,
    repeat: timedelta,
    now: datetime,
) -> bool:
    """Whether a group is told now, by Alertmanager's rule for receivers that want ends too.

    Never told: when something fires. Else when something fires that was not told, when all ended
    of which something was told, when an end is new, or when the repeat interval is over.
    """
    if told is None:
        return bool(firing)
    if not set(firing) <= told.firing:
        return True
    if not firing:
        return bool(told.firing)
    if not set(resolved) <= told.resolved:
        return True
    return told.at < now - repeat


def first_flush(route: Route, starts_at: datetime, now: datetime) -> datetime:
    """When a new group is first told: after its wait, or at once when its alert is older than that."""
    return now if starts_at + route.group_wait < now else now + route.group_wait
