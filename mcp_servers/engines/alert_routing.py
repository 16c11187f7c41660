"""Who is told of an alert, and what keeps it from being told, as Alertmanager decides it."""

import re
from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from mcp_servers.facts.alert_policies import Condition, Inhibition, Policy, Route, TimeSpan

Labels = Mapping[str, str]


def routes_for(root: Route, labels: Labels) -> list[Route]:
    """The routes an alert goes to: depth first; a match ends the search unless it goes on.

    A node of which no child matches takes the alert itself.
    """
    if not matches(root.conditions, labels):
        return []
    found: list[Route] = []
    for child in root.routes:
        taken = routes_for(child, labels)
        found += taken
        if taken and not child.goes_on:
            break
    return found or [root]


def every_route(root: Route) -> Iterable[Route]:
    yield root
    for child in root.routes:
        yield from every_route(child)


def matches(conditions: Iterable[Condition], labels: Labels) -> bool:
    return all(_holds(one, labels.get(one.name, "")) for one in conditions)


def _holds(condition: Condition, value: str) -> bool:
    if condition.operator.endswith("~"):
        same = pattern(condition.value).fullmatch(value) is not None
    else:
        same = condition.value == value
    return same is not condition.operator.startswith("!")


@lru_cache(maxsize=2048)
def pattern(text: str) -> re.Pattern[str]:
    """Raises `re.error` for what is none; a dot takes line ends too, as it does in Go's matchers."""
    return re.compile(text, re.DOTALL)


def group_labels(route: Route, labels: Labels) -> dict[str, str]:
    """What an alert is grouped by; a label it lacks is not part of it, as in Alertmanager."""
    if route.group_by == ("...",):
        return dict(labels)
    return {name: labels[name] for name in route.group_by if name in labels}


def inhibitor(
    rules: Sequence[Inhibition], labels: Labels, firing: Iterable[Labels]
) -> Labels | None:
    """The firing alert that keeps this one quiet, or None.

    Labels to be equal may be missing on both sides. An alert that fits both sides of a rule is not
    kept quiet by one that does too; so nothing keeps itself quiet.
    """
    targets = [rule for rule in rules if matches(rule.target, labels)]
    if not targets:
        return None
    both = {id(rule): matches(rule.source, labels) for rule in targets}
    for other in firing:
        for rule in targets:
            if not matches(rule.source, other):
                continue
            if both[id(rule)] and matches(rule.target, other):
                continue
            if all(labels.get(one, "") == other.get(one, "") for one in rule.equal):
                return other
    return None


def muted_by_time(policy: Policy, route: Route, now: datetime) -> str:
    """The name of the time span that mutes a route now, "inactive" outside all of its active ones, or ""."""
    for name in route.mute:
        if in_any(policy.spans.get(name, ()), now):
            return name
    if route.active and not any(in_any(policy.spans.get(one, ()), now) for one in route.active):
        return "inactive"
    return ""


def in_any(spans: Iterable[TimeSpan], now: datetime) -> bool:
    return any(within(one, now) for one in spans)


def within(span: TimeSpan, now: datetime) -> bool:
    """Whether a moment lies in a time span; every field that is given must hold."""
    at = now.astimezone(ZoneInfo(span.zone))
    minute, weekday = at.hour * 60 + at.minute, at.isoweekday() % 7
    return (
        (not span.times or any(start <= minute < end for start, end in span.times))
        and _in(span.weekdays, weekday)
        and _in_days(span.days, at)
        and _in(span.months, at.month)
        and _in(span.years, at.year)
    )


def _in(ranges: Sequence[tuple[int, int]], value: int) -> bool:
    return not ranges or any(start <= value <= end for start, end in ranges)


def _in_days(ranges: Sequence[tuple[int, int]], at: datetime) -> bool:
    """Negative days count from the month's end: -1 is its last."""
    if not ranges:
        return True
    length = monthrange(at.year, at.month)[1]
    for start, end in ranges:
        first = start if start > 0 else length + 1 + start
        last = end if end > 0 else length + 1 + end
        if max(first, 1) <= at.day <= min(last, length):
            return True
    return False
