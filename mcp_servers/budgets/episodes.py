"""Changes in what budgets' scopes cost, by the day and the hour: kept, and told once to their channels."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from core.clock import utc_now
from core.errors import OpsError
from core.storage.alert_records import ChannelRow, DeliveryRow, channels_of
from core.storage.budget_records import BudgetRow, EpisodeRow, TellingRow
from core.telemetry import logger
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.budgets.budget_state import MODELS, Standing, flag_of, scope_of
from mcp_servers.budgets.gathering import Purse
from mcp_servers.budgets.hourly_changes import HourlyChange, carrying, causes_of, changes_of
from mcp_servers.budgets.hourly_costs import Clockwork, Costs, Key
from mcp_servers.budgets.spend import exchanged, money
from mcp_servers.budgets.spend_changes import expected_by
from mcp_servers.budgets.texts import sentence
from mcp_servers.engines.cost_causes import Part, causes
from mcp_servers.engines.episodes import Noticed, Step, at_least, going_on
from mcp_servers.facts.notices import Telling, ToldAlert

if TYPE_CHECKING:
    from core.storage.kept_alerts import AlertTables

OFF = "off"
# What ended longer ago is no news: whoever turns this on is not told of last month.
NEWS = {"day": timedelta(days=2), "hour": timedelta(hours=26)}
# So long what was noticed is kept, and what reached nobody is tried.
KEPT, OPEN = timedelta(days=400), timedelta(days=30)
# What no channel took is tried again with fresh messages, not at every check.
AGAIN_AFTER = timedelta(hours=1)
CAUSES = 3
SEVERITY = {"low": "info", "medium": "warning", "high": "error", "critical": "critical"}
log = logger("midwatch.budgets")


@dataclass(frozen=True)
class _Found:
    """What was noticed of a budget's scope, and how its causes are asked for."""

    one: Noticed
    causes: list[dict[str, Any]]


async def tell_changes(standings: Sequence[Standing], purse: Purse, desk: Desk) -> int:
    """Judge what these budgets ask to be told of, keep it, and tell what is news. Gives messages."""
    asked = [one for one in standings if one.row.anomalies != OFF]
    states = {one.row.name: await flag_of(desk, "cost_anomalies", one.row) for one in asked}
    watching = [one for one in asked if states[one.row.name] != OFF]
    heard = frozenset(name for name, state in states.items() if state == "on")
    if not watching:
        return 0
    now = utc_now()
    messages = 0
    for one in watching:
        found = await anyio.to_thread.run_sync(_daily, one)
        tells = one.row.name in heard
        messages += await _kept_and_told(one.row, found, "day", desk, now, tells=tells)
    messages += await _hours(watching, purse, desk, now, heard)
    for one in watching:
        messages += await _tell_open(one.row, desk, now)
    async with desk.session() as tables:
        await tables.episodes.forget(now - KEPT)
    return messages


def _daily(one: Standing) -> list[_Found]:
    from mcp_servers.engines.cost_anomalies import cost_anomalies  # numpy waits for the first call

    whole = one.days.whole
    days = sorted(whole)
    judged = cost_anomalies([_midnight(day).timestamp() for day in days], [whole[d] for d in days])
    parts = {
        name: {day: Part(cost) for day, cost in own.items()}
        for name, own in one.days.by_workload.items()
    }
    found: list[_Found] = []
    for episode in judged.episodes:
        start, end = (datetime.fromtimestamp(at, UTC) for at in (episode.start, episode.end))
        direction = "up" if episode.impact > 0 else "down"
        noticed = Noticed(
            scope_of(one.row),
            "day",
            direction,
            start,
            end + timedelta(days=1),
            episode.impact,
            episode.severity,
        )
        behind = causes(days, parts, start.date(), end.date(), CAUSES)
        found.append(_Found(noticed, [_cause(c.workload, c.daily, c.daily_before) for c in behind]))
    return found


async def _hours(
    watching: Sequence[Standing], purse: Purse, desk: Desk, now: datetime, heard: frozenset[str]
) -> int:
    """Once for each hour that is over. What could not be asked is asked again with the next check."""
    end = now.replace(minute=0, second=0, microsecond=0)
    due = [
        one.row
        for one in watching
        if one.row.spend != MODELS and (one.row.hours_judged is None or one.row.hours_judged < end)
    ]
    messages = 0
    by_currency: dict[str, list[BudgetRow]] = {}
    for row in due:
        by_currency.setdefault(row.currency, []).append(row)
    for currency, rows in by_currency.items():
        try:
            rate = exchanged(purse.billing, currency, on=now)[1]
            clockwork = await Clockwork.of(purse, now, float(rate))
            for row in rows:
                found = await _hourly(row, clockwork)
                tells = row.name in heard
                messages += await _kept_and_told(row, found, "hour", desk, now, tells=tells)
                async with desk.session() as tables:
                    await tables.budgets.judged(row.name, row.version, end)
        except OpsError as error:
            log.warning("budgets.hours_not_judged", code=error.code, currency=currency)
    return messages


async def _hourly(row: BudgetRow, clockwork: Clockwork) -> list[_Found]:
    costs, among = await _costs_of(row, clockwork)
    scope = scope_of(row)
    changes = await anyio.to_thread.run_sync(changes_of, {scope: costs})
    found: list[_Found] = []
    for change in changes:
        news = clockwork.end - change.end <= NEWS["hour"]
        behind = await causes_of(change, clockwork, row.namespace, among) if news else []
        told = [_cause(one.workload, one.cost, one.cost_before) for one in behind]
        found.append(_Found(_noticed(change), told))
    return found


async def _costs_of(row: BudgetRow, clockwork: Clockwork) -> tuple[Costs, Any]:
    """Of the budget's scope, and which pods and claims are in it."""

    def every(_: Key) -> bool:
        return True

    if not row.label:
        parts = await clockwork.by_namespace(row.namespace)
        return _sum(parts.values()), every
    among = carrying(clockwork, row.label, row.value)
    parts = await clockwork.by_label(row.label, row.namespace)
    return parts.get(f"{row.label}={row.value}", {}), among


def _sum(parts: Iterable[Costs]) -> Costs:
    found: Costs = {}
    for one in parts:
        for at, cost in one.items():
            found[at] = found.get(at, 0.0) + cost
    return dict(sorted(found.items()))


def _noticed(one: HourlyChange) -> Noticed:
    return Noticed(one.scope, "hour", one.direction, one.start, one.end, one.impact, one.severity)


async def _kept_and_told(
    row: BudgetRow, found: Sequence[_Found], step: Step, desk: Desk, now: datetime, *, tells: bool
) -> int:
    """Only what is news is kept: what was noticed while it was news stays. In shadow nobody is told."""
    news = [one for one in found if now - one.one.end <= NEWS[step]]
    async with desk.session() as tables:
        rows = await tables.episodes.since(now - 2 * NEWS[step], scopes=[scope_of(row)], step=step)
        notes = await tables.days.notes({scope_of(row), *_said_of(row)}, step)
        channels = channels_of(map(str, row.channels), await tables.channels.all())
    kept = [_of_row(one) for one in rows]
    known = {one.id: one for one in rows}
    behind = {(one.one.start, one.one.end): one.causes for one in news}
    messages = 0
    for one in going_on(kept, [each.one for each in news]):
        said = any(
            expected_by(scope, one.direction, one.size, notes)
            for scope in (one.scope, *_said_of(row))
        )
        episode = _row(one, row.currency, known, behind, "expected" if said else one.severity, now)
        async with desk.session() as tables:
            await tables.episodes.keep(episode)
        if tells and not said and at_least(one.severity, row.anomalies):
            messages += await _tell(row, episode, channels, desk, now)
    return messages


def _said_of(row: BudgetRow) -> list[str]:
    """As anomalies call the scope of a budget, where people say what they expected."""
    if row.label:
        return [f"{row.label}={row.value}"]
    return [row.namespace] if row.namespace else []


def _row(
    one: Noticed,
    currency: str,
    known: Mapping[str, EpisodeRow],
    behind: Mapping[tuple[datetime, datetime], list[dict[str, Any]]],
    severity: str,
    now: datetime,
) -> EpisodeRow:
    before = known.get(one.id)
    mark = f"{one.scope}\0{one.step}\0{one.direction}\0{one.start.isoformat()}"
    lists = [causes for (_, end), causes in behind.items() if end == one.end]
    return EpisodeRow(
        id=one.id or hashlib.sha256(mark.encode()).hexdigest()[:32],
        scope=one.scope,
        step=one.step,
        direction=one.direction,
        start=one.start,
        end=one.end,
        impact=one.impact,
        currency=currency,
        severity=severity,
        causes=lists[0] if lists else (before.causes if before else []),
        seen_at=before.seen_at if before else now,
        updated_at=now,
    )


def _of_row(row: EpisodeRow) -> Noticed:
    step = "hour" if row.step == "hour" else "day"
    direction = "up" if row.direction == "up" else "down"
    return Noticed(row.scope, step, direction, row.start, row.end, row.impact, row.severity, row.id)


async def _tell(
    row: BudgetRow, episode: EpisodeRow, channels: Sequence[ChannelRow], desk: Desk, now: datetime
) -> int:
    """Whoever writes the row first puts the messages, in the same transaction."""
    messages = _messages(row, episode, channels, desk.public_url, now, 1)
    telling = TellingRow(row.name, episode.id, now, 1, [one.id for one in messages])
    async with desk.session() as tables:
        if not await tables.episodes.tell(telling):
            return 0
        await tables.outbox.put(messages)
    return len(messages)


async def _tell_open(row: BudgetRow, desk: Desk, now: datetime) -> int:
    """What reached nobody: no channel then, or each that was tried gave it back."""
    messages = 0
    async with desk.session() as tables:
        channels = channels_of(map(str, row.channels), await tables.channels.all())
        found = await tables.episodes.since(now - OPEN, scopes=[scope_of(row)])
        told = await tables.episodes.tellings(row.name, [one.id for one in found])
    episodes = {one.id: one for one in found}
    for one in told if channels else ():
        async with desk.session() as tables:
            messages += await _again(one, row, episodes[one.episode], channels, desk, now, tables)
    return messages


async def _again(
    telling: TellingRow,
    row: BudgetRow,
    episode: EpisodeRow,
    channels: Sequence[ChannelRow],
    desk: Desk,
    now: datetime,
    tables: "AlertTables",
) -> int:
    deliveries = [await tables.outbox.get(str(one)) for one in telling.deliveries]
    found = [one for one in deliveries if one]
    waits = any(one.state in ("sent", "merged", "pending") for one in found)
    if waits or any(now - one.created_at < AGAIN_AFTER for one in found):
        return 0
    messages = _messages(row, episode, channels, desk.public_url, now, telling.tries + 1)
    if not await tables.episodes.tell_again(telling, [one.id for one in messages]):
        return 0
    await tables.outbox.put(messages)
    return len(messages)


def _messages(
    row: BudgetRow,
    episode: EpisodeRow,
    channels: Sequence[ChannelRow],
    public_url: str,
    now: datetime,
    attempt: int,
) -> list[DeliveryRow]:
    """One for each channel, in its language."""
    mark = f"spend\0{row.name}\0{episode.id}\0{attempt}"
    return [
        DeliveryRow.of(
            _telling(row, episode, one.language, public_url).as_data(), one.name, mark, now
        )
        for one in channels
    ]


def _telling(row: BudgetRow, episode: EpisodeRow, language: str, public_url: str) -> Telling:
    form = "%Y-%m-%d" if episode.step == "day" else "%Y-%m-%d %H:%MZ"
    last = episode.end - timedelta(days=1) if episode.step == "day" else episode.end
    facts = {
        "scope": episode.scope,
        "impact": money(abs(episode.impact)),
        "currency": episode.currency,
        "start": episode.start.strftime(form),
        "end": last.strftime(form),
        "name": row.name,
    }
    told = [sentence(f"change.text_{episode.direction}", language, **facts)]
    told += [
        sentence(
            "change.cause",
            language,
            workload=one["workload"],
            cost=money(one["cost"]),
            before=money(one["cost_before"]),
        )
        for one in episode.causes
    ]
    summary = ("" if language == "zh" else " ").join(told)
    alert = ToldAlert(
        id="",
        name=sentence("change.heading", language, **facts),
        status="firing",
        severity=SEVERITY[episode.severity],
        labels={"budget": row.name, **({"namespace": row.namespace} if row.namespace else {})},
        summary=summary,
        starts_at=episode.start.isoformat(),
        generator_url=f"{public_url}/api/v1/costs/anomalies/kept" if public_url else "",
    )
    title = sentence(f"change.title_{episode.direction}", language, **facts)
    telling = Telling(key=f"spend-{episode.id}", reason="new", alerts=(alert,))
    return replace(telling, title=title, text=summary)


def _cause(workload: str, cost: float, before: float) -> dict[str, Any]:
    return {"workload": workload, "cost": round(cost, 6), "cost_before": round(before, 6)}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
