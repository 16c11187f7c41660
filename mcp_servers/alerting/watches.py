"""Midwatch's own alerts: watches over its use of models, which fire and end by themselves."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.clock import utc_now
from core.errors import Invalid, NotFound
from core.principal import Principal
from core.sentences import Said, Sentences
from core.storage.watch_records import WatchRow, WatchStateRow
from mcp_servers.alerting.own_alerts import notes, own_way, pass_on
from mcp_servers.alerting.policies import Span
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.engines.usage_watching import measured, stepped
from mcp_servers.facts.alert_policies import ArrivedAlert
from mcp_servers.facts.durations import duration
from mcp_servers.facts.usage_watches import ModelCall, Watch, WatchState
from mcp_servers.paging import Page, Sort

WORDS = Sentences("mcp_servers.alerting", "watch")
# The jobs hand over the calls of a day.
LONGEST = timedelta(days=1)
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$", max_length=100)]
Measure = Literal[
    "failure_rate",
    "latency_p50_ms",
    "latency_p95_ms",
    "latency_p99_ms",
    "cost_usd",
    "tokens",
    "calls",
]
Calls = Annotated[
    list[dict[str, Any]], Field(description="Calls of models, as the usage log has them.")
]


class WatchTerms(BaseModel):
    model_config = ConfigDict(extra="forbid")

    measure: Measure = Field(description="failure_rate is a share, 0 to 1; cost in USD.")
    compare: Literal[">", ">=", "<", "<=", "="] = ">"
    threshold: float = Field(description="In the unit of the measure.")
    window: Span = Field(default="PT5M", description="ISO 8601: over which calls, P1D at most.")
    held: Span = Field(default="PT0S", description="ISO 8601: for how long before it fires.")
    by: Literal["", "model", "user", "app"] = Field(
        default="", description="Told apart by; app is the subagent."
    )
    only_model: str = Field(default="", max_length=200)
    only_user: str = Field(default="", max_length=200)
    only_app: str = Field(default="", max_length=200)
    least: int = Field(default=1, ge=1, description="Fewer calls than this are no data.")
    no_data: Literal["ends", "keeps", "alerts"] = Field(
        default="ends", description="What no data does to its alert."
    )
    severity: Literal["critical", "error", "warning", "info"] = "warning"


class Seen(BaseModel):
    about: str = Field(description="The model, user or app; empty: all together.")
    state: str = Field(description="ok | pending (not yet long enough) | firing | no_data")
    since: datetime
    measured: float | None
    fires_since: datetime | None


class WatchLine(BaseModel):
    name: str
    enabled: bool
    terms: WatchTerms
    created_by: str
    seen: list[Seen]


class WatchPage(Page[WatchLine]):
    sorts_by = ("name", "enabled", "created_by")

    def as_text(self) -> str:
        return self.told(f"watches over the use of models: {self.shown}", map(_told, self.rows))


class Judged(BaseModel):
    watches: int
    firing: int
    deliveries: int

    def as_text(self) -> str:
        return f"{self.watches} watches, {self.firing} fire"


async def alerting_list_watches(cursor: str = "", sort: Sort = "", *, desk: Desk) -> WatchPage:
    """List the watches over Midwatch's own use of models: failures, latency, cost; and what each sees."""
    async with desk.session() as tables:
        rows, states = await tables.watches.all(), await tables.watches.states()
    lines = [_line(row, [one for one in states if one.watch == row.name]) for row in rows]
    return WatchPage.of(lines, cursor=cursor, sort=sort)


async def alerting_set_watch(
    name: Name, terms: WatchTerms, enabled: bool = True, *, desk: Desk, caller: Principal
) -> WatchLine:
    """Watch Midwatch's own use of models; it is looked at every minute, and alerts like any other."""
    now = utc_now()
    if duration(terms.window) > LONGEST:
        raise WORDS.error(Invalid, "watch_too_long", hours=LONGEST // timedelta(hours=1))
    async with desk.session() as tables:
        there = await tables.watches.get(name)
        row = there or WatchRow(name, {}, enabled, caller.subject, now, now)
        row = replace(row, terms=terms.model_dump(), enabled=enabled, updated_at=now)
        await tables.watches.save(row)
        states = [one for one in await tables.watches.states() if one.watch == name]
    return _line(row, states)


async def alerting_remove_watch(name: Name, *, desk: Desk) -> WatchLine:
    """Remove a watch; what fires of it ends."""
    async with desk.session() as tables:
        await tables.alerts.take_turn()
        row = await tables.watches.get(name)
        if row is None:
            raise WORDS.error(NotFound, "no_watch", name=name)
        states = [one for one in await tables.watches.states() if one.watch == name]
        await tables.watches.remove(name)
        await tables.watches.drop_states(name)
        way = await own_way(tables, utc_now())
        await pass_on(way, [_ended(_watch(row), one, way.now) for one in states if one.fires_since])
    return _line(row, states)


async def alerting_judge_watches(calls: Calls, *, desk: Desk) -> Judged:
    """Look at every watch once, with the calls of the last hours. Run by the jobs."""
    now, read = utc_now(), [_call(one) for one in calls]
    async with desk.session() as tables:
        await tables.alerts.take_turn()
        rows = [one for one in await tables.watches.all() if one.enabled]
        known = {one.id: one for one in await tables.watches.states()}
        way = await own_way(tables, now)
        after: list[WatchStateRow] = []
        alerts: list[ArrivedAlert] = []
        for watch in map(_watch, rows):
            before = {one.about: one for one in known.values() if one.watch == watch.name}
            values = dict.fromkeys(before) | measured(watch, read, now)
            for about, value in values.items():
                there = before.get(about)
                state = _row(watch, about, stepped(watch, _state(there), value, now), now)
                after.append(state)
                if state.fires_since and not (there and there.fires_since):
                    alerts.append(_begun(watch, state))
                elif there and there.fires_since and not state.fires_since:
                    alerts.append(_ended(watch, there, now))
        await tables.watches.save_states(after)
        await pass_on(way, alerts)
    firing = sum(one.fires_since is not None for one in after)
    return Judged(watches=len(rows), firing=firing, deliveries=len(way.deliveries))


def _call(one: Mapping[str, Any]) -> ModelCall:
    told = {key: value for key, value in one.items() if key != "at"}
    return ModelCall(at=datetime.fromisoformat(one["at"]), **told)


def _watch(row: WatchRow) -> Watch:
    terms = WatchTerms.model_validate(row.terms)
    plain = terms.model_dump(exclude={"window", "held"})
    return Watch(name=row.name, window=duration(terms.window), held=duration(terms.held), **plain)


def _state(row: WatchStateRow | None) -> WatchState | None:
    return WatchState(row.state, row.since, row.measured, row.fires_since) if row else None


def _row(watch: Watch, about: str, state: WatchState, now: datetime) -> WatchStateRow:
    key = hashlib.sha256(f"{watch.name}\0{about}".encode()).hexdigest()
    return WatchStateRow(
        id=key,
        watch=watch.name,
        about=about[:200],
        state=state.state,
        since=state.since,
        measured=state.measured,
        checked_at=now,
        fires_since=state.fires_since,
    )


def _begun(watch: Watch, state: WatchStateRow) -> ArrivedAlert:
    return ArrivedAlert(
        fingerprint=state.id[:64],
        status="firing",
        labels=_labels(watch, state.about),
        annotations=notes(summary=_summary(watch, state)),
        starts_at=state.fires_since or state.since,
    )


def _ended(watch: Watch, state: WatchStateRow, now: datetime) -> ArrivedAlert:
    return ArrivedAlert(
        fingerprint=state.id[:64],
        status="resolved",
        labels=_labels(watch, state.about),
        annotations=notes(summary=_summary(watch, state)),
        starts_at=state.fires_since or state.since,
        ends_at=now,
    )


def _labels(watch: Watch, about: str) -> dict[str, str]:
    labels = {"alertname": watch.name, "severity": watch.severity, "measure": watch.measure}
    return {**labels, "job": "midwatch", **({watch.by: about} if watch.by else {})}


def _summary(watch: Watch, state: WatchStateRow) -> Said:
    about = WORDS.said(f"of_{watch.by}", name=state.about) if watch.by else ""
    measure = WORDS.said(watch.measure)
    if state.measured is None:
        return WORDS.said("unmeasured", measure=measure, about=about)
    return WORDS.said(
        "seen",
        measure=measure,
        about=about,
        measured=f"{state.measured:.4g}",
        compare=watch.compare,
        threshold=f"{watch.threshold:g}",
    )


def _line(row: WatchRow, states: list[WatchStateRow]) -> WatchLine:
    return WatchLine(
        name=row.name,
        enabled=row.enabled,
        terms=WatchTerms.model_validate(row.terms),
        created_by=row.created_by,
        seen=[
            Seen(
                about=one.about,
                state=one.state,
                since=one.since,
                measured=one.measured,
                fires_since=one.fires_since,
            )
            for one in states
        ],
    )


def _told(one: WatchLine) -> str:
    terms = one.terms
    seen = ", ".join(f"{part.about or 'all'} {part.state}" for part in one.seen) or "not looked yet"
    off = "" if one.enabled else " (off)"
    return f"{one.name}{off}: {terms.measure} {terms.compare} {terms.threshold:g}: {seen}"
