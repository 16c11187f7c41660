"""What becomes due by itself: groups that are told, and alerts that nobody acknowledged."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.storage.alert_records import (
    ChannelRow,
    DeliveryRow,
    EpisodeRow,
    GroupRow,
    StepRow,
    channels_of,
)
from mcp_servers.alerting import unheard
from mcp_servers.alerting.policies import policy_in_force
from mcp_servers.alerting.telling import delivery, heard_late, told
from mcp_servers.alerting.unheard import outcome_of
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.engines.alert_grouping import Told, must_tell, muting
from mcp_servers.engines.alert_routing import every_route, routes_for
from mcp_servers.facts.alert_policies import Policy, Route
from mcp_servers.facts.notices import EACH

if TYPE_CHECKING:
    from core.storage.kept_alerts import AlertTables

STORM = "storm-"
# Steps in which an alert is told by the key of its group.
TOLD_BY = frozenset({"route", "tell"})
# How often alerts are looked through for those that nobody acknowledged.
ESCALATION_EVERY = timedelta(seconds=15)

# So many are caught up with at a time, the first received first.
CAUGHT_UP = 2000


class Ran(BaseModel):
    groups_told: int
    escalated: int
    deliveries: int
    next_due: datetime | None = Field(description="When there is something to do again.")

    def as_text(self) -> str:
        return f"{self.groups_told} groups told, {self.escalated} alerts escalated"


class CaughtUp(BaseModel):
    alerts: int
    deliveries: int

    def as_text(self) -> str:
        return f"{self.alerts} alerts told that nobody had heard of"


async def alerting_run_due(*, desk: Desk) -> Ran:
    """Tell the groups whose time has come and escalate what nobody acknowledged. Run by the jobs."""
    now = utc_now()
    async with desk.session() as tables:
        work = await _at_work(tables, now)
        groups = await work.flush()
        escalated = await work.escalate()
        await tables.alerts.note(work.steps)
        await tables.outbox.put(work.deliveries)
        due = await tables.alerts.next_flush()
    if any(one.escalations for one in every_route(work.policy.root)):
        due = min(filter(None, (due, now + ESCALATION_EVERY)))
    return Ran(
        groups_told=groups, escalated=escalated, deliveries=len(work.deliveries), next_due=due
    )


async def alerting_tell_unheard(*, desk: Desk) -> CaughtUp:
    """Tell what fires and found no channel when it came, where one takes it now. Run by the jobs."""
    now = utc_now()
    async with desk.session() as tables:
        work = await _at_work(tables, now)
        alerts = await work.catch_up()
        await tables.outbox.put(work.deliveries)
        await tables.alerts.note(work.steps)
    return CaughtUp(alerts=alerts, deliveries=len(work.deliveries))


async def _at_work(tables: "AlertTables", now: datetime) -> "_Work":
    """With the turn of telling in hand, and the policy and channels of this moment."""
    await tables.alerts.take_turn()
    kept = await tables.alerts.policy()
    policy = policy_in_force(kept.document if kept else None)
    return _Work(tables, policy, now, await tables.channels.all())


@dataclass
class _Work:
    tables: "AlertTables"
    policy: Policy
    now: datetime
    channels: list[ChannelRow]
    steps: list[StepRow] = field(default_factory=list[StepRow])
    deliveries: list[DeliveryRow] = field(default_factory=list[DeliveryRow])

    async def flush(self) -> int:
        """How many groups were told."""
        due = await self.tables.alerts.due_groups(self.now)
        if not due:
            return 0
        routes = {one.id: one for one in every_route(self.policy.root)}
        firing = [one.labels for one in await self.tables.alerts.firing()]
        count = 0
        for group in due:
            route = routes.get(group.route, self.policy.root)
            members = await self.tables.alerts.episodes(group.members)
            rows = [members[one] for one in group.members if one in members]
            if group.key.startswith(STORM):
                count += await self._digest(group, route, rows)
            else:
                count += await self._group(group, route, rows, firing)
        return count

    async def _digest(self, group: GroupRow, route: Route, rows: Sequence[EpisodeRow]) -> bool:
        """Of a storm: everything that came since the last digest, in one message."""
        await self.tables.alerts.drop_group(group.key)
        fresh = [
            one
            for one in rows
            if one.told_status != one.status and (one.status == "firing" or one.told_status)
        ]
        return await self._tell(group.key, route, fresh, "digest", {})

    async def _group(
        self,
        group: GroupRow,
        route: Route,
        rows: Sequence[EpisodeRow],
        firing: Sequence[Mapping[str, str]],
    ) -> bool:
        heard = [one for one in rows if self._is_heard(one, route, firing)]
        fires = [one.id for one in heard if one.status == "firing"]
        ended = [one.id for one in heard if one.status == "resolved"]
        last = group.told_at and Told(
            frozenset(group.told_firing), frozenset(group.told_resolved), group.told_at
        )
        telling = must_tell(fires, ended, last or None, repeat=route.repeat_interval, now=self.now)
        reason = "repeat" if last and set(fires) <= last.firing and not ended else "new"
        done = telling and await self._tell(group.key, route, heard, reason, group.labels)
        after = replace(group, flush_at=self.now + route.group_interval)
        after = replace(after, members=[one.id for one in rows if one.status == "firing"])
        if telling:
            after = replace(
                after, told_firing=list(fires), told_resolved=list(ended), told_at=self.now
            )
        if after.members:
            await self.tables.alerts.save_groups([after])
        else:
            await self.tables.alerts.drop_group(group.key)
        return done

    def _is_heard(self, row: EpisodeRow, route: Route, firing: Sequence[Mapping[str, str]]) -> bool:
        verdict = muting(self.policy, route, row.labels, firing, self.now)
        self.steps += [
            StepRow(row.id, self.now, one.step, one.outcome, one.detail) for one in verdict.steps
        ]
        return verdict.tell

    async def _tell(
        self,
        key: str,
        route: Route,
        rows: Sequence[EpisodeRow],
        reason: str,
        labels: Mapping[str, str],
    ) -> bool:
        if not rows:
            return False
        names, outcome, why = outcome_of(route.channels, self.channels)
        late, ended = heard_late(route, rows, self.channels, names)
        parts = [key, self.now.isoformat(), *(f"{one.id}:{one.status}" for one in rows)]
        mark = hashlib.sha256("\0".join(parts).encode()).hexdigest()
        for those, told_to in ((rows, names), (ended, late)):
            telling = told(those, key, reason, labels)
            self.deliveries += [delivery(telling, name, mark, self.now) for name in told_to]
        names = [*names, *late]
        detail = {"route": route.id, "channels": names, "reason": reason, "thread": key, **why}
        self.steps += [StepRow(one.id, self.now, "tell", outcome, detail) for one in rows]
        if names:
            marked = [replace(one, told_status=one.status, told_at=self.now) for one in rows]
            await self.tables.alerts.save(marked)
        return bool(names)

    async def catch_up(self) -> int:
        """How many alerts are told after all, each under the key that its end will be told by."""
        rows = await self.tables.alerts.untold(limit=CAUGHT_UP)
        lost = await unheard.lost(self.tables, rows)
        if not lost:
            return 0
        firing = [one.labels for one in await self.tables.alerts.firing()]
        together: dict[tuple[str, str], list[EpisodeRow]] = defaultdict(list)
        routes: dict[str, Route] = {}
        for row in rows:
            for route in routes_for(self.policy.root, row.labels) if row.id in lost else ():
                heard = muting(self.policy, route, row.labels, firing, self.now).tell
                if heard and channels_of(route.channels, self.channels):
                    routes[route.id] = route
                    key = str(lost[row.id].detail.get("thread") or f"{EACH}{route.id}")
                    together[route.id, key].append(row)
        for (place, key), those in together.items():
            await self._tell(key, routes[place], those, "new", {})
        return len({one.id for those in together.values() for one in those})

    async def escalate(self) -> int:
        """Tell the next ones of what fires, was told, and was not acknowledged in time."""
        if not any(one.escalations for one in every_route(self.policy.root)):
            return 0
        late: list[tuple[EpisodeRow, Route]] = []
        for row in await self.tables.alerts.firing():
            if row.acknowledged_by or row.told_status != "firing":
                continue
            routes = routes_for(self.policy.root, row.labels)
            late += [(row, route) for route in routes if self._is_late(row, route)]
        first = await self._first_told([row.id for row, _ in late])
        together: dict[tuple[str, int, str], list[EpisodeRow]] = defaultdict(list)
        by_id: dict[str, Route] = {}
        for row, route in late:
            told_first = first.get((row.id, route.id))
            # Nobody could acknowledge what nobody had been told.
            if told_first and self.now - told_first.at < route.escalations[row.escalated].after:
                continue
            by_id[route.id] = route
            key = str((told_first and told_first.detail.get("thread")) or f"{EACH}{route.id}")
            together[route.id, row.escalated, key].append(row)
        for (place, level, key), rows in together.items():
            await self._raise(by_id[place], level, key, rows)
        return sum(len(rows) for rows in together.values())

    async def _first_told(self, ids: Sequence[str]) -> dict[tuple[str, str], StepRow]:
        """By alert and route, the step that it was told in first: its end goes by the same key."""
        kept = await self.tables.alerts.steps_of(ids) if ids else []
        first: dict[tuple[str, str], StepRow] = {}
        for one in (*kept, *self.steps):
            if one.step in TOLD_BY and one.outcome == "queued":
                first.setdefault((one.alert_id, str(one.detail.get("route", ""))), one)
        return first

    def _is_late(self, row: EpisodeRow, route: Route) -> bool:
        levels = route.escalations
        if row.escalated >= len(levels):
            return False
        return self.now - row.received_at >= levels[row.escalated].after

    async def _raise(self, route: Route, level: int, key: str, rows: Sequence[EpisodeRow]) -> None:
        names, outcome, why = outcome_of(route.escalations[level].channels, self.channels)
        telling = told(rows, key, "escalation", {})
        mark = f"escalation {route.id} {level} {' '.join(one.id for one in rows)}"
        self.deliveries += [delivery(telling, name, mark, self.now) for name in names]
        detail = {"level": level + 1, "route": route.id, "channels": names, "thread": key, **why}
        self.steps += [StepRow(one.id, self.now, "escalate", outcome, detail) for one in rows]
        await self.tables.alerts.save([replace(one, escalated=level + 1) for one in rows])
