"""budgets_hourly_anomalies: hours whose spend the weeks before do not explain, and the workloads behind."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal

import anyio.to_thread
from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Invalid
from core.principal import Principal
from core.storage.budget_records import SpendNoteRow
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.backends.sentences import SENTENCES
from mcp_servers.budgets.gathering import HOUR, Purse
from mcp_servers.budgets.hourly_costs import FEWEST_HOURS, Clockwork, Costs, Key
from mcp_servers.budgets.spend import UNLABELLED, Currency, Cursor, Namespace, exchanged, money
from mcp_servers.budgets.spend_changes import By, expected_by
from mcp_servers.budgets.table_anomalies import Spreads
from mcp_servers.budgets.texts import Language, Note
from mcp_servers.paging import Page

WEEK, DAY = timedelta(days=7), timedelta(days=1)
# Of so many changes, the latest, it is asked which workloads are behind.
EXPLAINED, CAUSES = 5, 3
ROWS = 25


class HourCause(BaseModel):
    workload: str
    kind: Literal["new", "gone", "more", "less"]
    cost: float = Field(description="In these hours.")
    cost_before: float = Field(description="In the same hours a week before, or a day.")


class HourlyChange(BaseModel):
    scope: str = Field(description="Namespace, or KEY=VALUE.")
    start: datetime = Field(description="Where its first hour begins.")
    end: datetime = Field(description="Where its last hour ends.")
    hours: int
    direction: Literal["up", "down"]
    impact: float = Field(description="More or less than expected, over all its hours.")
    severity: str = Field(description="low | medium | high | critical, or expected.")
    expected_by: str = Field(default="", description="Who said that it, or one like it, was.")
    causes: list[HourCause]

    def as_line(self, currency: str) -> str:
        why = "; ".join(
            f"{one.workload} {one.kind} {money(one.cost_before)} -> {money(one.cost)}"
            for one in self.causes
        )
        return (
            f"{self.scope} {self.start:%m-%d %H:%M}Z to {self.end:%m-%d %H:%M}Z "
            f"{self.direction} {self.impact:+.4f} {currency} {self.severity}: {why or 'not asked'}"
        )


class HourlyChanges(Page[HourlyChange]):
    verdict: Literal["ok", "insufficient_data"]
    currency: str
    hours_known: int = Field(description="Of the scope that is known longest.")
    examined: int = Field(
        description="Namespaces, or values of the label, whose hours were judged."
    )
    notes: list[Note]

    def as_text(self) -> str:
        heading = f"{self.verdict}: {self.hours_known} hours known, {self.shown}"
        notes = [f"note: {one.text}" for one in self.notes]
        return self.told(heading, [*(one.as_line(self.currency) for one in self.rows), *notes])


async def budgets_hourly_anomalies(
    namespace: Namespace = "",
    by: By = "namespace",
    currency: Currency = "",
    language: Language = "en",
    cursor: Cursor = "",
    spreads: Spreads = 0,
    *,
    purse: Purse,
    desk: Desk,
    caller: Principal,
) -> HourlyChanges:
    """Hours that cost far more or less than the weeks before explain, with the workloads behind.

    By namespace or label:KEY. For days use budgets_anomalies.
    """
    if not purse.prometheus.configured:
        raise SENTENCES.error(Invalid, "spend_needs_prometheus")
    now = utc_now()
    code, rate = exchanged(purse.billing, currency, on=now)
    clockwork = await Clockwork.of(purse, now, float(rate))
    costs = await _costs(clockwork, caller, namespace, by)
    rows = await anyio.to_thread.run_sync(changes_of, costs, spreads)
    rows = await _with_notes(rows, desk)
    explained = [
        await _explained(one, clockwork, namespace, by, caller.sees) for one in rows[:EXPLAINED]
    ]
    known = max((len(one) for one in costs.values()), default=0)
    enough = known > FEWEST_HOURS
    return HourlyChanges.of(
        [*explained, *rows[EXPLAINED:]],
        cursor=cursor,
        size=ROWS,
        verdict="ok" if enough else "insufficient_data",
        currency=code,
        hours_known=known,
        examined=sum(len(one) > FEWEST_HOURS for one in costs.values()),
        notes=[
            Note.of("hourly.prices", language)
            if enough
            else Note.of("hourly.few", language, known=known, fewest=FEWEST_HOURS + 1),
            *about_label(costs, by, language),
        ],
    )


def about_label(scopes: Collection[str], by: str, language: str) -> list[Note]:
    """A label that nothing carries has one value, which is none."""
    key = by.removeprefix("label:")
    unknown = key != by and set(scopes) == {f"{key}={UNLABELLED}"}
    return [Note.of("spend.no_label", language, label=key)] if unknown else []


async def _costs(
    clockwork: Clockwork, caller: Principal, namespace: str, by: str
) -> dict[str, Costs]:
    if by == "namespace":
        found = await clockwork.by_namespace(namespace)
        return {name: one for name, one in found.items() if caller.sees(name)}
    return await clockwork.by_label(by.removeprefix("label:"), namespace, caller.sees)


async def hours_of(purse: Purse, caller: Principal, by: str) -> list[HourlyChange]:
    """All changes of hours in sight, without their causes."""
    now = utc_now()
    clockwork = await Clockwork.of(purse, now, float(exchanged(purse.billing, "", on=now)[1]))
    return await anyio.to_thread.run_sync(changes_of, await _costs(clockwork, caller, "", by))


async def _with_notes(rows: list[HourlyChange], desk: Desk) -> list[HourlyChange]:
    if desk.store is None:  # without a database nobody could say that a change was expected
        return rows
    async with desk.session() as tables:
        notes = await tables.days.notes({one.scope for one in rows}, "hour")
    return [_noted(one, notes) for one in rows]


def _noted(one: HourlyChange, notes: list[SpendNoteRow]) -> HourlyChange:
    said = expected_by(one.scope, one.direction, abs(one.impact) / one.hours, notes)
    return one.model_copy(update={"severity": "expected", "expected_by": said}) if said else one


def changes_of(costs: Mapping[str, Costs], spreads: float = 0.0) -> list[HourlyChange]:
    """The latest first. An hour that nobody measured is unknown, and not free."""
    from mcp_servers.engines.cost_anomalies import cost_anomalies  # numpy waits for the first call

    found: list[HourlyChange] = []
    for name, hours in costs.items():
        times = [at.timestamp() for at in hours]
        judged = cost_anomalies(times, list(hours.values()), spreads=spreads)
        found += [
            HourlyChange(
                scope=name,
                start=datetime.fromtimestamp(one.start, UTC) - HOUR,
                end=datetime.fromtimestamp(one.end, UTC),
                hours=one.values,
                direction="up" if one.impact > 0 else "down",
                impact=round(one.impact, 6),
                severity=one.severity,
                causes=[],
            )
            for one in judged.episodes
        ]
    return sorted(found, key=lambda one: (one.end, abs(one.impact)), reverse=True)


async def _explained(
    change: HourlyChange, clockwork: Clockwork, namespace: str, by: str, sees: Callable[[str], bool]
) -> HourlyChange:
    within = _within(clockwork, change.scope, namespace, by, sees)
    causes = await causes_of(change, clockwork, *within)
    return change.model_copy(update={"causes": causes})


def _within(
    clockwork: Clockwork, scope: str, namespace: str, by: str, sees: Callable[[str], bool]
) -> tuple[str, Callable[[Key], bool]]:
    """The namespace of a scope, and which of its pods and claims belong to it."""
    if by == "namespace":
        return scope, lambda _: True
    has = carrying(clockwork, by.removeprefix("label:"), scope.partition("=")[2])
    return namespace, lambda pod: sees(pod[0]) and has(pod)


def carrying(clockwork: Clockwork, key: str, value: str) -> Callable[[Key], bool]:
    """Whether a pod or claim carries a label's value."""
    return lambda pod: clockwork.labels(*pod).get(key, UNLABELLED) == value


async def causes_of(
    change: HourlyChange, clockwork: Clockwork, namespace: str, among: Callable[[Key], bool]
) -> list[HourCause]:
    """Against the same hours a week before; where nothing is known of them, of the day before."""

    async def costs(earlier: timedelta) -> dict[str, float]:
        start, end = change.start - earlier, change.end - earlier
        return await clockwork.by_workload(start, end, namespace, among)

    now, before = await costs(timedelta()), await costs(WEEK)
    before = before or await costs(DAY)
    sign = 1 if change.direction == "up" else -1
    differences = {
        name: sign * (now.get(name, 0.0) - before.get(name, 0.0)) for name in {*now, *before}
    }
    ranked = sorted(
        (one for one in differences if differences[one] > 0), key=lambda one: -differences[one]
    )
    return [_cause(name, now.get(name, 0.0), before.get(name, 0.0)) for name in ranked[:CAUSES]]


def _cause(workload: str, now: float, before: float) -> HourCause:
    kind: Literal["new", "gone", "more", "less"] = "more" if now > before else "less"
    if not before or not now:
        kind = "new" if now else "gone"
    return HourCause(workload=workload, kind=kind, cost=round(now, 6), cost_before=round(before, 6))
