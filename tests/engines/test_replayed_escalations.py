"""Escalations in a dry run: the next ones are told of what fires on and nobody took care of."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.engines.alert_replay import Happened, Outcome, replay
from mcp_servers.facts.alert_policies import Escalation, Policy, Route

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
UNTIL = NOON + timedelta(hours=3)
LEVELS = (
    Escalation(timedelta(minutes=10), ("second",)),
    Escalation(timedelta(minutes=30), ("third",)),
)
ROUTE = Route(id="0", channels=("first",), escalations=LEVELS)


def minutes(many: int) -> datetime:
    return NOON + timedelta(minutes=many)


def ran(ends: int | None = None, acknowledged: int | None = None) -> Outcome:
    """An alert that fires at noon, and perhaps ends or is taken care of so many minutes later."""
    events = [Happened(NOON, "a", {"alertname": "Slow"}, "firing")]
    if ends is not None:
        events.append(Happened(minutes(ends), "a", {"alertname": "Slow"}, "resolved"))
    taken: Mapping[str, datetime] = {} if acknowledged is None else {"a": minutes(acknowledged)}
    return replay(Policy(root=ROUTE), events, until=UNTIL, acknowledged=taken)


def told_on(outcome: Outcome) -> list[tuple[str, ...]]:
    return [one.channels for one in outcome.messages if one.channels != ("first",)]


def test_what_nobody_takes_care_of_is_told_to_one_level_after_the_other() -> None:
    outcome = ran()
    assert told_on(outcome) == [("second",), ("third",)]
    assert outcome.escalated == 2


@given(st.integers(1, 60), st.booleans())
def test_levels_are_told_only_before_it_ends_or_somebody_takes_care_of_it(
    after: int, is_end: bool
) -> None:
    outcome = ran(ends=after) if is_end else ran(acknowledged=after)
    expected = [one.channels for one in LEVELS if one.after < timedelta(minutes=after)]
    assert told_on(outcome) == expected


def test_what_happens_after_the_time_looked_at_is_not_told() -> None:
    event = Happened(UNTIL - timedelta(minutes=20), "a", {}, "firing")
    assert told_on(replay(Policy(root=ROUTE), [event], until=UNTIL)) == [("second",)]
