"""What is decided about alerts that arrive, and kept with their records and messages in one transaction."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.flags import Flag, decided, weaker
from core.redaction import redact_fields
from core.storage.alert_records import (
    ChannelRow,
    DeliveryRow,
    EpisodeRow,
    GroupRow,
    StepRow,
)
from mcp_servers.alerting.analysing import Analysing, Asked
from mcp_servers.alerting.policies import SMART_SWITCHES, SmartSwitch, switch_of
from mcp_servers.alerting.telling import delivery, heard_late, told
from mcp_servers.alerting.unheard import outcome_of
from mcp_servers.engines.alert_grouping import (
    Known,
    Step,
    Verdict,
    arrived,
    first_flush,
    flaps,
    group_key,
    muting,
    switched,
    worth_telling,
)
from mcp_servers.engines.alert_payloads import episode_id
from mcp_servers.engines.alert_routing import group_labels, routes_for
from mcp_servers.facts.alert_policies import Arrival, ArrivedAlert, Policy, Route
from mcp_servers.facts.notices import EACH

if TYPE_CHECKING:
    from core.storage.kept_alerts import AlertTables

# Midwatch's own use of models is nothing that a cluster could explain.
UNEXPLAINED = frozenset({"midwatch"})


class Received(BaseModel):
    """All of it is stored when this is answered."""

    alerts: int
    new: int
    deliveries: int = Field(description="Messages put into the outbox.")

    def as_text(self) -> str:
        return f"{self.alerts} alerts stored, {self.new} new, {self.deliveries} messages"


@dataclass
class Before:
    """What the tables say where nothing of this transaction is kept yet, each thing read once."""

    loaded: bool = False
    looked_up: set[str] = field(default_factory=set[str])
    episodes: dict[str, EpisodeRow] = field(default_factory=dict[str, EpisodeRow])
    firing: dict[str, EpisodeRow] = field(default_factory=dict[str, EpisodeRow])
    # How many arrived within the time that makes a storm, and how many since that was counted.
    arrived: int = 0
    since: int = 0
    asked: Asked = field(default_factory=Asked)


@dataclass
class Passing:
    """Requests on their way through the gateway, one after the other; what they change is kept at the
    end, at once. What of the tables each of them needs is read for the first."""

    tables: "AlertTables"
    policy: Policy
    now: datetime
    new: int = 0
    episodes: dict[str, EpisodeRow] = field(default_factory=dict[str, EpisodeRow])
    steps: list[StepRow] = field(default_factory=list[StepRow])
    deliveries: list[DeliveryRow] = field(default_factory=list[DeliveryRow])
    groups: dict[str, GroupRow] = field(default_factory=dict[str, GroupRow])
    channels: list[ChannelRow] = field(default_factory=list[ChannelRow])
    firing: list[Mapping[str, str]] = field(default_factory=list[Mapping[str, str]])
    flags: Mapping[str, Flag] = field(default_factory=dict[str, Flag])
    before: Before = field(default_factory=Before)

    async def expect(self, arrivals: Sequence[Arrival]) -> None:
        """Look up at once what several requests are about."""
        alerts = [one for arrival in arrivals for one in arrival.alerts if one.says_start]
        await self._look_up([episode_id(one) for one in alerts])

    async def next(self, arrival: Arrival) -> Received:
        """Take one of several, a moment after the one before: messages are sent in that order."""
        self.now = max(utc_now(), self.now + timedelta(microseconds=1))
        new, deliveries = self.new, len(self.deliveries)
        await self.take(arrival)
        return Received(
            alerts=len(arrival.alerts),
            new=self.new - new,
            deliveries=len(self.deliveries) - deliveries,
        )

    async def take(self, arrival: Arrival) -> None:
        started = [await self._with_start(one) for one in arrival.alerts]
        ids = {episode_id(one): one for one in started}
        await self._look_up(ids)
        await self._load()
        waiting: list[tuple[EpisodeRow, Known | None]] = []
        for key, alert in ids.items():
            there = self.episodes.get(key) or self.before.episodes.get(key)
            before = _known(there)
            verdict = arrived(alert, before, self.now)
            self._note(key, verdict)
            self.new += before is None
            row = _episode(key, alert, there, arrival.source, self.now)
            self.episodes[key] = there if there and verdict.overtaken else row
            if verdict.tell:
                waiting.append((row, before))
        self._look_at_firing()
        await self._pass_on(waiting, arrival)
        if arrival.source not in UNEXPLAINED:
            await self._analyse(waiting)

    async def keep(self) -> None:
        await self.tables.alerts.save(list(self.episodes.values()))
        await self.tables.alerts.note(self.steps)
        there = await self.tables.alerts.groups(self.groups)
        joined = [_joined(there.get(key), group) for key, group in self.groups.items()]
        await self.tables.alerts.save_groups(joined)
        await self.tables.outbox.put(self.deliveries)

    async def _analyse(self, waiting: Sequence[tuple[EpisodeRow, Known | None]]) -> None:
        """Let what began to fire be looked into later."""
        began = [
            row
            for row, before in waiting
            if row.status == "firing" and (before is None or before.status != "firing")
        ]
        added = Analysing(self.tables, self.policy, self.now, self.before.asked)
        await added.add(began, self.firing)
        self.steps += added.steps
        for key, job in added.joined.items():
            known = str(job.result.get("incident_id", ""))
            self.episodes[key] = replace(self.episodes[key], analysis_id=job.id, incident_id=known)

    async def _with_start(self, alert: ArrivedAlert) -> ArrivedAlert:
        """An alert that does not say since when it fires goes on the one that fires already."""
        if alert.says_start:
            return alert
        earlier = await self.tables.alerts.earlier(
            alert.fingerprint, since=datetime.min.replace(tzinfo=self.now.tzinfo)
        )
        same = {one.id: one for one in earlier} | self._of(alert.fingerprint[:64])
        open_ones = [one for one in same.values() if one.status == "firing"]
        since = max((one.starts_at for one in open_ones), default=alert.starts_at)
        return replace(alert, starts_at=since)

    def _of(self, fingerprint: str) -> dict[str, EpisodeRow]:
        """Of an alert, what was taken since the tables were read."""
        return {key: one for key, one in self.episodes.items() if one.fingerprint == fingerprint}

    async def _look_up(self, ids: Collection[str]) -> None:
        unknown = [one for one in ids if one not in self.before.looked_up]
        self.before.looked_up.update(unknown)
        self.before.episodes |= await self.tables.alerts.episodes(unknown)

    async def _load(self) -> None:
        if self.before.loaded:
            return
        self.before.loaded = True
        self.channels = await self.tables.channels.all()
        # Needed only where the policy lets a smart function work at all.
        if any(switch_of(self.policy, one) != "off" for one in SMART_SWITCHES):
            self.flags = await self.tables.flags.by_name()
        if switch_of(self.policy, "storm") != "off":
            since = self.now - self.policy.storm.within
            self.before.arrived = await self.tables.alerts.arrived_since(since)
        if self._inhibits:
            self.before.firing = {one.id: one for one in await self.tables.alerts.firing()}

    @property
    def _inhibits(self) -> bool:
        return bool(self.policy.inhibitions) and self.policy.switches.inhibition != "off"

    def _look_at_firing(self) -> None:
        """All that fires now, needed only where one alert may keep another quiet."""
        if self._inhibits:
            rows = self.before.firing | self.episodes
            self.firing = [one.labels for one in rows.values() if one.status == "firing"]

    async def _pass_on(
        self, waiting: Sequence[tuple[EpisodeRow, Known | None]], arrival: Arrival
    ) -> None:
        storm = self._is_storm(len(waiting))
        together: dict[str, list[EpisodeRow]] = defaultdict(list)
        routes: dict[str, Route] = {}
        for row, before in waiting:
            if await self._is_flapping(row, before):
                continue
            for route in routes_for(self.policy.root, row.labels):
                if self._is_to_be_told(row, before, route, storm=storm):
                    routes[route.id] = route
                    together[route.id].append(row)
        for place, rows in together.items():
            self._tell(routes[place], rows, arrival)

    def _is_to_be_told(
        self, row: EpisodeRow, before: Known | None, route: Route, *, storm: bool
    ) -> bool:
        """Whether a route tells of it now. Grouped alerts are told, or not, when their group is."""
        if storm and not self._goes_on("storm", route.id, row, Step("storm", "digest")):
            self._gather(
                f"storm-{route.id}", route, {}, row, self.now + self.policy.storm.digest_every
            )
            return False
        labels = group_labels(route, row.labels)
        step, key = Step("group", "waits", {"route": route.id}), group_key(route, labels)
        if not self._goes_on("grouping", key, row, step):
            flush_at = first_flush(route, row.starts_at, self.now)
            self._gather(key, route, labels, row, flush_at)
            return False
        switches = self.policy.switches
        for verdict in (
            worth_telling(row.status, before, route.repeat_interval, self.now, switches),
            muting(self.policy, route, row.labels, self.firing, self.now),
        ):
            self._note(row.id, verdict)
            if not verdict.tell:
                return False
        return True

    def _goes_on(self, name: SmartSwitch, key: str, row: EpisodeRow, step: Step) -> bool:
        """Whether an alert goes on though a smart function would hold it: by the policy's switch or the
        function's flag, whichever is weaker."""
        flag = decided(self.flags, name, key, row.labels)
        verdict = switched(weaker(switch_of(self.policy, name), flag.state), step)
        self._note(row.id, verdict)
        return verdict.tell

    def _gather(
        self, key: str, route: Route, labels: dict[str, str], row: EpisodeRow, flush_at: datetime
    ) -> None:
        """Add to a group in this request; `Passing.keep` joins it with what is there already."""
        group = self.groups.get(key) or GroupRow(key, route.id, dict(labels), [], flush_at)
        if row.id not in group.members:
            members = [*group.members, row.id]
            group = replace(group, members=members, flush_at=min(group.flush_at, flush_at))
        self.groups[key] = group

    def _tell(self, route: Route, rows: Sequence[EpisodeRow], arrival: Arrival) -> None:
        each = EACH + group_key(route, group_labels(route, rows[0].labels))
        key = arrival.group_key or each
        reason = "repeat" if all(one.told_status == one.status for one in rows) else "new"
        names, outcome, why = outcome_of(route.channels, self.channels)
        late, ended = heard_late(route, rows, self.channels, names)
        for those, told_to in ((rows, names), (ended, late)):
            telling = told(those, key, reason, arrival.group, arrival.external_url)
            telling = replace(telling, open=_open(arrival, those))
            mark = self._mark(key, route, those)
            self.deliveries += [delivery(telling, name, mark, self.now) for name in told_to]
        names = [*names, *late]
        for row in rows:
            detail = {"route": route.id, "channels": names, "thread": key, **why}
            self.steps.append(StepRow(row.id, self.now, "route", outcome, detail))
            if names:
                self.episodes[row.id] = replace(
                    self.episodes[row.id], told_status=row.status, told_at=self.now
                )

    def _mark(self, key: str, route: Route, rows: Sequence[EpisodeRow]) -> str:
        parts = [key, route.id]
        parts += [f"{one.id}:{one.status}:{one.times_received}" for one in rows]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def _is_storm(self, more: int) -> bool:
        if switch_of(self.policy, "storm") == "off":
            return False
        before = self.before.arrived + self.before.since
        self.before.since = self.new
        return before + more > self.policy.storm.alerts

    async def _is_flapping(self, row: EpisodeRow, before: Known | None) -> bool:
        """Changes of state are starts and ends of the alert's episodes."""
        policy = self.policy
        if policy.switches.flapping == "off" or (before and before.status == row.status):
            return False
        since = self.now - policy.flapping.within
        earlier = await self.tables.alerts.earlier(row.fingerprint, since=since)
        rows = {one.id: one for one in earlier} | self._of(row.fingerprint) | {row.id: row}
        changes = [at for one in rows.values() for at in (one.starts_at, one.ends_at) if at]
        if not flaps(changes, policy, self.now):
            return False
        step = Step("flapping", "quiet", {"changes": len(changes)})
        return not self._goes_on("flapping", row.fingerprint, row, step)

    def _note(self, alert_id: str, verdict: Verdict) -> None:
        self.steps += [
            StepRow(alert_id, self.now, one.step, one.outcome, one.detail) for one in verdict.steps
        ]


def _open(arrival: Arrival, rows: Sequence[EpisodeRow]) -> int:
    """How many others of its group fire: whoever sends a group sends all of it."""
    told_here = {one.id for one in rows}
    firing = (one for one in arrival.alerts if one.status == "firing")
    return len({episode_id(one) for one in firing} - told_here) if arrival.group_key else 0


def _joined(there: GroupRow | None, group: GroupRow) -> GroupRow:
    """A group that goes on keeps its time and what was told of it."""
    if there is None:
        return group
    more = [one for one in group.members if one not in there.members]
    return replace(there, members=[*there.members, *more])


def _known(row: EpisodeRow | None) -> Known | None:
    return Known(row.status, row.updated_at, row.told_status, row.told_at) if row else None


def _episode(
    key: str, alert: ArrivedAlert, known: EpisodeRow | None, source: str, now: datetime
) -> EpisodeRow:
    annotations: dict[str, Any] = redact_fields(alert.annotations)
    if known is None:
        return EpisodeRow(
            id=key,
            fingerprint=alert.fingerprint[:64],
            source=source,
            status=alert.status,
            labels=alert.labels,
            annotations=annotations,
            starts_at=alert.starts_at,
            ends_at=alert.ends_at,
            generator_url=alert.generator_url,
            received_at=now,
            updated_at=now,
        )
    return replace(
        known,
        status=alert.status,
        annotations=annotations,
        ends_at=alert.ends_at,
        updated_at=now,
        times_received=known.times_received + 1,
    )
