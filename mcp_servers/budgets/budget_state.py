"""How budgets stand: what is spent, what the period will cost, what was told of it, what drives it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import OpsError
from core.flags import State as Flagged
from core.flags import decided
from core.storage.alert_records import ChannelRow, DeliveryRow, channels_of
from core.storage.budget_records import BudgetRow, DayRow, MarkRow, ShareRow
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.budgets.gathering import Purse
from mcp_servers.budgets.model_spend import model_days
from mcp_servers.budgets.spend import money
from mcp_servers.budgets.spend_days import DAY, ScopeDays, rates_to, scope_days, today_so_far
from mcp_servers.budgets.texts import Note
from mcp_servers.engines.budgets import WEEKS, bounds, drivers, share_of
from mcp_servers.engines.period_ends import exhausted_on, period_end, with_today
from mcp_servers.facts.budgets import Budget, Period, PeriodEnd, Thresholds

MODELS = "models"
State = Literal["ok", "at_risk", "over", "insufficient_data", "no_match", "not_begun", "ended"]
Sent = Literal["sent", "pending", "failed", "nobody", "with_higher", "shadow"]
# So many tries has what a flag in shadow kept from being told.
IN_SHADOW = -1


class Foretold(BaseModel):
    """What the period will have cost; the interval holds 80 %, null with too few days."""

    mean: float
    lower: float | None
    upper: float | None


class ToldLine(BaseModel):
    threshold: int = Field(description="In percent.")
    kind: str = Field(description="actual | forecast")
    at: datetime
    state: Sent = Field(
        description="with_higher: a higher one was told at the same time; shadow: a flag kept it quiet."
    )


class DriverLine(BaseModel):
    """A day in the last week, and in the weeks before, on average."""

    workload: str
    daily: float
    daily_before: float


class BudgetLine(BaseModel):
    name: str
    scope: str = Field(description="namespace/NAME, KEY=VALUE, both, cluster, or models.")
    amount: float
    currency: str
    period: str
    starts_on: date
    ends_on: date = Field(description="The first day after it.")
    spent: float
    remaining: float = Field(description="Of the amount; below 0: that much is over it.")
    share: float | None = Field(description="Of the amount, in percent; null for an amount of 0.")
    foretold: Foretold | None
    exhausted_on: date | None = Field(description="When the amount will be spent, in this period.")
    state: State
    days_known: int = Field(description="Whole days of the last weeks and the period.")
    thresholds: list[int]
    forecast_thresholds: list[int]
    told: list[ToldLine]
    drivers: list[DriverLine]
    owner: str
    channels: list[str]
    anomalies: str = Field(description="From which severity on changes of its spend are told.")
    notes: list[Note]
    updated_at: datetime = Field(description="When somebody changed it last.")

    def as_line(self) -> str:
        end = self.foretold
        range_ = f" ({end.lower:.2f} to {end.upper:.2f})" if end and end.upper is not None else ""
        ahead = f", end {money(end.mean)}{range_}" if end else ""
        share = f" = {self.share:.0f} %" if self.share is not None else ""
        gone = f", used up on {self.exhausted_on}" if self.exhausted_on else ""
        return (
            f"{self.name} [{self.scope}] {self.state}: {money(self.spent)} of "
            f"{money(self.amount)} {self.currency}{share} in {self.period} from {self.starts_on}"
            f"{ahead}{gone}"
        )


@dataclass(frozen=True)
class Standing:
    """A budget measured: what the engine takes, and what it gave."""

    row: BudgetRow
    budget: Budget
    start: date
    end: date
    today: date
    days: ScopeDays
    foretold: PeriodEnd | None
    unpriced: int = 0  # calls of models in its period whose cost nobody knows


@dataclass(frozen=True)
class Told:
    """What was told of a budget in its present period, and whom it may tell."""

    marks: Sequence[MarkRow]
    deliveries: Mapping[str, DeliveryRow]
    channels: Sequence[ChannelRow]


@dataclass(frozen=True)
class Today:
    """Now, and what today cost so far; `failure` says why that is not known."""

    now: datetime
    day: DayRow | None = None
    shares: Sequence[ShareRow] = ()
    failure: OpsError | None = None


async def today_of(purse: Purse) -> Today:
    """Whatever went wrong with today's part, the days before are known."""
    now = utc_now()
    try:
        found = await today_so_far(purse, now)
    except OpsError as error:
        return Today(now, failure=error)
    return Today(now, *found) if found else Today(now)


def fact_of(row: BudgetRow) -> Budget:
    period: Period = row.period  # pyright: ignore[reportAssignmentType] - checked when it was written
    thresholds = Thresholds(tuple(row.actual), tuple(row.forecast))
    return Budget(
        row.name, Decimal(row.amount), period, thresholds, row.version, row.starts_on, row.ends_on
    )


async def standing(row: BudgetRow, today: Today, purse: Purse, desk: Desk) -> Standing:
    budget, on = fact_of(row), today.now.date()
    start, end = bounds(budget, on)
    first = min(start, on - DAY * 7 * WEEKS)
    rate = rates_to(purse.billing, row.currency, on)
    if row.spend == MODELS:
        used = await model_days(row, desk, rate, first=first, start=start, now=today.now)
        left = _left_of_day(today.now)
        return _stands(row, budget, (start, end, on), used.days, used.unpriced, left=left)
    async with desk.session() as tables:
        days = await tables.days.known(first, on)
        shares = await tables.days.shares(first, on, row.namespace)
    if today.day:
        days, shares = [*days, today.day], [*shares, *today.shares]
    found = scope_days(row, days, shares, start=start, today=on, rate=rate)
    return _stands(row, budget, (start, end, on), found, left=_left_of_day(today.now))


def _left_of_day(now: datetime) -> float:
    over = now - now.replace(hour=0, minute=0, second=0, microsecond=0)
    return 1 - over / DAY


def _stands(
    row: BudgetRow,
    budget: Budget,
    when: tuple[date, date, date],
    found: ScopeDays,
    unpriced: int = 0,
    *,
    left: float,
) -> Standing:
    start, end, on = when
    foretold = period_end(found.whole, start, end, on) if found.matched else None
    if foretold is not None:
        of_today = left if start <= on < end else 0.0
        foretold = with_today(foretold, found.whole, on, found.spent, of_today)
    return Standing(row, budget, start, end, on, found, foretold, unpriced)


async def told_of(one: Standing, desk: Desk) -> Told:
    async with desk.session() as tables:
        marks = await tables.budgets.marks(one.row.name, one.row.version, one.start)
        ids = [str(delivery) for mark in marks for delivery in mark.deliveries]
        found = [await tables.outbox.get(one) for one in ids]
        channels = await tables.channels.all()
    deliveries = {row.id: row for row in found if row}
    return Told(marks, deliveries, channels)


def line_of(one: Standing, told: Told, today: Today, language: str) -> BudgetLine:
    row, end = one.row, one.foretold
    share = share_of(one.budget, one.days.spent) if one.budget.amount else None
    return BudgetLine(
        name=row.name,
        scope=scope_of(row),
        amount=float(row.amount),
        currency=row.currency,
        period=row.period,
        starts_on=one.start,
        ends_on=one.end,
        spent=round(one.days.spent, 6),
        remaining=round(float(row.amount) - one.days.spent, 6),
        share=None if share is None else round(share, 2),
        foretold=Foretold(mean=end.mean, lower=end.lower, upper=end.upper) if end else None,
        exhausted_on=_exhausted(one),
        state=_state(one),
        days_known=len(one.days.whole),
        thresholds=list(row.actual),
        forecast_thresholds=list(row.forecast),
        told=[_told(mark, told) for mark in told.marks],
        drivers=[
            DriverLine(workload=d.workload, daily=d.daily, daily_before=d.daily_before)
            for d in drivers(one.days.by_workload, one.today)
        ],
        owner=row.owner,
        channels=[str(name) for name in row.channels],
        anomalies=row.anomalies,
        notes=_notes(one, told, today, language),
        updated_at=row.updated_at,
    )


def scope_of(row: BudgetRow) -> str:
    parts = [MODELS] if row.spend == MODELS else []
    parts += [f"user={row.subject}"] if row.subject else []
    parts += [f"namespace/{row.namespace}"] if row.namespace else []
    parts += [f"{row.label}={row.value}"] if row.label else []
    return " ".join(parts) or "cluster"


def _exhausted(one: Standing) -> date | None:
    if not one.days.matched:
        return None
    amount = float(one.budget.amount)
    return exhausted_on(amount, one.days.whole, one.start, one.end, one.today)


def _state(one: Standing) -> State:
    amount = float(one.budget.amount)
    if one.today < one.start:
        return "not_begun"
    if one.days.matched and one.days.spent >= amount and one.days.spent > 0:
        return "over"
    if one.today >= one.end:
        return "ended"
    if not one.days.whole:
        return "insufficient_data"
    if not one.days.matched:
        return "no_match"
    return "at_risk" if one.foretold and one.foretold.mean >= amount else "ok"


def _told(mark: MarkRow, told: Told) -> ToldLine:
    return ToldLine(
        threshold=mark.threshold, kind=mark.kind, at=mark.at, state=sent_state(mark, told)
    )


async def flag_of(desk: Desk, name: str, row: BudgetRow) -> Flagged:
    """Whether a smart function is on for this budget; shadow: it works, and nobody is told."""
    async with desk.session() as tables:
        flags = await tables.flags.by_name()
    labels = {"budget": row.name, "namespace": row.namespace, row.label: row.value}
    return decided(flags, name, row.name, {k: v for k, v in labels.items() if k and v}).state


def sent_state(mark: MarkRow, told: Told) -> Sent:
    """What became of the messages of a threshold: one channel that took it is enough."""
    if mark.tries <= 0:
        return "shadow" if mark.tries == IN_SHADOW else "with_higher"
    states = {told.deliveries[one].state for one in mark.deliveries if one in told.deliveries}
    if not states:
        return "nobody"
    if states & {"sent", "merged"}:
        return "sent"
    return "pending" if "pending" in states else "failed"


def _notes(one: Standing, told: Told, today: Today, language: str) -> list[Note]:
    """What a reader must know before believing the figures, or trusting to be told."""
    row, days, sources = one.row, len(one.days.whole), one.days.sources
    over = max((min(one.today, one.end) - one.start).days, 0)
    known = sum(one.start <= day < one.end for day in one.days.whole)
    channels = channels_of(map(str, row.channels), told.channels)
    why = today.failure.told(language) if today.failure else ""
    due: list[tuple[str, bool, dict[str, object]]] = [
        ("nobody", not row.channels, {}),
        ("silent", bool(row.channels) and not channels, {"channels": ", ".join(row.channels)}),
        ("no_days", not days and row.spend != MODELS, {}),
        ("no_calls", not days and row.spend == MODELS, {}),
        ("unpriced", one.unpriced > 0, {"count": one.unpriced}),
        ("partial", bool(days) and known < over, {"known": known, "days": over}),
        ("no_match", bool(days) and not one.days.matched, {"scope": scope_of(row)}),
        ("no_today", bool(why) and row.spend != MODELS, {"why": why}),
        ("nothing", not one.budget.amount, {}),
        ("mixed_prices", len(sources) > 1, {"sources": ", ".join(sources)}),
    ]
    return [Note.of(f"budget.{code}", language, **facts) for code, is_due, facts in due if is_due]
