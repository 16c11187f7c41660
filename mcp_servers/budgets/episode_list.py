"""budgets_episodes: changes that were noticed in the scopes of budgets, and whom they were told."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.principal import Principal
from core.storage.alert_records import DeliveryRow
from core.storage.budget_records import BudgetRow, EpisodeRow, TellingRow
from mcp_servers.access import span_of
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.budgets.budget_state import Sent, scope_of
from mcp_servers.budgets.spend import Cursor
from mcp_servers.paging import Page, Sort

if TYPE_CHECKING:
    from core.storage.kept_alerts import AlertTables

OF_ONE = "namespace/"


class ToldBy(BaseModel):
    budget: str
    at: datetime
    state: Sent


class EpisodeCause(BaseModel):
    """A day, of days; of hours, in all of them."""

    workload: str
    cost: float
    cost_before: float


class EpisodeLine(BaseModel):
    scope: str = Field(description="As budgets tell theirs: namespace/NAME, KEY=VALUE, cluster.")
    step: Literal["day", "hour"]
    direction: Literal["up", "down"]
    start: datetime
    end: datetime = Field(description="Where its last day or hour ends.")
    impact: float = Field(description="More or less than expected, over all of it.")
    currency: str
    severity: str = Field(description="low | medium | high | critical, or expected.")
    causes: list[EpisodeCause]
    seen_at: datetime
    told: list[ToldBy]

    def as_line(self) -> str:
        told = ", ".join(f"{one.budget} {one.state}" for one in self.told) or "nobody"
        return (
            f"{self.scope} by the {self.step} {self.start:%Y-%m-%d %H:%M}Z to "
            f"{self.end:%Y-%m-%d %H:%M}Z {self.impact:+.4f} {self.currency} {self.severity}; told: {told}"
        )


class Episodes(Page[EpisodeLine]):
    sorts_by = ("scope", "step", "direction", "start", "end", "impact", "severity", "seen_at")

    def as_text(self) -> str:
        return self.told(f"noticed changes: {self.shown}", [one.as_line() for one in self.rows])


async def budgets_episodes(
    step: Literal["", "day", "hour"] = "",
    window: Annotated[str, Field(max_length=20, description="How far back, ISO 8601.")] = "P30D",
    cursor: Cursor = "",
    sort: Sort = "",
    *,
    desk: Desk,
    caller: Principal,
) -> Episodes:
    """Changes of spend that were noticed in the scopes of budgets with anomalies on, the latest first.

    For what stands out now, whether a budget watches it or not, use budgets_anomalies.
    """
    since = utc_now() - span_of(window)
    async with desk.session() as tables:
        rows = [one for one in await tables.episodes.since(since, step=step) if _sees(caller, one)]
        budgets = await tables.budgets.all()
        told = await _tellings(tables, budgets, rows)
        ids = [str(one) for each in told for one in each.deliveries]
        found = [await tables.outbox.get(one) for one in dict.fromkeys(ids)]
    deliveries = {one.id: one for one in found if one}
    return Episodes.shaped(
        rows, lambda one: _line(one, told, deliveries), cursor=cursor, sort=sort, size=25
    )


def _sees(caller: Principal, row: EpisodeRow) -> bool:
    """What a label or the whole cluster costs is of no single namespace."""
    if caller.namespaces is None:
        return True
    own = row.scope.split(" ")[0]
    return own.startswith(OF_ONE) and caller.sees(own.removeprefix(OF_ONE))


async def _tellings(
    tables: "AlertTables", budgets: Sequence[BudgetRow], rows: Sequence[EpisodeRow]
) -> list[TellingRow]:
    found: list[TellingRow] = []
    for budget in budgets:
        ids = [one.id for one in rows if one.scope == scope_of(budget)]
        if ids:
            found += await tables.episodes.tellings(budget.name, ids)
    return found


def _line(
    row: EpisodeRow, told: Sequence[TellingRow], deliveries: Mapping[str, DeliveryRow]
) -> EpisodeLine:
    return EpisodeLine(
        scope=row.scope,
        step="hour" if row.step == "hour" else "day",
        direction="up" if row.direction == "up" else "down",
        start=row.start,
        end=row.end,
        impact=round(row.impact, 6),
        currency=row.currency,
        severity=row.severity,
        causes=[EpisodeCause(**one) for one in row.causes],
        seen_at=row.seen_at,
        told=[
            ToldBy(budget=one.budget, at=one.at, state=_state(one, deliveries))
            for one in told
            if one.episode == row.id
        ],
    )


def _state(row: TellingRow, deliveries: Mapping[str, DeliveryRow]) -> Sent:
    """One channel that took it is enough."""
    states = {deliveries[one].state for one in row.deliveries if one in deliveries}
    if not states:
        return "nobody"
    if states & {"sent", "merged"}:
        return "sent"
    return "pending" if "pending" in states else "failed"
