"""What a policy would have made of alerts that came before: a dry run over events in their order."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from mcp_servers.engines.alert_grouping import (
    Known,
    Told,
    first_flush,
    group_key,
    must_tell,
    muting,
    worth_telling,
)
from mcp_servers.engines.alert_routing import every_route, group_labels, routes_for
from mcp_servers.facts.alert_policies import Policy, Route


@dataclass(frozen=True, slots=True)
class Happened:
    """An alert began to fire, or ended, at a time."""

    at: datetime
    id: str
    labels: Mapping[str, str]
    status: str  # firing | resolved


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a route, about so many alerts."""

    at: datetime
    route: str
    channels: tuple[str, ...]
    alerts: tuple[str, ...]


@dataclass
class Outcome:
    """`quiet` counts, by step, how often an alert was kept from being told; `escalated`, how often one
    would have been told to the next ones."""

    messages: list[Message] = field(default_factory=list[Message])
    escalated: int = 0
    quiet: Counter[str] = field(default_factory=Counter[str])

    @property
    def told(self) -> frozenset[str]:
        """The alerts of which anybody would have heard."""
        return frozenset(one for message in self.messages for one in message.alerts)


def replay(
    policy: Policy,
    events: Sequence[Happened],
    *,
    until: datetime,
    acknowledged: Mapping[str, datetime] = {},
) -> Outcome:
    """Pass events, in order of time, through routes, mutings, groups and escalations, up to `until`.

    `acknowledged`: when somebody took care of an alert; nobody is told of it by escalation after that.
    """
    run = _Run(policy)
    for event in sorted(events, key=lambda one: one.at):
        run.flush(event.at)
        run.take(event)
    run.flush(until)
    ends = {one.id: one.at for one in events if one.status == "resolved"}
    run.escalate({**acknowledged, **_sooner(ends, acknowledged)}, until)
    return run.outcome


def _sooner(these: Mapping[str, datetime], those: Mapping[str, datetime]) -> Mapping[str, datetime]:
    return {key: min(at, those.get(key, at)) for key, at in these.items()}


@dataclass(frozen=True, slots=True)
class _Group:
    route: Route
    members: tuple[str, ...]
    flush_at: datetime
    told: Told | None = None


@dataclass
class _Run:
    policy: Policy
    outcome: Outcome = field(default_factory=Outcome)
    known: dict[str, Known] = field(default_factory=dict[str, Known])
    labels: dict[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    firing: dict[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    groups: dict[str, _Group] = field(default_factory=dict[str, _Group])
    # By alert and route: when it was told first.
    told_first: dict[tuple[str, str], datetime] = field(
        default_factory=dict[tuple[str, str], datetime]
    )

    def take(self, event: Happened) -> None:
        before = self.known.get(event.id)
        told = (before.told_status, before.told_at) if before else ("", None)
        self.known[event.id] = Known(event.status, event.at, *told)
        self.labels[event.id] = event.labels
        if event.status == "firing":
            self.firing[event.id] = event.labels
        else:
            self.firing.pop(event.id, None)
        for route in routes_for(self.policy.root, event.labels):
            if self.policy.switches.grouping == "on":
                self._gather(event, route)
            elif self._is_told(event, before, route):
                self._say(event.at, route, (event.id,))

    def _is_told(self, event: Happened, before: Known | None, route: Route) -> bool:
        policy = self.policy
        for verdict in (
            worth_telling(event.status, before, route.repeat_interval, event.at, policy.switches),
            muting(policy, route, event.labels, self.firing.values(), event.at),
        ):
            if not verdict.tell:
                self.outcome.quiet[verdict.steps[-1].step] += 1
                return False
        return True

    def _say(self, at: datetime, route: Route, ids: tuple[str, ...]) -> None:
        self.outcome.messages.append(Message(at, route.id, route.channels, ids))
        for one in ids:
            if one in self.firing:
                self.told_first.setdefault((one, route.id), at)
            self.known[one] = replace(
                self.known[one], told_status=self.known[one].status, told_at=at
            )

    def _gather(self, event: Happened, route: Route) -> None:
        key = group_key(route, group_labels(route, event.labels))
        group = self.groups.get(key) or _Group(route, (), first_flush(route, event.at, event.at))
        if event.id not in group.members:
            group = replace(group, members=(*group.members, event.id))
        self.groups[key] = group

    def flush(self, until: datetime) -> None:
        """Every group whose time has come, in order of time, as often as it has."""
        while due := [key for key, one in self.groups.items() if one.flush_at <= until]:
            key = min(due, key=lambda one: self.groups[one].flush_at)
            self._flush(key, self.groups[key])

    def _flush(self, key: str, group: _Group) -> None:
        at, route = group.flush_at, group.route
        heard = [one for one in group.members if self._is_heard(one, route, at)]
        fires = frozenset(one for one in heard if one in self.firing)
        ended = frozenset(heard) - fires
        told = group.told
        news = ended if route.tells_ends else frozenset[str]()
        if must_tell(fires, news, told, repeat=route.repeat_interval, now=at):
            if fires or route.tells_ends:
                self._say(at, route, tuple(heard))
            told = Told(fires, ended, at)
        members = tuple(one for one in group.members if one in self.firing)
        if members:
            later = at + route.group_interval
            self.groups[key] = _Group(route, members, later, told)
        else:
            del self.groups[key]

    def _is_heard(self, alert_id: str, route: Route, at: datetime) -> bool:
        verdict = muting(self.policy, route, self.labels[alert_id], self.firing.values(), at)
        if not verdict.tell:
            self.outcome.quiet[verdict.steps[-1].step] += 1
        return verdict.tell

    def escalate(self, over: Mapping[str, datetime], until: datetime) -> None:
        """Tell the next ones of what was told, and was not `over` by the time that a route names.

        What was told together is told on together.
        """
        routes = {one.id: one for one in every_route(self.policy.root)}
        together: dict[tuple[datetime, str, int], list[str]] = defaultdict(list)
        for (alert, place), told_at in self.told_first.items():
            for level, one in enumerate(routes[place].escalations):
                at = told_at + one.after
                if at < min(until, over.get(alert, until)):
                    together[at, place, level].append(alert)
        for (at, place, level), alerts in sorted(together.items()):
            channels = routes[place].escalations[level].channels
            self.outcome.messages.append(Message(at, place, channels, tuple(alerts)))
            self.outcome.escalated += len(alerts)
