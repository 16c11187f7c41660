"""budgets_model_spend: what the models cost, by user, team or model, from the log of their calls."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, Field

from core.clock import utc_now
from core.errors import Forbidden
from core.principal import Principal
from core.storage.budget_records import BudgetRow
from mcp_servers.backends.alert_desk import Desk
from mcp_servers.budgets.gathering import Purse
from mcp_servers.budgets.sentences import SENTENCES
from mcp_servers.budgets.spend import Currency, Cursor, exchanged, money, window_of
from mcp_servers.budgets.spend_days import DAY, Rate, ScopeDays, rates_to
from mcp_servers.budgets.texts import Language, Note
from mcp_servers.paging import Page, Sort

if TYPE_CHECKING:
    from core.storage.records import UsageDay

# Prices of models are in dollars.
PRICED_IN = "USD"
LONGEST = timedelta(days=366)
ROWS = 50
NO_TEAM = "(none)"

Window = Annotated[str, Field(max_length=20, description="ISO 8601, up to P366D.")]
By = Literal["user", "team", "model"]
NAMED: Mapping[str, Callable[["UsageDay"], str]] = {
    "user": lambda one: one.subject,
    "team": lambda one: one.team or NO_TEAM,
    "model": lambda one: one.model,
}


class ModelSpendRow(BaseModel):
    name: str
    cost: float = Field(description="Of the calls whose model has a price.")
    calls: int
    unpriced_calls: int = Field(description="Their cost is not known and in no figure.")
    tokens: int


class ModelSpend(Page[ModelSpendRow]):
    sorts_by = ("name", "cost", "calls", "unpriced_calls", "tokens")

    currency: str
    start: datetime
    end: datetime
    by: By
    cost: float = Field(description="Of all rows, all pages.")
    calls: int
    unpriced_calls: int
    notes: list[Note]

    def as_text(self) -> str:
        rows = [
            f"{one.name}: {money(one.cost)} {self.currency}, {one.calls} calls, "
            f"{one.tokens} tokens, {one.unpriced_calls} calls unpriced"
            for one in self.rows
        ]
        heading = (
            f"models by {self.by}: {money(self.cost)} {self.currency} from "
            f"{self.start:%Y-%m-%d %H:%M}Z to {self.end:%m-%d %H:%M}Z, {self.shown}"
        )
        return self.told(heading, [*rows, *(f"note: {one.text}" for one in self.notes)])


async def budgets_model_spend(
    window: Window = "P30D",
    by: By = "team",
    currency: Currency = "",
    language: Language = "en",
    cursor: Cursor = "",
    sort: Sort = "",
    *,
    purse: Purse,
    desk: Desk,
    caller: Principal,
) -> ModelSpend:
    """What calls of language models cost, by user, team or model. For the cluster: budgets_spend."""
    if caller.namespaces is not None:
        raise SENTENCES.error(Forbidden, "models_of_no_namespace")
    end = utc_now()
    start = end - window_of(window, LONGEST)
    code, _ = exchanged(purse.billing, currency, on=end)
    rate = rates_to(purse.billing, code, end.date())
    async with desk.session() as tables:
        days = await tables.usage.by_day(start, end)
    unrated = sorted({one.day for one in days if rate(PRICED_IN, one.day) is None})
    rows = _rows([one for one in days if one.day not in unrated], by, rate)
    return ModelSpend.of(
        rows,
        cursor=cursor,
        size=ROWS,
        sort=sort,
        currency=code,
        start=start,
        end=end,
        by=by,
        cost=round(sum(one.cost for one in rows), 6),
        calls=sum(one.calls for one in rows),
        unpriced_calls=sum(one.unpriced_calls for one in rows),
        notes=_notes(rows, unrated, code, language),
    )


def _rows(days: Sequence["UsageDay"], by: By, rate: Rate) -> list[ModelSpendRow]:
    """The dearest first."""
    found: dict[str, ModelSpendRow] = {}
    for one in days:
        name = NAMED[by](one)
        row = found.setdefault(
            name, ModelSpendRow(name=name, cost=0, calls=0, unpriced_calls=0, tokens=0)
        )
        row.cost += _cost(one, rate)
        row.calls += one.calls
        row.unpriced_calls += one.unpriced
        row.tokens += one.tokens
    return sorted(found.values(), key=lambda row: (-row.cost, -row.tokens, row.name))


def _cost(one: "UsageDay", rate: Rate) -> float:
    return float(Decimal(str(one.cost_usd)) * (rate(PRICED_IN, one.day) or 0))


def _notes(
    rows: Sequence[ModelSpendRow], unrated: Sequence[date], code: str, language: str
) -> list[Note]:
    unpriced = sum(one.unpriced_calls for one in rows)
    due: list[tuple[str, bool, dict[str, object]]] = [
        ("no_calls", not rows and not unrated, {}),
        ("unpriced", unpriced > 0, {"count": unpriced}),
        ("unrated", bool(unrated), {"days": len(unrated), "currency": code}),
    ]
    return [Note.of(f"models.{key}", language, **facts) for key, is_due, facts in due if is_due]


@dataclass(frozen=True)
class ModelDays:
    """What models cost in a budget's scope, and how many calls in it have no price."""

    days: ScopeDays
    unpriced: int = 0


async def model_days(
    row: BudgetRow, desk: Desk, rate: Rate, *, first: date, start: date, now: datetime
) -> ModelDays:
    """Days are known from the first call of any model on; a day without one cost nothing."""
    today = now.date()
    async with desk.session() as tables:
        began = await tables.usage.first_day()
        used = await tables.usage.by_day(datetime.combine(first, time(), UTC), now)
    found = ScopeDays(matched=began is not None)
    if began is None:
        return ModelDays(found)
    known = [first + DAY * i for i in range((today - first).days)]
    whole = [day for day in known if day >= began and rate(PRICED_IN, day)]
    found.whole = dict.fromkeys(whole, 0.0)
    mine = [one for one in used if _is_of(row, one)]
    for one in mine:
        _put(found, one, _cost(one, rate), start)
    return ModelDays(found, sum(one.unpriced for one in mine if one.day >= start))


def _is_of(row: BudgetRow, one: "UsageDay") -> bool:
    return row.subject in ("", one.subject) and row.value in ("", one.team)


def _put(found: ScopeDays, one: "UsageDay", cost: float, start: date) -> None:
    if one.day >= start:
        found.spent += cost
    if one.day in found.whole:
        found.whole[one.day] += cost
        costs = found.by_workload.setdefault(f"{one.subject}, {one.model}", {})
        costs[one.day] = costs.get(one.day, 0.0) + cost
